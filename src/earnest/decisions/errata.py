"""What an erratum would have decided otherwise: listed for people, never changed by itself."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from earnest.decisions.models import Decision
from earnest.kernel.errors import BadInput, EarnestError
from earnest.policy import Pack, Reading
from earnest.rulebooks.drafts import ERRATUM
from earnest.rulebooks.packs import edition_of
from earnest.rulebooks.queries import draft_get, draft_pack


@dataclass(frozen=True)
class DecisionDifference:
    """A recorded decision that another text decides otherwise, from the same facts.

    Attributes:
        old: the recorded result; ``old_refusal`` is why there was none.
        new: the result by the other text; ``new_refusal`` is why there is none.
    """

    decision_id: UUID
    subject_kind: str
    subject_id: str
    period: str
    decision: str
    old: dict[str, Any]
    new: dict[str, Any]
    old_refusal: str
    new_refusal: str


def decisions_differing(tenant_id: str, draft_hash: str) -> list[DecisionDifference]:
    """Return the decisions that a draft or published erratum would have decided otherwise.

    Every stored receipt's facts are evaluated again under the erratum's text. Nothing is written:
    a person looks at each and opens a remedy where one is due.

    Raises:
        NotFound: there is no such draft.
        BadInput: it is an amendment, which decides nothing that is past.
    """
    draft = draft_get(draft_hash, date.max)
    if draft.change != ERRATUM:
        raise BadInput(
            "not_an_erratum", where=draft.hash,
            zh="只有勘误会影响过去的决定；修订不溯及既往。",
            en="only an erratum bears on past decisions; an amendment does not reach back",
        )  # fmt: skip
    pack = edition_of(draft.edition_hash) if draft.edition_hash else draft_pack(draft_hash)
    rows = Decision.objects.filter(tenant_id=tenant_id, rulebook=draft.rulebook).order_by("seq")
    compared = (_compared(row, pack) for row in rows.defer("trace", "effect").iterator(1000))
    return [each for each in compared if each is not None]


def _compared(row: Decision, pack: Pack) -> DecisionDifference | None:
    receipt = row.receipt
    without = tuple(receipt.get("reading", {}).get("without", ()))
    reading = Reading(drafts=pack.reading.drafts, without=without)
    try:
        again = pack.read_as(reading).evaluate(row.decision, receipt["facts"]).receipt()
        new, refused = again.result, again.refusal
    except EarnestError as error:
        new, refused = {}, {"code": error.problem.code, "name": error.problem.where}
    old_refusal, new_refusal = _key(receipt["refusal"]), _key(refused)
    if (receipt["result"], old_refusal) == (new, new_refusal):
        return None
    return DecisionDifference(
        row.id, row.subject_kind, row.subject_id, row.period, row.decision,
        receipt["result"], new, old_refusal, new_refusal,
    )  # fmt: skip


def _key(refusal: dict[str, str] | None) -> str:
    return f"{refusal['code']}:{refusal['name']}" if refusal else ""
