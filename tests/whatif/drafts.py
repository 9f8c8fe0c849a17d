"""Drafts of rulebooks, made from the edition in force by changing its data."""

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final

from ruamel.yaml import YAML

from earnest.policy import Pack, Reading, load_pack_text
from earnest.rulebooks.models import Draft, PackEdition, Publication

ACT: Final = "SD2"
AT: Final = datetime(2025, 8, 20, tzinfo=UTC)
Change = Callable[[dict[str, Any]], None]


def amended(
    pack: Pack, in_force: date, *changes: Change, state: str = "draft", act: str = ACT
) -> Pack:
    """Return a pack with one more act, and with changes made to its data; its cases are left out.

    The values of a draft's acts decide.
    """
    book = json.loads(_as_json(pack.text))
    book["instruments"].append(
        {
            "id": act,
            "published": "2025-07-11",
            "in_force": in_force.isoformat(),
            "state": state,
            "clause": book["instruments"][0]["clause"],
            "title": {"zh": "修订", "en": "amendment"},
        }
    )
    book["cases"] = []
    for change in changes:
        change(book)
    said = json.dumps(book, ensure_ascii=False, indent=1)  # JSON is YAML too, but for its days
    text = re.sub(r'"(\d{4}-\d\d-\d\d)"', r"\1", said)
    return load_pack_text(text, "draft", Reading(drafts=state == "draft"))


@cache
def _as_json(text: str) -> str:
    return json.dumps(YAML(typ="safe").load(text), default=date.isoformat)


def parameter(name: str, since: date, value: Any, act: str = ACT) -> Change:
    """Give a parameter another value from a day on."""

    def change(book: dict[str, Any]) -> None:
        values = book["parameters"][name]["values"]
        values.append(
            {
                "from": since.isoformat(),
                "value": value,
                "clause": values[0]["clause"],
                "instrument": act,
            }
        )

    return change


def edition(table: str, since: date, rows: Callable[[list[Any]], list[Any]]) -> Change:
    """Give a table another edition from a day on, its rows made from those of the last one."""

    def change(book: dict[str, Any]) -> None:
        editions = book["tables"][table]["editions"]
        old = editions[-1]
        editions.append(
            {**old, "from": since.isoformat(), "instrument": ACT, "rows": rows(old["rows"])}
        )

    return change


def published(pack: Pack) -> None:
    """Let an edition count from now on."""
    PackEdition.objects.create(
        hash=pack.hash, rulebook=pack.rulebook, text=pack.text, recorded_at=AT
    )
    draft = Draft.objects.create(
        hash=pack.hash, rulebook=pack.rulebook, text=pack.text, base_hash="", instruments=[],
        change="amendment", importance="ordinary", in_force_on=AT.date(), note="floor",
        submitted_by="rule", submitted_at=AT,
    )  # fmt: skip
    Publication.objects.create(
        rulebook=pack.rulebook, edition_hash=pack.hash, draft=draft, change="amendment",
        published_on=AT.date(), in_force_on=AT.date(), announced_by="rule",
        approved_by="admin", at=AT,
    )  # fmt: skip
