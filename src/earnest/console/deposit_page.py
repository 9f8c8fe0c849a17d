"""What stands on the page of a deposit: duties, holds, raises, recoveries, claims, gates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse

from earnest.cases.categories import categories_waiting
from earnest.cases.checks import Check
from earnest.cases.exits import exit_check, exit_open
from earnest.cases.models import Case
from earnest.cases.queries import (
    CaseFilter,
    HoldListed,
    case_state,
    cases_found,
    decisions_of_case,
    holds_listed,
)
from earnest.cases.withdrawals import account_words, withdrawal_check
from earnest.console.access import Visitor
from earnest.console.bars import Bar, bars_of
from earnest.console.filings import FILABLE
from earnest.console.parties import PartyState
from earnest.console.problems import sentence_of
from earnest.console.recoveries import RecoveryRow, recovery_row
from earnest.console.texts import text, word
from earnest.deposits.claims import OpenClaim, claims_open
from earnest.deposits.models import Raise
from earnest.deposits.raises import raises_of
from earnest.deposits.recoveries import recoveries
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import EarnestError
from earnest.kernel.money import yuan
from earnest.market.queries import Subject
from earnest.payouts.models import Payout
from earnest.payouts.queries import payouts

CASES_SHOWN = 10
AGE_LIMITS = ((30, "to_30", "good"), (60, "to_60", "warn"), (90, "to_90", "warn"))


@dataclass(frozen=True)
class Gate:
    """A gate as rows of green and red, or the sentence why nothing can be judged."""

    check: Check | None
    problem: str = ""


@dataclass(frozen=True)
class Deposit:
    """What belongs to one deposit, as its page shows it."""

    must: list[str]
    raises: list[Raise]
    holds: list[HoldListed]
    recoveries: list[RecoveryRow]
    claims: list[OpenClaim]
    claim_bars: list[Bar]
    payouts: list[Payout]
    cases: list[tuple[Case, str]]
    waiting: list[Case]
    exit: Case | None
    withdrawal: Gate | None
    leaving: Gate | None


def gate(judged: Callable[[], Check]) -> Gate:
    """Ask a gate; what it cannot judge is said instead."""
    try:
        return Gate(judged())
    except EarnestError as error:
        return Gate(None, sentence_of(error))


def withdrawal_gate(tenant_id: str, subject: Subject, now: datetime) -> Gate:
    """Return the conditions for a withdrawal of excess (S3-6.1)."""
    return gate(lambda: withdrawal_check(tenant_id, subject[1], now))


def exit_gate(tenant_id: str, subject: Subject, now: datetime) -> Gate:
    """Return the conditions for the refund on leaving (S3-6.2)."""
    return gate(lambda: exit_check(tenant_id, subject[1], None, now))


def deposit_shown(tenant_id: str, subject: Subject, state: PartyState, now: datetime) -> Deposit:
    """Return what belongs to a deposit now."""
    shop = subject[0] == "shop"
    found = recoveries(tenant_id, subject=subject)
    rows = [recovery_row(each, rest) for each, rest in found]
    claims = claims_open(tenant_id, subject=subject)
    waiting = [each for each in categories_waiting(tenant_id) if each.subject_id == subject[1]]
    waiting = waiting if shop else []
    leaving = exit_open(tenant_id, subject)
    decided = leaving is None or not shop or any(decisions_of_case(leaving))
    excess = shop and state.position.excess_fen > 0 and state.position.required_fen > 0
    return Deposit(
        must=_must(tenant_id, state, rows, waiting, leaving),
        raises=[each for each in raises_of(tenant_id, subject) if each.released_on is None],
        holds=holds_listed(tenant_id, subject),
        recoveries=rows,
        claims=claims,
        claim_bars=claim_bars(claims, day_of(now)),
        payouts=list(payouts(tenant_id, subject=subject)[:CASES_SHOWN]),
        cases=_cases(tenant_id, subject),
        waiting=waiting,
        exit=leaving,
        withdrawal=withdrawal_gate(tenant_id, subject, now) if excess else None,
        leaving=exit_gate(tenant_id, subject, now) if leaving and not decided else None,
    )


def claim_bars(claims: Sequence[OpenClaim], today: date) -> list[Bar]:
    """Return what is owed by its age."""
    sums = dict.fromkeys([name for _, name, _ in AGE_LIMITS] + ["over_90"], 0)
    for each in claims:
        days = (today - each.since_on).days
        name = next((name for last, name, _ in AGE_LIMITS if days <= last), "over_90")
        sums[name] += each.owed_fen
    tones = {name: tone for _, name, tone in AGE_LIMITS} | {"over_90": "bad"}
    return bars_of(
        [(word("claim.age", name), fen, tones[name]) for name, fen in sums.items() if fen]
    )


def _cases(tenant_id: str, subject: Subject) -> list[tuple[Case, str]]:
    narrowed = CaseFilter(subject_kind=subject[0], subject_id=subject[1])
    return [(each, case_state(each)) for each in cases_found(tenant_id, narrowed)[:CASES_SHOWN]]


def _must(
    tenant_id: str,
    state: PartyState,
    rows: Sequence[RecoveryRow],
    waiting: Sequence[Case],
    leaving: Case | None,
) -> list[str]:
    """Return what the party has to do, the most urgent first."""
    at = state.position
    must = []
    if state.clock and at.shortage_fen:
        must.append(text("must.top_up", amount=state.clock.amount, due=state.clock.due_on))
    if at.claim_fen:
        must.append(text("must.claim", amount=yuan(at.claim_fen)))
    must += [
        text("must.recovery", number=row.recovery.case_number, amount=yuan(row.rest_fen))
        for row in rows
        if row.recovery.state == "open" and row.rest_fen
    ]
    must += [
        text(
            "must.category",
            category=word("category", case.facts["category"]),
            amount=yuan(int(case.facts["top_up_fen"])),
        )
        for case in waiting
    ]
    subject = (at.subject_kind, at.subject_id)
    if leaving and not account_words(tenant_id, subject)[0]:
        must.append(text("must.account"))
    return must


def filings_offered(visitor: Visitor, subject: Subject) -> list[tuple[str, str]]:
    """Return what a person may file about a deposit: the name and the address of each form."""
    return [
        (name, reverse("case_file", args=[*subject, name]))
        for name, each in FILABLE.items()
        if each.subject_kind == subject[0]
        and visitor.may(each.permission)
        and name != "raise_review"  # it starts from a raise
    ]
