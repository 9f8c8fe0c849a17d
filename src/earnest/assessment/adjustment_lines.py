"""One shop in a month's adjustment: before and after, why, and what there is to pay or to spare."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from earnest.assessment.shops import SALES, SHOP, ShopMonth
from earnest.decisions.models import Decision, Finding
from earnest.deposits.models import Requirement
from earnest.kernel.calendar import Month
from earnest.kernel.errors import Problem
from earnest.measures.queries import results
from earnest.policy import Evaluation

REQUIRED = "required_deposit"
OUTCOMES = ("set", "raise", "lower", "refused", "held_back")
READ_AT_ONCE = 1_000
STEPS = ("general", "tier", "standard", "special")


@dataclass(frozen=True)
class Line:
    """One shop in the adjustment of a month; amounts in fen.

    Attributes:
        outcome: set, raise, lower, refused (the rule could not judge it), held_back (an earlier
            adjustment of it waits for people).
        state: at_once or people in a preview; waiting, in_effect or refused (by a person) in a
            result; empty where nothing was decided.
        why: the steps that made the amount: general, tier, standard, special.
        pay_in_fen: what is missing to the new amount (S3-5.1).
        excess_fen: what lies above it; withdrawn only on the conditions of S3-6.1.
        refusal: why the rule could not judge it.
    """

    shop_id: str
    outcome: str
    state: str
    before_fen: int | None
    after_fen: int | None
    sales_fen: int
    categories: tuple[str, ...]
    raises_fen: int
    balance_fen: int
    why: Mapping[str, int]
    pay_in_fen: int = 0
    excess_fen: int = 0
    applies_on: date | None = None
    decision_id: UUID | None = None
    notice_id: UUID | None = None
    refusal: Problem | None = None

    @property
    def subject(self) -> tuple[str, str]:
        """The shop as (kind, id)."""
        return (SHOP, self.shop_id)


def steps_of(trace: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return the amounts of the steps that a requirement is made of, from its trace."""
    return {
        str(entry["name"]): int(entry["value"])
        for entry in trace
        if entry["entry"] == "step" and entry["name"] in STEPS
    }


def judged_line(shop: ShopMonth, outcome: str, state: str, evaluation: Evaluation) -> Line:
    """Return the line of a shop whose requirement would change."""
    result = evaluation.result
    return Line(
        shop_id=shop.shop_id,
        outcome=outcome,
        state=state,
        before_fen=shop.required_fen,
        after_fen=int(result["required_fen"]),
        sales_fen=shop.sales_fen,
        categories=shop.categories,
        raises_fen=shop.raises_fen,
        balance_fen=shop.balance_fen,
        why=steps_of(evaluation.trace),
        pay_in_fen=int(result["shortfall_fen"]),
        excess_fen=int(result["excess_fen"]),
        applies_on=evaluation.governing_on,
    )


def untouched_line(shop: ShopMonth, outcome: str, refusal: Problem | None = None) -> Line:
    """Return the line of a shop that stays as it is: refused, or held back."""
    return Line(
        shop_id=shop.shop_id,
        outcome=outcome,
        state="",
        before_fen=shop.required_fen,
        after_fen=None,
        sales_fen=shop.sales_fen,
        categories=shop.categories,
        raises_fen=shop.raises_fen,
        balance_fen=shop.balance_fen,
        why={},
        refusal=refusal,
    )


def decisions_of_month(
    tenant_id: str, month: str, *, outcome: str = "", state: str = "", shop_id: str = ""
) -> QuerySet[Decision]:
    """Return the decisions of a month's adjustment, by shop; an empty argument narrows nothing."""
    given = {"outcome": outcome, "state": state, "subject_id": shop_id}
    return Decision.objects.filter(
        Q(**{name: value for name, value in given.items() if value}),
        tenant_id=tenant_id,
        subject_kind=SHOP,
        decision=REQUIRED,
        period=month,
    ).order_by("subject_id")


def refused_of_month(tenant_id: str, month: str, shop_id: str = "") -> QuerySet[Finding]:
    """Return the findings about the shops that the rule could not judge in a month, by shop."""
    found = Finding.objects.filter(
        tenant_id=tenant_id, subject_kind=SHOP, period=month, measure=SALES, status="refused"
    )
    return (found.filter(subject_id=shop_id) if shop_id else found).order_by("subject_id")


def decided_lines(tenant_id: str, decisions: Sequence[Decision]) -> list[Line]:
    """Return the lines of decisions, with the amounts before and after that were set by them.

    Of a decision that waits, before is what the shop must hold when the decision would apply.
    """
    rows: dict[UUID, Requirement] = {}
    of_these = Requirement.objects.filter(
        tenant_id=tenant_id, decision_id__in=[each.id for each in decisions]
    )
    for row in of_these.order_by("from_on", "id"):
        rows.setdefault(row.decision_id, row)  # what was carried into later days stands behind it
    before = _before(tenant_id, [each for each in decisions if each.id not in rows])
    return [_decided_line(each, rows.get(each.id), before) for each in decisions]


