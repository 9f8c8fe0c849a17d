"""What there is for each clause of the rulebooks, gathered from a checkout.

One row for each clause: what claims it, decides it, proves it and shows it, and its state.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from earnest.cli.clause_evidence import (
    Evidence,
    cases_by_clause,
    deciders,
    evidence_of,
    screens_of,
)
from earnest.cli.clause_screens import Words
from earnest.kernel.errors import NotFound
from earnest.policy import Pack, load_pack

LAW = ("platform-rules-measures",)
"""Books that bind the rules' changes and are not themselves counted among the rules."""

ENCODED = "encoded"

STATES: dict[str, Words] = {
    "proven": ("已证明", "proven"),
    "unproven": ("无证明", "no proof"),
    "human": ("由人判断", "a person judges"),
    "definition": ("仅为定义", "stated only"),
    "external": ("见其他文本", "in another text"),
    "missing_in_source": ("原文空白", "open in the source"),
    "no_reason": ("未写明原因", "no reason given"),
}
_RECORDED = re.compile(r"^\| (?P<clause>\S+) \|.*\| (?P<tests>\d+) \| (?P<cases>\d+) \|[^|]*\|$")


@dataclass
class ClauseCoverage:
    """What there is for one clause.

    Attributes:
        by: the pack's elements that claim it.
        steps: the steps of the pack that decide on its authority, as ``decision.step``.
        code: functions of the program that cite it or ask for one of its elements.
        screens: the console's pages that show it, in Chinese and in English.
        tests: tests marked with it, as file::function.
        cases: how many golden cases of the pack name it or rest on it.
        note: why nothing is encoded, as ``zh / en``.
    """

    rulebook: str
    clause: str
    status: str
    zh: str
    en: str
    by: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    screens: list[Words] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    cases: int = 0
    note: str = ""

    @property
    def state(self) -> str:
        """A key of :data:`STATES`: proven, or why there is nothing to prove, or what is wrong."""
        if self.status == ENCODED:
            return "proven" if self.proven else "unproven"
        return self.status if self.note else "no_reason"

    @property
    def proven(self) -> bool:
        """Whether a test or a golden case stands for it."""
        return bool(self.tests or self.cases)

    @property
    def accounted(self) -> bool:
        """Whether it is proven, or a reason says why a person or another text decides."""
        return self.state not in {"unproven", "no_reason"}

    def said(self, language: str) -> str:
        """Return its state in words, with the reason where nothing is encoded."""
        words = STATES[self.state][language == "en"]
        zh, _, en = self.note.partition(" / ")
        note = (en if language == "en" else zh) or self.note
        return f"{words}: {note}" if note else words


@dataclass(frozen=True)
class Coverage:
    """All that a checkout shows of its rulebooks.

    Attributes:
        packs: the rulebooks, in the order of their names.
        rows: their clauses, in the order of the rulebooks.
        switches: the tests in which the name of an interpretation stands, by that name.
    """

    packs: list[Pack]
    rows: list[ClauseCoverage]
    switches: dict[str, list[str]]

    @property
    def counted(self) -> list[ClauseCoverage]:
        """The clauses of the rules themselves, without those of the law."""
        return [row for row in self.rows if row.rulebook not in LAW]


def coverage_of(repository: Path) -> Coverage:
    """Return what there is for each clause of each rulebook of a checkout.

    Raises:
        NotFound: when the program runs without its source and tests beside it.
    """
    packs = _packs(repository)
    found = evidence_of(repository / "src" / "earnest", repository / "tests", packs)
    rows = [row for pack in packs for row in _rows(pack, found)]
    return Coverage(packs, rows, found.naming)


def lost_since(record: str, rows: list[ClauseCoverage]) -> list[str]:
    """Return the clauses that a recorded page calls tested or held by cases and no longer are.

    Takes:
        record: the page, as :func:`earnest.cli.clause_page.coverage_page` wrote it.
    """
    now = {row.clause: row for row in rows}
    lost = []
    for match in filter(None, map(_RECORDED.match, record.splitlines())):
        row = now.get(match["clause"])
        proven = int(match["tests"]) + int(match["cases"]) > 0
        if proven and (row is None or not row.proven):
            lost.append(match["clause"])
    return lost


def _packs(repository: Path) -> list[Pack]:
    source, tests_folder = repository / "src" / "earnest", repository / "tests"
    if not (source.is_dir() and tests_folder.is_dir()):
        raise NotFound(
            "no_checkout",
            where=repository.name,
            zh="这里没有源代码和测试；请在代码仓库中运行。",
            en="there is no source and no tests here; run it in a checkout",
        )
    return [load_pack(path) for path in sorted((repository / "packs").glob("*.yaml"))]


def _rows(pack: Pack, found: Evidence) -> list[ClauseCoverage]:
    cases, steps = cases_by_clause(pack), deciders(pack)
    return [
        _row_of(pack, name, found, steps.get(name, []), cases.get(name, 0)) for name in pack.clauses
    ]


def _row_of(
    pack: Pack, name: str, found: Evidence, steps: list[str], cases: int
) -> ClauseCoverage:  # fmt: skip
    clause = pack.clauses[name]
    asked = [*clause.by, *dict.fromkeys(step.split(".")[0] for step in steps)]
    places = [*found.cited.get(name, [])]
    places += [place for each in asked for place in found.mentioned.get(each, [])]
    decided = any(found.mentioned.get(step.split(".")[0]) for step in steps)
    return ClauseCoverage(
        rulebook=pack.rulebook,
        clause=name,
        status=clause.status,
        zh=clause.zh,
        en=clause.en,
        by=list(clause.by),
        steps=steps,
        code=[each for each in dict.fromkeys(places) if not each.startswith("console/")],
        screens=screens_of(places, decided=decided),
        tests=found.tests.get(name, []),
        cases=cases,
        note=clause.note,
    )
