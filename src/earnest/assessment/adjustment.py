"""The monthly adjustment of the shops' deposits (S3-3.1): its days, its preview, its run.

A month is computed on its run day and holds from its apply day on; between them the shop has its
notice. The shops are taken some thousand at a time, each portion in one transaction: figures,
decisions, requirements and notices stand together or not at all. A shop whose sales figure of the
month is recorded is done, so that a run that was broken off goes on where it stopped, a repeat
changes nothing, and late figures are told, not applied.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import transaction

from earnest.assessment import shops
from earnest.assessment.adjustment_lines import Line, judged_line, untouched_line
from earnest.assessment.adjustment_reading import (
    ADJUSTED_AT_ONCE,
    Asked,
    Clock,
    Portion,
    final_at,
    portions,
    schedule_of,
)
from earnest.assessment.models import Cycle
from earnest.assessment.notifications import shortage_notices
from earnest.assessment.shops import SHOP
from earnest.consequences.commands import decide
from earnest.decisions.commands import IN_EFFECT, NewDecision, findings_record, orders_in_force
from earnest.deposits.accounts import deposit_of
from earnest.deposits.commands import shortages_review
from earnest.deposits.models import Requirement
from earnest.kernel.calendar import Month, day_of
from earnest.kernel.errors import BadInput, Problem
from earnest.ledger.queries import balances_of
from earnest.measures.bulk import figures_keep
from earnest.measures.commands import Difference
from earnest.notices.commands import notices_send
from earnest.rulebooks.packs import (
    SHOP_DEPOSIT,
    PartyPacks,
    packs_held,
    party_packs,
)
from earnest.rulebooks.queries import confirmed_keys, unconfirmed_in

AT_ONCE, PEOPLE = "at_once", "people"


@dataclass
class Adjusted:
    """What the adjustment of a month did.

    Attributes:
        applies_on: the day from which changed requirements hold.
        shops: how many were judged now; 0 for a repeat.
        decided: decisions made now by outcome; ``people`` of them wait for people.
        refused: the shops that the rule could not judge, and why.
        late: sales that differ from those the month was judged by; nothing is rewritten.
        stations: seconds by station.
    """

    month: Month
    at: datetime
    applies_on: date
    shops: int = 0
    decided: dict[str, int] = field(default_factory=dict)
    people: int = 0
    refused: list[Problem] = field(default_factory=list)
    late: list[Difference] = field(default_factory=list)
    stations: dict[str, float] = field(default_factory=dict)


@packs_held()
def adjustment_run(
    tenant_id: str,
    month: Month,
    *,
    now: datetime,
    progress: Callable[[int], None] | None = None,
) -> Adjusted:
    """Adjust what all shops must hold by what they sold in a month, and tell each (S3-3.1a).

    Raises:
        BadInput: the month's figures are not final, or its run day has not come.
    """
    final = final_at(month)
    if now < final:
        raise BadInput(
            "adjustment_too_early",
            where=str(month),
            zh=f"{month} 的保证金调整自 {day_of(final)} 起计算，请届时再运行；之前可以预览。",
            en=f"the adjustment of {month} is computed from {day_of(final)} on; run it then, and "
            "look at its preview before",
        )
    return shops_adjust(tenant_id, month, now, progress=progress)


def shops_adjust(
    tenant_id: str,
    month: Month,
    at: datetime,
    *,
    progress: Callable[[int], None] | None = None,
    on: date | None = None,
) -> Adjusted:
    """Adjust the shops that have not been adjusted for a month; compare the others' figures.

    Takes:
        on: the day whose shops are meant; the day on which the month may first be adjusted.
    """
    packs = party_packs(tenant_id, SHOP_DEPOSIT)
    applies_on = schedule_of(packs.current, month, day_of(at)).applies_on
    adjusted = Adjusted(month, at, applies_on)
    clock = Clock(adjusted.stations)
    over = Cycle.objects.filter(tenant_id=tenant_id, month=str(month)).exists()
    asked = Asked(tenant_id, month, at, applies_on, on or day_of(final_at(month)))
    for portion in portions(asked, clock):
        adjusted.late += portion.late
        if portion.figures and not over:
            _portion_adjust(asked, portion, packs, adjusted, clock)
        if progress:
            progress(portion.done + len(portion.figures))
    return adjusted


def _portion_adjust(
    asked: Asked, portion: Portion, packs: PartyPacks, adjusted: Adjusted, clock: Clock
) -> None:
    """Judge a portion and let it take effect, all or nothing."""
    tenant_id, at = asked.tenant_id, asked.at
    found = shops.adjustment_decide(
        portion.rows, str(asked.month), day_of(at), packs, applies_on=asked.applies_on
    )
    clock.note("nominate and decide")
    with transaction.atomic():
        figures_keep(tenant_id, portion.figures, at)
        clock.note("record the figures")
        made = decide(tenant_id, found.decisions, at)
        refused = shops.refused_findings(asked.month, found.refused)
        findings_record(tenant_id, refused, at)
        clock.note("record, set and tell")
    adjusted.shops += len(portion.figures)
    for decision in made:
        adjusted.decided[decision.outcome] = adjusted.decided.get(decision.outcome, 0) + 1
        adjusted.people += decision.state != IN_EFFECT
    adjusted.refused += [shops.refusal_of(each) for each in refused]
    clock.note("record, set and tell")


@dataclass
class Preview:
    """What the adjustment of a month would do, with nothing recorded; amounts in fen.

    Attributes:
        final: whether the month's figures are settled and its run day is here.
        lines: the shops that change, are refused or are held back, by shop.
        steps: how many shops go from one amount (None: none yet) to another; kept ones included.
        adjusted: how many shops were adjusted for the month before; they are in nothing else.
    """

    month: Month
    on: date
    applies_on: date
    final: bool
    lines: list[Line] = field(default_factory=list)
    steps: Counter[tuple[int | None, int]] = field(default_factory=Counter)
    shops: int = 0
    adjusted: int = 0

    def outcomes(self) -> Counter[str]:
        """Count the shops by outcome; ``kept`` stay as they are."""
        counted = Counter(line.outcome for line in self.lines)
        counted["kept"] = self.shops - sum(counted.values())
        return counted

    @property
    def people(self) -> int:
        """How many changes would wait for people."""
        return sum(line.state == PEOPLE for line in self.lines)

    @property
    def pay_in_fen(self) -> int:
        """What the shops that change would have to pay in."""
        return sum(line.pay_in_fen for line in self.lines)

    @property
    def excess_fen(self) -> int:
        """What would lie above the new amounts of the shops that change."""
        return sum(line.excess_fen for line in self.lines)

    @property
    def before_fen(self) -> int:
        """What all judged shops must hold before."""
        return sum((before or 0) * count for (before, _), count in self.steps.items())

    @property
    def after_fen(self) -> int:
        """What they would have to hold after."""
        return sum(after * count for (_, after), count in self.steps.items())


@packs_held()
def preview(tenant_id: str, month: Month, now: datetime) -> Preview:
    """Compute a month's adjustment as it would be run now, and record nothing (S3-3.1a).

    Before the month's figures are final they are taken as they are known.
    """
    packs = party_packs(tenant_id, SHOP_DEPOSIT)
    final = final_at(month)
    on = day_of(max(now, final))
    applies_on = schedule_of(packs.current, month, on).applies_on
    found = Preview(month, on, applies_on, now >= final)
    asked = Asked(tenant_id, month, now, applies_on, day_of(min(now, final)))
    at_once = _AtOnce(tenant_id, packs, on)
    for portion in portions(asked, Clock({})):
        found.adjusted += portion.done
        found.shops += len(portion.figures)
        _portion_preview(found, portion, packs, at_once)
    found.lines.sort(key=lambda line: line.shop_id)
    return found


def _portion_preview(
    found: Preview, portion: Portion, packs: PartyPacks, at_once: "_AtOnce"
) -> None:
    judged = shops.adjustment_decide(
        portion.rows, str(found.month), found.on, packs, applies_on=found.applies_on
    )
    rows = {row.shop_id: row for row in portion.rows}
    for each in judged.decisions:
        state = AT_ONCE if at_once(each) else PEOPLE
        found.lines.append(judged_line(rows[each.subject_id], each.outcome, state, each.evaluation))
    changed = {each.subject_id: each.evaluation for each in judged.decisions}
    refused = {row.shop_id for row, _ in judged.refused}
    for shop, finding in zip(
        (row for row, _ in judged.refused),
        shops.refused_findings(found.month, judged.refused),
        strict=True,
    ):
        found.lines.append(untouched_line(shop, "refused", shops.refusal_of(finding)))
    found.lines += [untouched_line(row, "held_back") for row in portion.waiting]
    for row in portion.rows:
        if row.shop_id in refused:
            continue
        evaluation = changed.get(row.shop_id)
        after = evaluation.result["required_fen"] if evaluation else row.required_fen or 0
        found.steps[row.required_fen, int(str(after))] += 1


class _AtOnce:
    """Tells whether a decision would take effect without a person, as recording it would find."""

    def __init__(self, tenant_id: str, packs: PartyPacks, on: date) -> None:
        self._orders = orders_in_force(tenant_id, on)
        self._confirmed = confirmed_keys(tenant_id)
        self._pack = packs.current

    def __call__(self, wanted: NewDecision) -> bool:
        evaluation = wanted.evaluation
        if (SHOP_DEPOSIT, evaluation.decision, wanted.outcome) not in self._orders:
            return False
        receipt = {"assumed": evaluation.assumed, "pack_hash": self._pack.hash}
        return not unconfirmed_in(receipt, evaluation.trace, self._confirmed)


def adjusted_shortages_open(tenant_id: str, now: datetime) -> int:
    """Open the shortages of shops whose adjusted requirement counts from today, and tell them.

    Some thousand shops at a time: on the apply day very many may be short at once. Returns how many
    were opened; again opens none.
    """
    on = day_of(now)
    rows = Requirement.objects.filter(tenant_id=tenant_id, subject_kind=SHOP, from_on=on)
    ids = rows.order_by("subject_id").distinct("subject_id").values_list("subject_id", flat=True)
    listed = list(ids)
    packs = party_packs(tenant_id, SHOP_DEPOSIT)
    opened = 0
    for start in range(0, len(listed), ADJUSTED_AT_ONCE):
        by_grace: dict[int, list[tuple[str, str]]] = {}
        for shop_id in listed[start : start + ADJUSTED_AT_ONCE]:
            pack = packs.of(SHOP, shop_id)
            days = pack.parameter("shortage_grace_days", on=max(on, pack.in_force_from()))
            by_grace.setdefault(days, []).append((SHOP, shop_id))
        for days, subjects in by_grace.items():
            with transaction.atomic():
                review = shortages_review(tenant_id, subjects, {SHOP: days}, now)
                notices_send(tenant_id, shortage_notices(review.opened), now)
            opened += len(review.opened)
    return opened


def shortfalls_announced(tenant_id: str, on: date) -> dict[tuple[str, str], int]:
    """Return what is missing to the amounts that shops must hold from a later day on, in fen."""
    rows = (
        Requirement.objects.filter(tenant_id=tenant_id, subject_kind=SHOP, from_on__gt=on)
        .order_by("subject_id", "-from_on", "-id")
        .distinct("subject_id")
    )
    required = {(SHOP, row.subject_id): row.required_fen for row in rows}
    held = balances_of(tenant_id, [deposit_of(each) for each in required])
    missing = {
        subject: fen - (at.free_fen if (at := held.get(deposit_of(subject))) else 0)
        for subject, fen in required.items()
    }
    return {subject: fen for subject, fen in missing.items() if fen > 0}
