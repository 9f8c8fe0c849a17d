"""Forms whose fields are declared: what is asked, how it is read, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from django.http import QueryDict

from earnest.cases.filing import PackRefused
from earnest.console.forms import Field, day_typed
from earnest.console.problems import sentence_of
from earnest.console.texts import TEXTS, text, word
from earnest.kernel.errors import EarnestError
from earnest.kernel.money import FEN_MAX, fen_of_yuan

AskedKind = Literal[
    "yuan", "yuans", "count", "day", "text", "long", "names", "pairs", "choice", "yes"
]
LONG_MAX = 2000
LINE_MAX = 200
COUNT_DIGITS_MAX = 9


@dataclass(frozen=True)
class Asked:
    """One field of a form.

    Attributes:
        name: of the field, of its texts ``asked.<name>`` and ``asked_hint.<name>``.
        kind: ``yuan`` an amount, ``yuans`` amounts one a line, ``names`` words one a line,
            ``pairs`` an amount and a word a line, ``count`` a whole number, ``yes`` a tick.
        required: whether it must be given.
        choices: what may be chosen.
        words: the family of words that the choices are said by.
        value: what stands in it at first.
    """

    name: str
    kind: AskedKind
    required: bool = True
    choices: Sequence[str] = ()
    words: str = ""
    value: str = ""
    more: str = ""
    """What stands behind the hint: the words that may be used, say."""

    @property
    def label(self) -> str:
        """What the field is called."""
        return text(f"asked.{self.name}")

    @property
    def hint(self) -> str:
        """What helps to fill it in; often nothing."""
        key = f"asked_hint.{self.name}"
        said = text(key) if key in TEXTS else ""
        return f"{said} {self.more}".strip()

    @property
    def lines(self) -> bool:
        """Whether it is filled in line by line."""
        return self.kind in {"long", "yuans", "names", "pairs"}

    @property
    def offered(self) -> list[tuple[str, str]]:
        """The choices with their words."""
        return [(each, word(self.words, each)) for each in self.choices]


@dataclass
class Answered(Field):
    """A field as it was filled in, and what was read from it."""

    asked: Asked = field(default_factory=lambda: Asked("", "text"))
    read: Any = None


@dataclass
class Form:
    """A form as it stands: its fields, and what is wrong with the whole of it.

    Attributes:
        name: what it is for; also the prefix of the fields' ids in the page.
        problem: a sentence about the whole, where no field is to blame.
    """

    name: str
    fields: list[Answered]
    problem: str = ""

    @property
    def wrong(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.problem) or any(each.problem for each in self.fields)

    @property
    def values(self) -> dict[str, Any]:
        """What was read, by the fields' names."""
        return {each.name: each.read for each in self.fields}

    def refused(self, error: EarnestError, at: Mapping[str, str]) -> None:
        """Say what an error says at the field that it is about, or above the form.

        Takes:
            at: the name of the field by the error's code; of a pack's refusal behind a colon
                the step or fact that it is about, as in ``not_met:review_set``.
        """
        code = error.problem.code
        if isinstance(error, PackRefused):
            code = f"{code}:{error.name}"
        said, name = sentence_of(error), at.get(code, "")
        for each in self.fields:
            if each.name == name:
                each.problem = said
                return
        self.problem = said


def form_blank(name: str, asked: Sequence[Asked]) -> Form:
    """Return an empty form."""
    return Form(name, [Answered(each.name, each.value, asked=each) for each in asked])


def form_read(name: str, asked: Sequence[Asked], posted: QueryDict) -> Form:
    """Return a form as it was sent, each field read or told what is wrong with it."""
    form = form_blank(name, asked)
    for each in form.fields:
        each.value = _typed(posted.get(each.name, ""), each.asked)
        _read(each)
    return form


def _typed(given: str, asked: Asked) -> str:
    lines = asked.lines
    kept = given.replace("\r\n", "\n")[: LONG_MAX if lines else LINE_MAX]
    return "".join(each for each in kept if each.isprintable() or (lines and each == "\n")).strip()


def _read(answer: Answered) -> None:
    asked = answer.asked
    if asked.kind == "yes":
        answer.read = answer.value == "yes"
        return
    if not answer.value:
        answer.read = _nothing(asked)
        if asked.required:
            answer.problem = text("form.empty")
        return
    answer.read, answer.problem = _READERS.get(asked.kind, _text)(answer)


def _nothing(asked: Asked) -> Any:
    return {"yuan": None, "yuans": [], "names": [], "pairs": [], "day": None, "count": None}.get(
        asked.kind, ""
    )


def _text(answer: Answered) -> tuple[Any, str]:
    return answer.value, ""


def _names(answer: Answered) -> tuple[Any, str]:
    return [each.strip() for each in answer.value.splitlines() if each.strip()], ""


def _choice(answer: Answered) -> tuple[Any, str]:
    known = answer.value in answer.asked.choices
    return answer.value, "" if known else text("form.choose")


def _day(answer: Answered) -> tuple[date | None, str]:
    found = day_typed(answer.value)
    return found, "" if found else text("form.not_a_day")


def _count(answer: Answered) -> tuple[int | None, str]:
    given = answer.value
    if given.isascii() and given.isdigit() and len(given) <= COUNT_DIGITS_MAX:
        return int(given), ""
    return None, text("asked.not_count")


def _yuan(answer: Answered) -> tuple[int, str]:
    found = fen_typed(answer.value)
    return (found, "") if found is not None else (0, text("asked.not_yuan"))


def _yuans(answer: Answered) -> tuple[list[int], str]:
    found = [fen_typed(each) for each in answer.value.split() if each]
    right = [each for each in found if each is not None]
    return right, "" if len(right) == len(found) else text("asked.not_yuans")


def _pairs(answer: Answered) -> tuple[list[tuple[int, str]], str]:
    found: list[tuple[int, str]] = []
    for number, line in enumerate(answer.value.splitlines(), 1):
        amount, _, rest = line.strip().partition(" ")
        fen = fen_typed(amount)
        if fen is None or not rest.strip():
            return [], text("asked.not_a_pair", n=number)
        found.append((fen, rest.strip()))
    return found, ""


_READERS = {
    "names": _names, "choice": _choice, "count": _count, "day": _day, "yuan": _yuan,
    "yuans": _yuans, "pairs": _pairs,
}  # fmt: skip


def fen_typed(value: str) -> int | None:
    """Return the fen of an amount typed in yuan, with or without thousands separators, or None."""
    try:
        fen = fen_of_yuan(value.replace(",", "").replace("，", ""))
    except ValueError:
        return None
    return fen if 0 <= fen <= FEN_MAX else None