def _before(tenant_id: str, decisions: Sequence[Decision]) -> dict[str, int]:
    if not decisions:
        return {}
    days = [each.governing_on for each in decisions if each.governing_on]
    rows = (
        Requirement.objects.filter(
            tenant_id=tenant_id,
            subject_kind=SHOP,
            subject_id__in=[each.subject_id for each in decisions],
            from_on__lte=max(days),
        )
        .order_by("subject_id", "-from_on", "-id")
        .distinct("subject_id")
    )
    return dict(rows.values_list("subject_id", "required_fen"))


def _decided_line(decision: Decision, row: Requirement | None, before: dict[str, int]) -> Line:
    facts, result = decision.receipt["facts"], decision.receipt["result"]
    after = row.required_fen if row else int(result["required_fen"])
    notices = decision.effect.get("notices", [])
    balance = int(facts["balance_fen"])
    return Line(
        shop_id=decision.subject_id,
        outcome=decision.outcome,
        state=decision.state,
        before_fen=row.previous_fen if row else before.get(decision.subject_id),
        after_fen=after,
        sales_fen=int(facts["sales_fen"]),
        categories=tuple(facts["categories"]),
        raises_fen=int(facts["raises_fen"]),
        balance_fen=balance,
        why=steps_of(decision.trace),
        pay_in_fen=max(0, after - balance),
        excess_fen=max(0, balance - after),
        applies_on=row.from_on if row else decision.governing_on,
        decision_id=decision.id,
        notice_id=UUID(notices[0]) if notices else None,
    )


def refused_lines(findings: Iterable[Finding]) -> Iterator[Line]:
    """Return the lines of shops that the rule could not judge."""
    for finding in findings:
        facts, refusal = finding.receipt["facts"], finding.receipt["refusal"]
        place = f"{finding.subject_kind}:{finding.subject_id}"
        yield Line(
            shop_id=finding.subject_id,
            outcome="refused",
            state="",
            before_fen=None,
            after_fen=None,
            sales_fen=finding.numerator,
            categories=tuple(facts.get("categories", ())),
            raises_fen=int(facts.get("raises_fen", 0)),
            balance_fen=int(facts.get("balance_fen", 0)),
            why={},
            refusal=Problem(refusal["code"], place, zh=refusal["zh"], en=refusal["en"]),
        )


def result_lines(
    tenant_id: str, month: Month, *, outcome: str = "", state: str = "", shop_id: str = ""
) -> Iterator[Line]:
    """Yield the lines of a month that was adjusted: those decided by shop, then those refused."""
    if outcome != "refused":
        found = decisions_of_month(
            tenant_id, str(month), outcome=outcome, state=state, shop_id=shop_id
        )
        some: list[Decision] = []
        for decision in found.iterator(READ_AT_ONCE):
            some.append(decision)
            if len(some) == READ_AT_ONCE:
                yield from decided_lines(tenant_id, some)
                some = []
        yield from decided_lines(tenant_id, some)
    if outcome in ("", "refused") and not state:
        yield from refused_lines(refused_of_month(tenant_id, str(month), shop_id))


@dataclass(frozen=True)
class Step:
    """How many shops went from one required amount to another, in fen."""

    before_fen: int
    after_fen: int
    shops: int


def month_steps(tenant_id: str, month: str) -> list[Step]:
    """Return the changes that a month's adjustment set, the most frequent first."""
    made = decisions_of_month(tenant_id, month).order_by().values("id")
    rows = (
        Requirement.objects.filter(tenant_id=tenant_id, decision_id__in=made)
        .exclude(previous_fen=F("required_fen"))
        .values_list("previous_fen", "required_fen")
        .annotate(shops=Count("id"))
        .order_by("-shops", "previous_fen", "required_fen")
    )
    return [Step(*row) for row in rows]


def month_counts(tenant_id: str, month: str) -> dict[tuple[str, str], int]:
    """Count a month's shops by outcome and state; those refused by the rule are in it too."""
    rows = (
        decisions_of_month(tenant_id, month)
        .order_by("outcome", "state")
        .values_list("outcome", "state")
        .annotate(shops=Count("id"))
    )
    counts = {(outcome, state): shops for outcome, state, shops in rows}
    refused = refused_of_month(tenant_id, month).count()
    return counts | ({("refused", "refused"): refused} if refused else {})


def months_adjusted(tenant_id: str) -> list[str]:
    """Return the months that were adjusted, the newest first."""
    found = results(tenant_id, measure=SALES, subject_kind=SHOP).order_by("-window_to")
    days = found.values_list("window_to", flat=True).distinct()
    return [str(Month.of(day)) for day in days]
