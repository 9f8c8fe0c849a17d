"""What admission asks for, read from the rulebook: a requirement is a row of its table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from earnest.admission.models import Evidence
from earnest.kernel.words import Words
from earnest.policy import Pack
from earnest.policy.editions import in_force

TABLE = "admission_evidence"
SHOWN, ABSENT, MEASURED = "shown", "absent", "measured"
MISSING, SUBMITTED, ACCEPTED, SENT_BACK, EXPIRED = (
    "missing", "submitted", "accepted", "sent_back", "expired",
)  # fmt: skip
STATES = (MISSING, SUBMITTED, ACCEPTED, SENT_BACK, EXPIRED)


@dataclass(frozen=True)
class Requirement:
    """One thing that admission asks for.

    Attributes:
        name: in the rulebook, and in the facts of its decision ``admission``.
        group: requirements of one group are ways to show the same: one of them is enough.
        kind: ``shown`` by the applicant, ``absent`` when looked for, or ``measured``.
        document: whether a document is needed where nothing is measured.
        title: what it is called.
        gist: the clause in our own words.
        proof: what would prove it, a suggestion.
    """

    name: str
    clause: str
    group: str
    kind: str
    document: bool
    title: Words
    gist: Words
    proof: Words


def requirements(pack: Pack, on: date) -> dict[str, Requirement]:
    """Return what the rulebook asks for on a day, by name, in its order."""
    edition = in_force(pack.tables[TABLE].editions, on)
    found: dict[str, Requirement] = {}
    for row in edition.rows if edition else ():
        name, outputs = str(row.cells[0].values[0]), row.outputs
        clause = pack.clauses[row.clause]
        title, proof = pack.texts[str(outputs["title"])], pack.texts[str(outputs["proof"])]
        found[name] = Requirement(
            name=name,
            clause=row.clause,
            group=str(outputs["group"]),
            kind=str(outputs["kind"]),
            document=bool(outputs["document"]),
            title=Words(title.zh, title.en),
            gist=Words(clause.zh, clause.en),
            proof=Words(proof.zh, proof.en),
        )
    return found


def groups_lacking(
    asked: Mapping[str, Requirement], rows: Iterable[Evidence], states: Iterable[str], on: date
) -> list[str]:
    """Return the groups in which no row is in one of some states and still counts on a day."""
    wanted = set(states)
    have = {
        asked[each.requirement].group
        for each in rows
        if each.requirement in asked and each.state in wanted and counts_on(each, on)
    }
    return [group for group in dict.fromkeys(each.group for each in asked.values())
            if group not in have]  # fmt: skip


def counts_on(row: Evidence, on: date) -> bool:
    """Tell whether what was brought has not run out on a day."""
    return row.ends_on is None or row.ends_on >= on


def group_words(pack: Pack, asked: Mapping[str, Requirement], group: str) -> Words:
    """Return what a group is called: by its only requirement, or by a word of its own."""
    members = [each for each in asked.values() if each.group == group]
    if len(members) == 1:
        return members[0].title
    found = pack.texts[group]
    return Words(found.zh, found.en)
