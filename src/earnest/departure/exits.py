"""A provider that leaves of its own wish: applied, checked by a person, approved by two (S0-3.3).

What is on sale and which subscriptions run no data tells: the provider says so, and a reviewer
checks it before two persons are asked. Until it is in effect the provider may take it back.
"""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from earnest.cases.filing import case_close, case_get
from earnest.cases.provider_exits import DECISION as EXIT_CONDITIONS
from earnest.cases.provider_exits import ProviderExitFiling, provider_exit_ask
from earnest.cases.queries import decisions_of_case
from earnest.consequences.commands import decision_settle
from earnest.decisions.commands import IN_EFFECT, WAITING
from earnest.decisions.models import Decision
from earnest.departure.models import (
    APPLIED,
    APPROVING,
    CHECKED,
    COMPLETED,
    ENDED,
    EXIT,
    WITHDRAWN,
    Departure,
)
from earnest.departure.queries import departure_locked, departure_open, exit_precheck, timetable
from earnest.departure.steps import refusal_tell, step_add, tell
from earnest.departure.winding_down import served_until
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotAllowed
from earnest.kernel.ids import uuid7_for
from earnest.kernel.words import Words
from earnest.market.queries import provider_get
from earnest.postgres.numbering import number_next
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_for
from earnest.violations.queries import matters_open


@dataclass(frozen=True)
class Standing:
    """What no data tells of a provider that leaves.

    Attributes:
        on_sale: services that are on sale.
        running: subscriptions that run.
        subscription_ends_on: when the longest of them ends or ended; None where there was none.
    """

    on_sale: int
    running: int
    subscription_ends_on: date | None = None

    def check(self, where: str) -> None:
        """See to it that the parts fit each other.

        Raises:
            BadInput: a count below nothing, or running subscriptions without the day they end.
        """
        if self.on_sale < 0 or self.running < 0:
            raise BadInput(
                "count_negative", where=where,
                zh="在售服务数、订购数不能小于零。", en="counts are 0 or more",
            )  # fmt: skip
        if self.running and self.subscription_ends_on is None:
            raise BadInput(
                "subscription_end_missing", where=where,
                zh="仍有未到期订购时，请填写最长一笔的到期日。",
                en="say when the longest of the running subscriptions ends",
            )  # fmt: skip


@transaction.atomic
def exit_begin(
    tenant_id: str, provider_id: str, standing: Standing, *, actor: str, reason: str, now: datetime
) -> Departure:
    """Apply for leaving; what is still missing is shown, and the provider goes on serving.

    Raises:
        BadInput: what was told does not fit together.
        Conflict: it has left, or is leaving already.
        NotFound: there is no such provider.
    """
    provider, on = provider_get(tenant_id, provider_id), day_of(now)
    where = f"provider:{provider_id}"
    standing.check(where)
    if provider.left_on is not None or departure_open(tenant_id, provider_id):
        raise Conflict(
            "provider_leaving", where=where,
            zh="该服务商已经退出，或退出事项正在办理。",
            en="the provider has left, or is leaving already",
        )  # fmt: skip
    number = number_next(Departure, tenant_id, "D")
    days = timetable(tenant_id, provider_id, on)
    departure = Departure.objects.create(
        id=uuid7_for(now, tenant_id, "departure", number),
        tenant_id=tenant_id,
        number=number,
        provider_id=provider_id,
        way=EXIT,
        reason=reason.strip(),
        begun_by=actor,
        begun_at=now,
        begun_on=on,
        state=APPLIED,
        check_by=days.checked_by if days else None,
        **_stands(tenant_id, provider_id, standing, on),
    )
    step_add(departure, "applied", now, actor=actor, note=reason.strip())
    _tell_begun(departure, now)
    return departure


def _stands(
    tenant_id: str, provider_id: str, standing: Standing, on: date
) -> dict[str, int | date | None]:
    """Return what is told, and until when merchants are served by it (S0-3.2a).

    Also of a subscription that has ended: it is served on for some days, and the exit waits.
    """
    ends_on = standing.subscription_ends_on
    until = served_until(tenant_id, provider_id, ends_on, on) if ends_on else on
    return {
        "on_sale": standing.on_sale,
        "running": standing.running,
        "subscription_ends_on": standing.subscription_ends_on,
        "serve_until": until if until > on else None,
    }


def _tell_begun(departure: Departure, now: datetime) -> None:
    pack = pack_for(departure.tenant_id, SUPPLY_MARKET, *departure.subject)
    months: int = pack.parameter("reentry_ban", on=departure.begun_on)
    serving = Words("", "")
    if departure.serve_until:
        serving = Words(
            f"服务不得提前停止，须为商家服务至 {departure.serve_until}。",
            f" Services are not stopped early: merchants are served until {departure.serve_until}.",
        )
    tell(
        departure,
        "begun",
        Words(f"退出申请 {departure.number} 已受理", f"Your exit {departure.number} has begun"),
        Words(
            f"依据 S0-3.3。请下架在售服务、了结订购、纠纷与欠款；平台核查后由两人审批并退还保证金。"
            f"{serving.zh}生效前可以撤回；退出后 {months} 个月内不能再次入驻。",
            "Basis: S0-3.3. Take services off sale, and settle subscriptions, disputes and what is "
            f"owed; a person checks, two approve, and the deposit is paid back.{serving.en} You "
            f"may take it back until then; after it there is no return for {months} months.",
        ),
        now,
    )


@transaction.atomic
def exit_update(
    tenant_id: str, number: str, standing: Standing, *, actor: str, now: datetime
) -> Departure:
    """Tell how things stand by now; what a reviewer checked before has to be checked again.

    Raises:
        BadInput: what was told does not fit together.
        Conflict: two persons are asked already, or it has ended.
    """
    departure = _open_exit(tenant_id, number, {APPLIED, CHECKED})
    standing.check(number)
    return _stand(departure, standing, APPLIED, "updated", actor=actor, now=now)


