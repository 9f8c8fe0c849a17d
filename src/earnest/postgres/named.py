"""Queries that stand in a file of their own, each under its name."""

import re
from functools import cache
from pathlib import Path


@cache
def named_queries(path: Path) -> dict[str, str]:
    """Return the queries of a file by name, in its order; ``-- name: x`` stands above each."""
    text = path.read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    return {name: query.strip() for name, query in zip(parts[::2], parts[1::2], strict=True)}
