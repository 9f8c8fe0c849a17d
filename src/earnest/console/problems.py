"""What is wrong, in the reader's language."""

from dataclasses import dataclass

from earnest.console.texts import language
from earnest.kernel.errors import EarnestError, Problem
from earnest.policy import PackError


@dataclass(frozen=True)
class Said:
    """A problem for a reader: where it is and what to do about it."""

    where: str
    sentence: str


def sentence(problem: Problem) -> str:
    """Return what is wrong and what to do, in the reader's language."""
    return problem.zh if language() == "zh" else problem.en


def sentence_of(error: EarnestError) -> str:
    """Return what an error says, in the reader's language."""
    return sentence(error.problem)


def all_said(error: EarnestError) -> list[Said]:
    """Return every problem that an error carries: a wrong pack has as many as it has."""
    problems = error.problems if isinstance(error, PackError) else [error.problem]
    return [Said(each.where, sentence(each)) for each in problems]
