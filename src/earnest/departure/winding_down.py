"""Winding down: merchants are served on, by a plan, so that nobody is harmed (S0-3.2a)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from earnest.departure.models import WINDING_DOWN, Departure, Handover
from earnest.departure.queries import departure_locked
from earnest.departure.steps import step_add, tell
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotFound
from earnest.kernel.words import Words
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for

FILED, ACCEPTED, SENT_BACK = "filed", "accepted", "sent_back"


@dataclass(frozen=True)
class Merchant:
    """A merchant that is served on: its shop, when its subscription ends, and what is arranged."""

    shop_id: str
    subscription_ends_on: date
    arrangement: str


LINE_PARTS = 3
LEFT_OUT = "方案不再列入 · not in the plan any more"
"""Why a merchant counts as settled that a plan which was filed again leaves out."""


def merchants_read(lines: Sequence[str]) -> list[Merchant]:
    """Read merchants given one a line: shop, last day of its subscription, what is arranged.

    Raises:
        BadInput: a line that is not so, with its number.
    """
    found: list[Merchant] = []
    for row, line in enumerate(lines, start=1):
        parts = line.split(maxsplit=LINE_PARTS - 1)
        try:
            shop_id, ends_on, arrangement = parts
            found.append(Merchant(shop_id, date.fromisoformat(ends_on), arrangement))
        except ValueError as error:
            raise BadInput(
                "merchant_unclear",
                where=f"row {row}",
                zh=f"第 {row} 行看不懂；每行写：店铺编号 到期日（YYYY-MM-DD） 安排。",
                en=f"row {row} cannot be read: write shop, last day (YYYY-MM-DD) and arrangement",
            ) from error
    return found


def served_until(
    tenant_id: str, provider_id: str, subscription_ends_on: date | None, on: date
) -> date:
    """Return until when merchants are served whose subscription ends on a day (S0-3.2a)."""
    pack = pack_for(tenant_id, SUPPLY_MARKET, "provider", provider_id)
    facts = {"removed_on": on, "subscription_ends_on": subscription_ends_on or on}
    until: date = pack.evaluate("wind_down", facts).result["serve_until"]
    return until


@transaction.atomic
def plan_file(
    tenant_id: str,
    number: str,
    plan: str,
    merchants: Sequence[Merchant],
    *,
    actor: str,
    now: datetime,
) -> Departure:
    """File the plan by which a removed provider winds down; a plan sent back is filed again.

    Raises:
        BadInput: no plan, a merchant named twice, or one without an arrangement; row by row.
        Conflict: the plan is accepted already, or nothing is wound down.
    """
    departure = _winding_down(tenant_id, number)
    if departure.plan_state == ACCEPTED:
        raise Conflict(
            "plan_accepted", where=number,
            zh="收尾方案已经通过，不能再改。", en="the plan is accepted and stays",
        )  # fmt: skip
    _check(number, plan, merchants)
    _handovers_keep(departure, merchants, now)
    last = max((each.subscription_ends_on for each in merchants), default=None)
    departure.running, departure.subscription_ends_on = len(merchants), last
    departure.serve_until = (
        served_until(tenant_id, departure.provider_id, last, departure.begun_on) if last else None
    )
    departure.plan, departure.plan_state = plan.strip(), FILED
    departure.save()
    step_add(departure, "plan_filed", now, actor=actor, note=_filed_words(plan, merchants))
    return departure


def _handovers_keep(departure: Departure, merchants: Sequence[Merchant], now: datetime) -> None:
    """Let the merchants that are still served be those of the newest plan, and as it says.

    One that a plan leaves out is settled, and open again when the next plan names it. What a
    reviewer has settled stays so.
    """
    rows = departure.handovers.all()
    done = rows.exclude(settled_at=None).exclude(settled_note=LEFT_OUT)
    settled = set(done.values_list("shop_id", flat=True))
    rows.filter(settled_at=None).exclude(shop_id__in=[each.shop_id for each in merchants]).update(
        settled_at=now, settled_note=LEFT_OUT
    )
    for each in merchants:
        if each.shop_id in settled:
            continue
        until = served_until(
            departure.tenant_id, departure.provider_id, each.subscription_ends_on,
            departure.begun_on,
        )  # fmt: skip
        said = {"serve_until": until, "arrangement": each.arrangement.strip()}
        rows.update_or_create(
            departure=departure,
            shop_id=each.shop_id,
            defaults={
                **said, "tenant_id": departure.tenant_id, "settled_at": None, "settled_note": "",
            },
        )  # fmt: skip


def _filed_words(plan: str, merchants: Sequence[Merchant]) -> str:
    lines = [
        f"{each.shop_id} {each.subscription_ends_on} {each.arrangement.strip()}"
        for each in merchants
    ]
    return "\n".join([plan.strip(), *lines])


def _check(number: str, plan: str, merchants: Sequence[Merchant]) -> None:
    if not plan.strip():
        raise BadInput(
            "plan_missing", where=number, zh="请写明收尾方案。", en="say how it is wound down"
        )
    seen: set[str] = set()
    for row, each in enumerate(merchants, start=1):
        if not each.shop_id.strip() or not each.arrangement.strip() or each.shop_id in seen:
            raise BadInput(
                "merchant_unclear",
                where=f"{number} row {row}",
                zh=f"第 {row} 行：店铺不能为空或重复，安排不能为空。",
                en=f"row {row}: name the shop, once only, and what is arranged for it",
            )
        seen.add(each.shop_id)


@transaction.atomic
def plan_review(
    tenant_id: str, number: str, *, accepted: bool, actor: str, note: str, now: datetime
) -> Departure:
    """Accept a plan for winding down, or send it back with a reason and days to file it again.

    Raises:
        BadInput: sent back without a reason.
        Conflict: no plan waits for a review.
    """
    departure = _winding_down(tenant_id, number)
    if departure.plan_state != FILED:
        raise Conflict(
            "no_plan_filed", where=number,
            zh="没有待审的收尾方案。", en="no plan waits for a review",
        )  # fmt: skip
    if not accepted and not note.strip():
        raise BadInput(
            "reason_missing", where=number, zh="退回须写明理由。", en="say why it is sent back"
        )
    departure.plan_state = ACCEPTED if accepted else SENT_BACK
    departure.plan_due_on = None if accepted else plan_due(departure, day_of(now))
    departure.save(update_fields=["plan_state", "plan_due_on"])
    step_add(departure, f"plan_{departure.plan_state}", now, actor=actor, note=note.strip())
    if not accepted:
        tell(
            departure,
            f"plan {now.isoformat()}",
            Words(f"收尾方案被退回（{departure.number}）", f"Your plan was sent back ({number})"),
            Words(
                f"理由：{note.strip()}。请在 {departure.plan_due_on} 前重新提交。",
                f"Reason: {note.strip()}. File it again by {departure.plan_due_on}.",
            ),
            now,
            due_on=departure.plan_due_on,
            severity="warning",
        )
    return departure


def plan_due(departure: Departure, on: date) -> date:
    """Return the day by which a plan is due that is asked for on a day (S0-3.2a)."""
    pack = pack_for(departure.tenant_id, SUPPLY_MARKET, *departure.subject)
    due: date = pack.evaluate("wind_down_plan", {"asked_on": on}).result["due_on"]
    return due


def plan_judged_by(departure: Departure) -> date | None:
    """Return the day by which a filed plan is judged; None where none waits.

    The text sets no day: a reviewer has as long as the provider has to file it (S0-3.2a).
    """
    filed = departure.steps.filter(what="plan_filed").order_by("-at", "-id").first()
    if departure.plan_state != FILED or filed is None:
        return None
    return plan_due(departure, day_of(filed.at))


@transaction.atomic
def handover_settle(
    tenant_id: str, number: str, shop_id: str, *, actor: str, note: str, now: datetime
) -> Handover:
    """Note that a merchant is not served any more and nothing is open with it.

    Raises:
        Conflict: it is settled already.
        NotFound: the plan names no such shop.
    """
    departure = _winding_down(tenant_id, number)
    handover = departure.handovers.select_for_update().filter(shop_id=shop_id).first()
    if handover is None:
        raise NotFound(
            "unknown_handover", where=f"{number} {shop_id}",
            zh="收尾方案里没有这家店铺。", en="the plan names no such shop",
        )  # fmt: skip
    if handover.settled_at is not None:
        raise Conflict(
            "handover_settled", where=f"{number} {shop_id}",
            zh="这家店铺已经交接完毕。", en="the shop is settled already",
        )  # fmt: skip
    handover.settled_at, handover.settled_note = now, note.strip()
    handover.save(update_fields=["settled_at", "settled_note"])
    step_add(departure, "handed_over", now, actor=actor, note=f"{shop_id} {note.strip()}".strip())
    return handover


def _winding_down(tenant_id: str, number: str) -> Departure:
    departure = departure_locked(tenant_id, number)
    if departure.state != WINDING_DOWN:
        raise Conflict(
            "not_winding_down", where=number,
            zh="该事项不在收尾期。", en="nothing is wound down under this number now",
        )  # fmt: skip
    return departure
