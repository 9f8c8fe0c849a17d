"""Sales proceeds kept for a party and paid out to it, one movement a call, for the settlement.

The marketplace's settlement system calls at a high rate, so the movements of many calls are posted
together by the process's micro-batcher. The caller's id makes a repeat safe.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import UUID7, AwareDatetime, BeforeValidator, ConfigDict, Field

from earnest.api.access import Caller, caller_who_may, missing, now_for
from earnest.api.batchers import batcher_for
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import PartyKind, Text
from earnest.consequences.words import conditions_words
from earnest.deposits.accounts import clearing_of, settlement_of
from earnest.kernel.errors import BadInput
from earnest.kernel.money import FEN_MAX
from earnest.ledger.queries import balances_of, transfers_known
from earnest.ledger.records import Outcome, Reason, Transfer
from earnest.market.queries import Subject, party_names
from earnest.market.roles import SEND_EVENTS
from earnest.payins.receipts import CLAUSES
from earnest.restrictions.queries import ActiveRestriction, restrictions_active

router = Router(tags=["proceeds"])

CLEARING = clearing_of("platform_settlement")
WITHDRAWAL = "withdrawal"
YEAR_MIN, YEAR_MAX = 2000, 9998
"""Other years are slips of the sender's clock, and not every program can read them back."""


def _instant(given: object) -> datetime:
    """Read ISO 8601 and nothing else: a bare number is no date of a movement of money."""
    read = datetime.fromisoformat(given) if isinstance(given, str) else None
    if read is None or not YEAR_MIN <= read.year <= YEAR_MAX:
        raise ValueError("an instant is text in ISO 8601 with zone, of our times")
    return read


class ProceedsIn(Schema):
    """A movement of sales proceeds: ``in`` is kept for the party, ``out`` is paid out to it.

    ``id`` is made by the caller, and kept, before the first try. ``rail_ref`` is the settlement's
    own number of the movement.
    """

    model_config = ConfigDict(extra="forbid")

    id: Annotated[UUID7, Field(json_schema_extra={"format": "uuid"}, description="a UUIDv7")]
    subject_kind: PartyKind
    subject_id: Annotated[Text, Field(min_length=1)]
    direction: Literal["in", "out"]
    amount_fen: Annotated[int, Field(gt=0, le=FEN_MAX, strict=True)]
    effective_at: Annotated[AwareDatetime, BeforeValidator(_instant)]
    rail_ref: Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
    note: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""

    @property
    def subject(self) -> Subject:
        """Whose proceeds move."""
        return self.subject_kind, self.subject_id


class ProceedsOut(Schema):
    """What became of a movement.

    ``posted``: done now. ``exists``: done before, with the same content. ``refused``: a rule says
    no, and ``code`` which. ``conflict``: the id was used for another movement. ``code``, ``where``,
    ``zh`` and ``en`` are empty when it is done. ``balance_fen`` is what is kept for the party at
    the time of the answer.
    """

    id: UUID
    status: Literal["posted", "exists", "refused", "conflict"]
    code: str
    where: str
    zh: str
    en: str
    balance_fen: int | None = None


@router.post(
    "/proceeds",
    summary="Keep or pay out sales proceeds",
    response={(200, 409): ProceedsOut, ERRORS - {409}: ProblemOut},
)
def proceeds_post(request: HttpRequest, movement: ProceedsIn) -> Status[dict[str, Any]]:
    """Post one movement of sales proceeds; repeat it with the same id until there is an answer.

    409: the ledger says no, or the party's withdrawals are restricted; nothing moved. 503: it is
    not known whether it was posted, and the repeat tells.
    """
    caller = caller_who_may(request, SEND_EVENTS)
    _accounts_check(caller, movement.subject)
    now = now_for(caller)
    if movement.direction == "out":
        withheld = _withheld(caller.tenant_id, movement.subject, now)
        # What was paid out before the restriction stays paid: its repeat is the ledger's to answer.
        if withheld and not transfers_known(caller.tenant_id, [movement.id]):
            return _answer(caller, movement, "refused", _restricted(withheld))
    transfer = _transfer(movement, caller.name)
    [outcome] = batcher_for(caller.tenant_id).post([transfer], now)
    return _answer(caller, movement, outcome.status, _said(outcome, movement))


