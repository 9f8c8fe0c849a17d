"""A gate shown row by row: every condition, whether it holds, with its figures and its clause."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from earnest.kernel.words import Words
from earnest.policy import Evaluation


@dataclass(frozen=True)
class CheckRow:
    """One condition of a gate: green when it holds, red when not.

    Attributes:
        name: the step of the pack's decision.
        holds: whether it is met.
        title_zh: what is asked for, in Chinese.
        title_en: the same in English.
        zh: the figures it was judged by, in Chinese.
        en: the same in English.
        clause: the clause that asks for it.
    """

    name: str
    holds: bool
    title_zh: str
    title_en: str
    zh: str
    en: str
    clause: str


@dataclass(frozen=True)
class Check:
    """What a gate says of one subject now.

    Attributes:
        rows: every condition, in the order of the pack.
        allowed: whether all of them hold.
        amount_fen: what may be paid out now; 0 where it is not allowed.
        evaluation: the pack's own answer, with trace and receipt.
        sources: where each fact comes from: ``data`` or ``entered``, by the fact's name.
    """

    rows: tuple[CheckRow, ...]
    allowed: bool
    amount_fen: int
    evaluation: Evaluation
    sources: Mapping[str, str]

    @property
    def facts(self) -> Mapping[str, Any]:
        """The facts that it was judged by, as plain data."""
        facts: Mapping[str, Any] = self.evaluation.facts
        return facts


def check_rows(evaluation: Evaluation, figures: Mapping[str, Words]) -> tuple[CheckRow, ...]:
    """Return those conditions of an evaluation as rows that have figures, in the pack's order.

    Takes:
        figures: the words with the figures of each condition, by the name of its step.
    """
    return tuple(
        CheckRow(
            name=test["step"],
            holds=bool(test["value"]),
            title_zh=test["title"]["zh"],
            title_en=test["title"]["en"],
            zh=figures[test["step"]].zh,
            en=figures[test["step"]].en,
            clause=test["clause"],
        )
        for test in evaluation.tests
        if test["step"] in figures
    )
