"""A small pack made around a few expressions, and both back ends asked about it."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from earnest.policy import Evaluation, Pack, PackError, load_pack_text
from tests.policy.population import both_agree

_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")


def days(value: Any) -> Any:
    """Return data with every text that is a day as a day, as a table of facts holds it."""
    if isinstance(value, dict):
        return {key: days(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [days(each) for each in value]
    return date.fromisoformat(value) if isinstance(value, str) and _DAY.match(value) else value


def plain(value: Any) -> Any:
    """Return a day as text, and anything else as it is."""
    return value.isoformat() if isinstance(value, date) else value


def judged(
    pack: Pack, rows: Sequence[dict[str, Any]], decision: str = "judged"
) -> list[Evaluation]:
    """Take a decision for each row of facts in both back ends, which must agree."""
    return both_agree(pack, decision, [days(row) for row in rows])


def answers(pack: Pack, rows: Sequence[dict[str, Any]], name: str = "answer") -> list[Any]:
    """Return each row's value or, where it is refused, the refusal's key."""
    return [
        each.refusal.key if each.refusal else plain(each.result[name])
        for each in judged(pack, rows)
    ]


def problems(text: str) -> list[str]:
    """Return what is wrong with a pack's text, in English and without the places."""
    with pytest.raises(PackError) as caught:
        load_pack_text(text, "small.yaml")
    assert all(problem.zh and problem.en for problem in caught.value.problems)
    return [problem.en for problem in caught.value.problems]
