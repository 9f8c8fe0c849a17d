"""The kinds of violation, and the numbers of the review, as the rulebook has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from earnest.kernel.errors import NotFound
from earnest.kernel.words import Words
from earnest.market.queries import Subject
from earnest.policy import Pack
from earnest.policy.problems import nearest
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for, pack_of

TABLE: Final = "violation_kinds"
PROPOSABLE: Final = "proposed_measures"
REQUIREMENT4, POINTS, SAMPLING = "requirement4", "points", "sampling"
NO_MEASURE: Final = "none"


@dataclass(frozen=True)
class Kind:
    """A kind of violation, as a row of the table ``violation_kinds``.

    Attributes:
        name: such as ``free_here_charged_there``; a sampling kind is the finding's own name.
        clause: what it breaks.
        regime: requirement4 (a ladder of its own), sampling (actions by finding), or points.
        severity: 1 to 5.
        points: violation points in tenths; 0 where its regime has none.
        measure: measure when it is found; for requirement 4 the first rung's.
        measure_days: days after which the measure ends; 0 where it does not end by itself.
        correct_days: days to put it right from the finding; 0 where that does not help.
    """

    name: str
    clause: str
    regime: str
    severity: int
    points: int
    measure: str
    measure_days: int
    correctable: bool
    correct_days: int
    takes_money: bool
    words: Words

    @property
    def points_said(self) -> str:
        """The points as people write them, with one decimal."""
        return f"{self.points // 10}.{self.points % 10}"


def pack_of_subject(tenant_id: str, subject: Subject) -> Pack:
    """Return the rulebook that judges a party's violations."""
    return pack_for(tenant_id, SUPPLY_MARKET, *subject)


def kinds_of(pack: Pack, on: date) -> dict[str, Kind]:
    """Return the kinds of violation in force on a day, by name, in the order of the rulebook."""
    found: dict[str, Kind] = {}
    for edition in pack.tables[TABLE].editions if TABLE in pack.tables else ():
        if edition.since <= on and (edition.ends is None or on < edition.ends):
            for row in edition.rows:
                name = str(next(iter(row.cells[0].values)))
                found[name] = _kind(pack, name, row.clause, row.outputs)
    return found


def _kind(pack: Pack, name: str, clause: str, outputs: Mapping[str, object]) -> Kind:
    return Kind(
        name=name,
        clause=clause,
        regime=str(outputs["regime"]),
        severity=int(str(outputs["severity"])),
        points=int(str(outputs["points"])),
        measure=str(outputs["measure"]),
        measure_days=int(str(outputs["measure_days"])),
        correctable=outputs["correctable"] is True,
        correct_days=int(str(outputs["correct_days"])),
        takes_money=outputs["takes_money"] is True,
        words=text_of(pack, name),
    )


def measures_proposable(pack: Pack, on: date) -> dict[str, int]:
    """Return the measures that no kind leads to and a reviewer may propose, with their persons."""
    found: dict[str, int] = {}
    for edition in pack.tables[PROPOSABLE].editions if PROPOSABLE in pack.tables else ():
        if edition.since <= on and (edition.ends is None or on < edition.ends):
            for row in edition.rows:
                persons = int(str(row.outputs["persons"]))
                found |= {str(each): persons for each in row.cells[0].values if persons}
    return found


def text_of(pack: Pack, name: str) -> Words:
    """Say a name of the rulebook in its own words; the bare name where it has none."""
    words = pack.texts.get(name)
    return Words(words.zh, words.get("en")) if words else Words(name, name)


def kind_get(pack: Pack, name: str, on: date, *, where: str = "") -> Kind:
    """Return one kind of violation.

    Raises:
        NotFound: the rulebook has no such kind on that day; the nearest one is named.
    """
    known = kinds_of(pack, on)
    if name not in known:
        zh, en = nearest(name, known)
        raise NotFound(
            "unknown_kind",
            where=where or name,
            zh=f"规则包没有违规类型“{name}”{zh}",
            en=f"the rulebook has no kind of violation {name!r}{en}",
        )
    return known[name]


def review_number(name: str, on: date) -> int:
    """Return a number of the review (claim_minutes, answer_days ...) in force on a day."""
    pack = pack_of(SUPPLY_MARKET)
    value: int = pack.parameter(name, on=max(on, pack.in_force_from()))
    return value