def _stand(
    departure: Departure, standing: Standing, state: str, what: str, *, actor: str, now: datetime
) -> Departure:
    stands = _stands(departure.tenant_id, departure.provider_id, standing, day_of(now))
    for name, value in stands.items():
        setattr(departure, name, value)
    departure.state = state
    departure.checked_by = actor if state == CHECKED else ""
    departure.save()
    sale, running = standing.on_sale, standing.running
    note = f"在售 {sale}，未到期订购 {running} · on sale {sale}, running {running}"
    step_add(departure, what, now, actor=actor, note=note)
    return departure


@transaction.atomic
def exit_check_confirm(
    tenant_id: str, number: str, standing: Standing, *, actor: str, now: datetime
) -> Departure:
    """Enter what a reviewer found of what no data tells; two persons are asked when all is green.

    Raises:
        BadInput: what was found does not fit together.
        Conflict: two persons are asked already, or it has ended.
        NotAllowed: who applied cannot check.
    """
    departure = _open_exit(tenant_id, number, {APPLIED, CHECKED})
    if actor == departure.begun_by:
        raise NotAllowed(
            "second_person_needed", where=number,
            zh="申请人不能核查自己的申请。", en="who applied cannot check the application",
        )  # fmt: skip
    standing.check(number)
    departure = _stand(departure, standing, CHECKED, "checked", actor=actor, now=now)
    exit_advance(departure, now)
    return departure


def exit_advance(departure: Departure, now: datetime) -> bool:
    """Ask two persons when every condition of a checked exit holds; tell whether that was done.

    Nobody is asked before merchants have been served to the day that was told them (S0-3.2a).
    """
    until = departure.serve_until
    if departure.state != CHECKED or (until is not None and day_of(now) <= until):
        return False
    tenant_id, provider_id = departure.tenant_id, departure.provider_id
    found = exit_precheck(
        tenant_id, provider_id, on_sale=departure.on_sale, running=departure.running, now=now
    )
    if not found.allowed:
        return False
    filing = ProviderExitFiling(
        departure.begun_by,
        departure.on_sale,
        departure.running,
        reason=departure.reason,
        matters_open=matters_open(tenant_id, departure.subject),
    )
    case = provider_exit_ask(tenant_id, provider_id, filing, now)
    departure.state, departure.case_number = APPROVING, case.number
    departure.save(update_fields=["state", "case_number"])
    step_add(departure, "approving", now, actor="system", note=case.number)
    return True


@transaction.atomic
def exit_follow(departure: Departure, now: datetime) -> bool:
    """Follow what two persons decided: completed, or back to the provider; tell whether it moved.

    A refusal sends the exit back to be checked again, with the reason in its story.
    """
    row = departure_locked(departure.tenant_id, departure.number)
    if row.state != APPROVING:
        return False
    decided = decisions_of_case(case_get(row.tenant_id, row.case_number))
    if not decided or decided[-1].state == WAITING:
        return False
    if decided[-1].state == IN_EFFECT:
        row.state, row.ended_at = COMPLETED, now
        row.save(update_fields=["state", "ended_at"])
        step_add(row, "completed", now, actor="system")
        return True
    row.state, row.checked_by, row.case_number = APPLIED, "", ""
    row.save(update_fields=["state", "checked_by", "case_number"])
    why = decided[-1].approvals.filter(verdict="refuse").values_list("reason", flat=True).first()
    step_add(row, "refused", now, actor="system", note=why or "")
    refusal_tell(row, decided[-1], why or "", now)
    return True


@transaction.atomic
def exit_withdraw(
    tenant_id: str, number: str, *, actor: str, reason: str, now: datetime
) -> Departure:
    """Take an exit back, as long as it is not in effect; what two persons were asked ends with it.

    Raises:
        BadInput: no reason.
        Conflict: it has ended.
    """
    if not reason.strip():
        raise BadInput(
            "reason_missing", where=number, zh="请写明撤回的理由。", en="say why it is taken back"
        )
    departure = _open_exit(tenant_id, number, {APPLIED, CHECKED, APPROVING})
    refund_dropped(departure, "withdrawn", actor=actor, reason=reason, now=now)
    departure.state, departure.ended_at = WITHDRAWN, now
    departure.save(update_fields=["state", "ended_at"])
    step_add(departure, "withdrawn", now, actor=actor, note=reason.strip())
    return departure


def refund_dropped(
    departure: Departure, closed_as: str, *, actor: str, reason: str, now: datetime
) -> None:
    """Ask nobody any more to pay the deposit back: what waits is refused, its case is closed."""
    tenant_id = departure.tenant_id
    for decision in Decision.objects.filter(
        tenant_id=tenant_id, decision=EXIT_CONDITIONS, subject_id=departure.provider_id,
        state=WAITING,
    ):  # fmt: skip
        decision_settle(
            tenant_id, decision.id, verdict="refuse", actor=actor, reason=reason, now=now
        )
    if departure.case_number:
        case = case_get(tenant_id, departure.case_number)
        if case.closed_at is None:
            case_close(case, closed_as, now, actor=actor, note=reason)


def _open_exit(tenant_id: str, number: str, states: set[str]) -> Departure:
    departure = departure_locked(tenant_id, number)
    if departure.way != EXIT or departure.state not in states:
        over = departure.state in ENDED
        raise Conflict(
            "departure_moved_on", where=number,
            zh="该退出事项已经办结。" if over else "该退出事项已进入下一步，不能这样处理；请刷新。",
            en="the departure has ended" if over else "the departure has moved on; reload the page",
        )  # fmt: skip
    return departure
