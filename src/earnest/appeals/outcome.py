"""What a party is told when its appeal is decided: item by item, and what changes for it."""

from collections.abc import Sequence

from earnest.appeals.models import CORRECTED, OVERTURNED, UPHELD, Appeal, AppealItem
from earnest.appeals.queries import decision_of
from earnest.appeals.table import Row, Standing, Table
from earnest.consequences.words import OUTCOMES, capabilities_words
from earnest.kernel.money import yuan
from earnest.kernel.words import NOTHING, Words
from earnest.notices.commands import NewNotice
from earnest.notices.reasoned import Told, reasoned_notice
from earnest.rulebooks.packs import pack_of_receipt
from earnest.tickets.models import TicketItem

VERDICTS = {
    UPHELD: Words("维持", "the sanction stands"),
    OVERTURNED: Words("撤销", "overturned"),
    CORRECTED: Words("更正", "corrected"),
}
CHANGES = {
    "reversed": Words("撤销", "reversed"),
    "replaced": Words("变更", "replaced"),
    "stays": Words("不变", "stays as it is"),
}
SEMICOLON = Words("；", "; ")


def outcome_notice(appeal: Appeal, table: Table) -> NewNotice:
    """Tell the party the outcome, with the reason of each item and the table in words."""
    decision = decision_of(appeal.ticket)
    items = {item.position: item for item in appeal.ticket.items.all()}
    disputed = list(appeal.items.all())
    whole = all(each.verdict == UPHELD for each in disputed)
    decided = (
        Words("维持原处罚", "the sanction stands")
        if whole
        else Words("申诉获支持（见下）", "the appeal succeeds, as said below")
    )
    return reasoned_notice(
        Told(
            subject=appeal.subject,
            about=f"appeal {appeal.number} decided",
            pack=pack_of_receipt(decision.receipt),
            clause=appeal.ticket.clause,
            decision_id=decision.id,
            title=Words(
                f"申诉 {appeal.number} 的复核结果", f"The outcome of appeal {appeal.number}"
            ),
            decided=decided,
            facts=_joined([_item_words(each, items[each.position]) for each in disputed]),
            calculation=_joined([row_words(each) for each in table.rows]),
            effect=effect_words(table),
            release=NOTHING,
            kind="finding",
            severity="info" if not whole else "warning",
            persons=2 if appeal.confirmed_by else 1,
        )
    )


def _item_words(disputed: AppealItem, item: TicketItem) -> Words:
    verdict = VERDICTS[disputed.verdict]
    return Words(
        f"第 {item.position} 项（{item.zh}）：{verdict.zh}。{disputed.reason}",
        f"item {item.position} ({item.en}): {verdict.en}. {disputed.reason}",
    )


def row_words(row: Row) -> Words:
    """Say one row of the table in a sentence."""
    change = CHANGES[row.change]
    before, after = standing_words(row.before), standing_words(row.after)
    if row.change == "stays":
        return Words(
            f"{row.period} {before.zh}：{change.zh}", f"{row.period} {before.en} {change.en}"
        )
    return Words(
        f"{row.period} {change.zh}：{before.zh} → {after.zh}",
        f"{row.period} {change.en}: {before.en} -> {after.en}",
    )


def standing_words(standing: Standing) -> Words:
    """Say what a decision takes, in short."""
    if not standing.outcome:
        return Words("无处罚", "nothing")
    outcome = OUTCOMES[standing.outcome]
    if not standing.due_fen:
        return outcome
    amount = yuan(standing.due_fen)
    return Words(f"{outcome.zh}、扣 {amount} 元", f"{outcome.en}, {amount} yuan")


def effect_words(table: Table) -> Words:
    """Say what changes for the party as a whole."""
    parts: list[Words] = []
    before, after = table.before, table.after
    if moved := after.deposit_fen - before.deposit_fen:
        amount = yuan(abs(moved))
        parts.append(
            Words(f"退回保证金 {amount} 元", f"{amount} yuan go back to the deposit")
            if moved > 0
            else Words(f"扣除保证金 {amount} 元", f"{amount} yuan are taken from the deposit")
        )
    if moved := after.proceeds_fen - before.proceeds_fen:
        amount = yuan(abs(moved))
        parts.append(
            Words(f"退回货款 {amount} 元", f"{amount} yuan go back to the sales proceeds")
            if moved > 0
            else Words(f"自货款划转 {amount} 元", f"{amount} yuan are taken from sales proceeds")
        )
    if moved := after.required_fen - before.required_fen:
        amount = yuan(after.required_fen)
        parts.append(
            Words(f"应缴保证金变为 {amount} 元", f"the required deposit is {amount} yuan now")
        )
    if after.claim_fen != before.claim_fen:
        owed = yuan(after.claim_fen)
        parts.append(Words(f"应追偿款变为 {owed} 元", f"{owed} yuan are owed as a claim now"))
    if after.taking_part and not before.taking_part:
        parts.append(Words("恢复服务商资格", "you take part in the market again"))
    if freed := sorted(set(before.restricted) - set(after.restricted)):
        words = capabilities_words(freed)
        parts.append(Words(f"解除（{words.zh}）", f"free again ({words.en})"))
    if added := sorted(set(after.restricted) - set(before.restricted)):
        words = capabilities_words(added)
        parts.append(words)
    return _joined(parts) if parts else Words("无变化", "nothing changes")


def _joined(parts: Sequence[Words]) -> Words:
    return Words(
        SEMICOLON.zh.join(each.zh for each in parts), SEMICOLON.en.join(each.en for each in parts)
    )
