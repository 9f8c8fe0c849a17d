"""The story of a departure: its steps, and the words to the provider at each of them."""

from collections.abc import Sequence
from datetime import date, datetime

from earnest.decisions.models import Decision
from earnest.departure.models import Departure, DepartureStep
from earnest.kernel.words import Words
from earnest.notices.commands import Message, NewNotice, Severity, notices_send
from earnest.notices.reasoned import Told, reasoned_notice
from earnest.rulebooks.packs import evaluation_of, pack_of_receipt

CLAUSES = {"exit": "S0-3.3", "removal": "S0-3.2a"}


def step_add(
    departure: Departure,
    what: str,
    now: datetime,
    *,
    actor: str,
    note: str = "",
    documents: Sequence[str] = (),
) -> DepartureStep:
    """Add one step to the story."""
    return DepartureStep.objects.create(
        departure=departure,
        tenant_id=departure.tenant_id,
        what=what,
        note=note,
        documents=list(documents),
        actor=actor,
        at=now,
    )


def tell(
    departure: Departure,
    about: str,
    title: Words,
    body: Words,
    now: datetime,
    *,
    due_on: date | None = None,
    severity: Severity = "info",
) -> None:
    """Tell the provider what happened and what it has to do; the same ``about`` tells it once."""
    notice = NewNotice(
        *departure.subject,
        about=f"departure {departure.number} {about}",
        kind="requirement" if due_on else "release",
        severity=severity,
        clause=CLAUSES[departure.way],
        decision_id=departure.removal_decision_id,
        zh=Message(title.zh, body.zh),
        en=Message(title.en, body.en),
        due_on=due_on,
    )
    notices_send(departure.tenant_id, [notice], now)


def refusal_tell(departure: Departure, refused: Decision, why: str, now: datetime) -> None:
    """Tell the provider that its exit was refused, with the statement of reasons (S0-3.3)."""
    evaluation = evaluation_of(refused.receipt)
    number = departure.number
    told = Told(
        subject=departure.subject,
        about=f"departure {number} refused {refused.id}",
        pack=pack_of_receipt(refused.receipt),
        clause=CLAUSES[departure.way],
        decision_id=refused.id,
        title=Words(f"退出申请 {number} 未获批准", f"Exit {number} was not approved"),
        facts=Words(f"审批人的理由：{why}", f"The reason of who refused it: {why}"),
        calculation=Words(evaluation.explain("zh"), evaluation.explain("en")),
        effect=Words(
            "您仍为在营服务商，保证金不退还，服务不得停止",
            "you remain a provider, the deposit is not paid back, and services go on",
        ),
        release=Words(
            "处理上述事项后更新情况，平台将再次核查并由两人审批",
            "put it right and tell how things stand; it is checked again, and two persons are "
            "asked anew",
        ),
        kind="finding",
    )
    notices_send(departure.tenant_id, [reasoned_notice(told)], now)