def _accounts_check(caller: Caller, subject: Subject) -> None:
    """Make sure of the party and its account before an id is spent on them.

    Raises:
        NotFound: there is no such party.
        BadInput: ``account_missing``.
    """
    if subject not in party_names(caller.tenant_id, [subject]):
        raise missing("subject")
    needed = [settlement_of(subject), CLEARING]
    if absent := sorted(set(needed) - set(balances_of(caller.tenant_id, needed))):
        raise BadInput(
            "account_missing",
            where=", ".join(absent),
            zh="该账户尚未开立，没有记账；请先开户，再用同样的编号重试。",
            en="the account is not open and nothing was posted; open it, then send the same again",
        )


def _withheld(tenant_id: str, subject: Subject, now: datetime) -> list[ActiveRestriction]:
    """Return the restrictions in force that take withdrawal away from a party."""
    found = restrictions_active(tenant_id, set(), now, subject=subject)
    return [each for each in found if WITHDRAWAL in each.capabilities]


def _restricted(withheld: list[ActiveRestriction]) -> dict[str, str]:
    """Say by which clauses nothing is paid out, and how each restriction ends."""
    ends = [conditions_words([one for one, _ in each.conditions]) for each in withheld]
    clauses = [f"{each.clause}（{each.rulebook}）" for each in withheld]
    zh = "；".join(f"依据 {clause}，{end.zh}" for clause, end in zip(clauses, ends, strict=True))
    clauses = [f"{each.clause} of {each.rulebook}" for each in withheld]
    en = "; ".join(f"{clause}: {end.en}" for clause, end in zip(clauses, ends, strict=True))
    return {
        "code": "withdrawal_restricted",
        "where": ", ".join(dict.fromkeys(each.clause for each in withheld)),
        "zh": f"货款提现受限，没有支付。依据与解除条件：{zh}。解除后可用同样的编号重试。",
        "en": "withdrawal of proceeds is restricted and nothing was paid out. By which clause,"
        f" and when it ends: {en}. Then the same may be sent again",
    }


def _transfer(movement: ProceedsIn, actor: str) -> Transfer:
    kept = settlement_of(movement.subject)
    debit, credit = (CLEARING, kept) if movement.direction == "in" else (kept, CLEARING)
    clause, rulebook = CLAUSES["settlement", movement.subject_kind]
    said = "receipt" if movement.direction == "in" else "payout"
    note = f"{said} {movement.rail_ref}" + (f": {movement.note}" if movement.note else "")
    return Transfer(
        id=movement.id,
        debit=debit,
        credit=credit,
        amount_fen=movement.amount_fen,
        effective_at=movement.effective_at,
        reason=Reason(clause, rulebook, None, note, actor=actor),
    )


def _said(outcome: Outcome, movement: ProceedsIn) -> dict[str, str]:
    """Return the ledger's words for what it did not post; empty ones for what it did."""
    wrong = str(outcome.id) if outcome.status == "conflict" else settlement_of(movement.subject)
    return {
        "code": outcome.code,
        "where": wrong if outcome.code else "",
        "zh": outcome.explain("zh"),
        "en": outcome.explain("en"),
    }


def _answer(
    caller: Caller, movement: ProceedsIn, status: str, said: dict[str, str]
) -> Status[dict[str, Any]]:
    kept = settlement_of(movement.subject)
    balance_fen = balances_of(caller.tenant_id, [kept])[kept].posted_fen
    answer = {"id": movement.id, "status": status, **said, "balance_fen": balance_fen}
    return Status(200 if status in {"posted", "exists"} else 409, answer)
