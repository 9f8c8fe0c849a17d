"""Money on the command line: amounts in yuan, and JSON files whose amounts are fen."""

import json
from pathlib import Path

import click

from earnest.kernel.errors import BadInput
from earnest.kernel.money import fen_of_yuan


class YuanType(click.ParamType[int]):
    """An amount of 0 or more written in yuan, read as fen."""

    name = "YUAN"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Read the amount or say how to write it."""
        if isinstance(value, int):
            return value
        try:
            fen = fen_of_yuan(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if fen < 0:
            self.fail(f"{value!r} is less than 0", param, ctx)
        return fen


YUAN = YuanType()
JSON_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def json_read(path: Path) -> object:
    """Read a JSON file.

    Raises:
        BadInput: it is no JSON; with line and column.
    """
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise _no_json(path, str(error)) from error
    except json.JSONDecodeError as error:
        raise _no_json(path, f"{error.msg}, line {error.lineno}, column {error.colno}") from error
    return content


def _no_json(path: Path, why: str) -> BadInput:
    return BadInput(
        "not_json",
        where=str(path),
        zh=f"不是可读的 JSON 文件：{why}",
        en=f"this is no JSON file: {why}",
    )
