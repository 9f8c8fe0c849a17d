"""The parts of a statement of reasons, and the grounds that it stands on."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Reasons:
    """The parts of a statement in one language; an empty part is left out.

    ``objection`` says how to appeal; the general words stand where it is empty.
    """

    title: str
    decision: str
    basis: str
    facts: str
    calculation: str
    effect: str = ""
    release: str = ""
    objection: str = ""


@dataclass(frozen=True)
class Grounds:
    """What a notice's statement of reasons is made of, beside the notice itself.

    Attributes:
        zh: its parts in Chinese.
        en: the same in English.
        rulebook: name of the rulebook.
        edition: SHA-256 of the edition that the clause stands in.
        appeal_until: the last day to appeal; None where no such day is set.
        ticket_number: the ticket that an appeal is filed against; empty without one.
        persons: how many persons decided; None where the words on the decision tell.
    """

    zh: Reasons
    en: Reasons
    rulebook: str
    edition: str
    appeal_until: date | None = None
    ticket_number: str = ""
    persons: int | None = None
