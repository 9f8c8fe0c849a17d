"""A deduction in effect: what it takes at once, what is still to come, and the word to the shop."""

from datetime import datetime
from typing import Any

from earnest.consequences.reasons import Consequence, decision_notice
from earnest.consequences.shop_tickets import (
    REVIEW,
    ShopMeasure,
    appealable,
    numbered,
    shop_ticket,
)
from earnest.decisions.models import Decision
from earnest.decisions.queries import unconfirmed_of
from earnest.deposits.notifications import BENEFICIARIES, SOURCES
from earnest.deposits.recoveries import PARTIAL, UNSPLIT, NewRecovery, Progress, recovery_begin
from earnest.kernel.errors import NotFound, RuleRefused
from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.notices.commands import notices_send
from earnest.rulebooks.assumptions import listed
from earnest.rulebooks.packs import evaluation_of, pack_of_receipt
from earnest.tickets.commands import NewItem

GROUND = "deduction_ground"
AMOUNTS = ("order_compensation", "fake_goods_payment", "platform_loss")
OUTCOME_MODES = {"deduct": PARTIAL, "deduct_whole": UNSPLIT}


def recovery_apply(tenant_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    """Begin to recover what a reviewed finding calls for (S3-4.1, S3-4.2a, S3-4.2b, S3-5.3).

    Beneficiary and ground are those of the finding of the same case; nothing moves while a value
    that finding or amount rest on is an assumed one that nobody has confirmed.

    Raises:
        NotFound: the case has no finding.
        RuleRefused: ``assumed_unconfirmed``, with the values.
        Conflict: the ledger refuses.
    """
    case = _case_decisions(tenant_id, decision)
    if GROUND not in case:
        raise NotFound(
            "finding_missing",
            where=decision.period,
            zh="该事项没有经审核的认定，不得扣划；请先审核认定。",
            en="this case has no reviewed finding, so nothing is deducted; review it first",
        )
    for each in case.values():
        _must_be_confirmed(each)
    finding = case[GROUND]
    new = NewRecovery(
        subject=decision.subject,
        case_number=decision.period,
        ground=str(finding.receipt["facts"]["ground"]),
        beneficiary=str(finding.receipt["result"]["beneficiary"]),
        amount_fen=decision.money_fen,
        mode=OUTCOME_MODES[decision.outcome],
        advances=bool(decision.receipt["facts"]["is_slow"]),
        clause=decision.clause,
        rulebook=decision.rulebook,
        decision_id=decision.id,
    )
    progress = recovery_begin(tenant_id, new, now)
    amount = next((case[name] for name in AMOUNTS if name in case), None)
    done = ShopMeasure(
        _item(decision, finding), REVIEW, decision.money_fen, taken_fen=progress.taken_fen
    )
    ticket = shop_ticket(decision, done, now)
    consequence = Consequence(
        kind="sanction",
        severity="serious",
        facts=_facts(finding, amount),
        effect=_effect(progress),
        release=_release(progress),
    )
    notice = decision_notice(decision, appealable(consequence, ticket))
    sent = notices_send(tenant_id, [notice], now)
    return numbered(ticket) | {
        "recovery": str(progress.recovery.id),
        "transfers": [str(each.transfer_id) for each in progress.steps],
        "taken_fen": progress.taken_fen,
        "claim_fen": progress.claim_fen,
        "rest_fen": progress.rest_fen,
        "restrictions": [str(each) for each in progress.restriction_ids],
        "notices": [str(each) for each in sent],
    }


def _case_decisions(tenant_id: str, decision: Decision) -> dict[str, Decision]:
    """Return the finding and the amount of the case that a decision belongs to, by their name."""
    rows = Decision.objects.filter(
        tenant_id=tenant_id,
        rulebook=decision.rulebook,
        subject_kind=decision.subject_kind,
        subject_id=decision.subject_id,
        period=decision.period,
        decision__in=(GROUND, *AMOUNTS),
    )
    return {row.decision: row for row in rows}


def _must_be_confirmed(decision: Decision) -> None:
    missing = unconfirmed_of(decision)
    if missing:
        commands = "; ".join(
            f"earnest confirm give {each.rulebook} {each.element} --from {each.since}"
            for each in missing
        )
        raise RuleRefused(
            "assumed_unconfirmed",
            where=str(decision.id),
            zh=f"扣划所依据的认定或金额用到尚未确认的示例值：{listed(missing)}；"
            f"请先确认：{commands}",
            en="the finding or the amount rests on sample values that nobody has confirmed: "
            f"{listed(missing)}; confirm them first: {commands}",
        )


def _facts(finding: Decision, amount: Decision | None) -> Words:
    pack, facts = pack_of_receipt(finding.receipt), finding.receipt["facts"]
    ground, clause = pack.texts[facts["ground"]], pack.clauses[finding.clause]
    said = Words(
        f"经审核认定：{ground.zh}（{finding.clause} {clause.zh}），违反日 {facts['breached_on']}",
        f"found after review: {ground.en} ({finding.clause}: {clause.en}), breached on "
        f"{facts['breached_on']}",
    )
    if amount is None:
        return said
    computed = evaluation_of(amount.receipt)
    return Words(
        f"{said.zh}。金额：{computed.explain('zh')}",
        f"{said.en}. The amount: {computed.explain('en')}",
    )


def _item(decision: Decision, finding: Decision) -> NewItem:
    """Return what a shop may dispute of a deduction: that it was found, and its amount."""
    pack, facts = pack_of_receipt(finding.receipt), finding.receipt["facts"]
    ground, amount = pack.texts[facts["ground"]], yuan(decision.money_fen)
    return NewItem(
        kind="deduction",
        about=decision.period,
        clause=finding.clause,
        words=Words(
            f"认定：{ground.zh}，违反日 {facts['breached_on']}；应扣 {amount} 元",
            f"found: {ground.en}, breached on {facts['breached_on']}; {amount} yuan are due",
        ),
        facts={"ground": facts["ground"], "amount_fen": decision.money_fen},
    )


def _effect(progress: Progress) -> Words:
    recovery = progress.recovery
    whom = BENEFICIARIES[recovery.beneficiary]
    amount, rest = yuan(recovery.amount_fen), yuan(progress.rest_fen)
    zh = [f"应付{whom.zh} {amount} 元"]
    en = [f"{amount} yuan are due to {whom.en}"]
    for step in progress.steps:
        source = SOURCES[step.source]
        zh.append(f"{source.zh} {yuan(step.amount_fen)} 元")
        en.append(f"{source.en}: {yuan(step.amount_fen)} yuan")
    if progress.rest_fen:
        zh.append(f"尚欠 {rest} 元，由商家另付")
        en.append(f"{rest} yuan are left for the merchant to pay")
    if progress.claim_fen:
        zh.append("应追偿款付清前暂停货款提现，并从货款中扣抵（S3-5.3d）")
        en.append("until the claim is paid, withdrawal of proceeds stops and they pay it (S3-5.3d)")
    return Words("；".join(zh), "; ".join(en))


def _release(progress: Progress) -> Words:
    if progress.rest_fen and progress.recovery.mode == UNSPLIT:
        return Words(
            "保证金足额时一次扣清，每日及每次缴款时再试；也可自行支付",
            "it is taken in one sum once the deposit has all of it, tried every day and with each "
            "payment in; you may also pay it yourself",
        )
    if progress.rest_fen:
        return Words(
            "付清即结束；在此之前每日及每次缴款时再次扣划",
            "it ends when it is paid; until then it is tried every day and with each payment in",
        )
    if progress.claim_fen:
        return Words(
            "付清应追偿款后提现限制自动解除；保证金低于应缴的，另行通知补缴",
            "the restriction ends by itself when the claim is paid; a notice tells what is to be "
            "topped up",
        )
    return Words(
        "已足额扣划；保证金低于应缴的，另行通知补缴",
        "all of it was taken; a notice tells what is to be topped up",
    )
