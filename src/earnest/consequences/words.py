"""The words of findings and outcomes, in Chinese and English, for notices and summaries."""

from collections.abc import Sequence

from earnest.kernel.money import yuan
from earnest.kernel.words import Words
from earnest.restrictions.release import Condition

MEASURES: dict[str, Words] = {
    "shipping48h": Words("48小时发货率", "48-hour shipping rate"),
    "quality_refund30d": Words("近30天品质退款率", "30-day quality-refund rate"),
    "after_sales_refund_unshipped": Words("未发货仅退款时效", "refund-only, not shipped, in time"),
    "after_sales_refund_shipped": Words("已发货仅退款时效", "refund-only, shipped, in time"),
    "after_sales_return_stage1": Words("退货退款一阶段时效", "return stage 1 in time"),
    "after_sales_return_stage2": Words("退货退款二阶段时效", "return stage 2 in time"),
    "reply3min": Words("3分钟响应率", "answers to merchants within 3 minutes"),
    "catalogue_sync": Words("货品变动及时告知率", "changes of goods told in time"),
    "catalogue_report24h": Words("新上架24小时上报率", "new listings reported within 24 hours"),
    "interface_success": Words("接口调用成功率", "share of interface calls that succeed"),
    "interface_latency": Words("接口耗时达标率", "share of interface calls within the time"),
    "interface_availability": Words("接口可用率", "availability of interfaces"),
    "complaints": Words("投诉处理", "handling of complaints"),
    "nps_composite": Words("NPS 综合得分", "NPS composite score"),
}
OUTCOMES: dict[str, Words] = {
    "hide": Words("隐藏服务", "hide the service"),
    "delist": Words("下架服务", "delist the service"),
    "remove": Words("清退服务商", "remove the provider"),
    "notify": Words("通知整改", "notify to put right"),
    "admit": Words("准入通过", "admit"),
    "refuse_admission": Words("不予准入", "refuse admission"),
    "set": Words("核定应缴保证金", "set the required deposit"),
    "raise": Words("上调应缴保证金", "raise the required deposit"),
    "lower": Words("下调应缴保证金", "lower the required deposit"),
    "transfer_from_proceeds": Words("自货款划转补足", "fill up from sales proceeds"),
    "limit_sales": Words("限制商品销售", "limit sales"),
    "limit_withdrawal": Words("限制货款提现", "limit withdrawal of proceeds"),
    "end_service": Words("终止服务", "end the service"),
    "close_cart": Words("关闭购物车", "close the cart"),
    "close_listing": Words("关闭上架", "close listing"),
    "suspend_service": Words("暂停服务", "suspend the service"),
    "raise_deposit": Words("提高保证金", "raise the deposit for a cause"),
    "release_raise": Words("解除提高", "release a raise"),
    "open_category": Words("新增类目", "add a category"),
    "withdraw_excess": Words("提取超额保证金", "withdraw excess"),
    "refund_and_close": Words("退店并退还保证金", "close the shop and refund the deposit"),
    "refund_and_leave": Words("退出并退还保证金", "leave the market and refund the deposit"),
    "forfeit_deposit": Words("扣除全部保证金", "forfeit the whole deposit"),
    "found": Words("认定成立", "the finding stands"),
    "assessed": Words("核定应扣金额", "assess the amount due"),
    "deduct": Words("扣划保证金", "deduct from the deposit"),
    "deduct_whole": Words("一次性足额扣划保证金", "deduct from the deposit, all of it at once"),
    "hold": Words("扣留保证金", "hold the deposit"),
    "settle_platform": Words("结算扣留，归平台", "settle the hold for the platform"),
    "settle_consumer": Words("结算扣留，赔付消费者", "settle the hold for consumers"),
    "settle_right_holder": Words("结算扣留，赔付权利人", "settle the hold for a right-holder"),
    "release_hold": Words("解除扣留", "release the hold"),
    "freeze_publishing": Words("冻结发布", "freeze publishing"),
    "freeze": Words("冻结服务", "freeze the service"),
    "clear": Words("清空服务", "clear the service"),
    "downweight": Words("流量降权", "reduce traffic"),
    "revoke_category": Words("撤销类目", "revoke the category"),
    "hide_goods": Words("隐藏货品", "hide goods"),
    "ban_goods": Words("禁售货品", "ban goods"),
    "brand_off": Words("品牌摘牌", "take a brand off"),
    "bar": Words("限制再入驻", "bar re-entry"),
    "points": Words("记违规分", "give violation points"),
    "breach_money": Words("收取违约金", "take breach money"),
}
PERIODS: dict[str, Words] = {"admission": Words("入驻时", "on admission")}
CAPABILITIES: dict[str, Words] = {
    "visibility": Words("市场展示", "being shown in the market"),
    "new_order": Words("新订购", "new orders"),
    "renewal": Words("续订", "renewals"),
    "running_use": Words("已订购服务的使用", "running use"),
    "interface_calls": Words("接口调用", "interface calls"),
    "publishing": Words("发布与上架", "publishing and listing"),
    "sales": Words("商品销售", "sales"),
    "withdrawal": Words("货款提现", "withdrawal of proceeds"),
    "traffic": Words("流量", "traffic"),
    "goods_listing": Words("货品上架", "listing of goods"),
    "brand": Words("品牌使用", "use of a brand"),
    "category": Words("经营类目", "trading in the category"),
    "reentry": Words("再次入驻", "re-entry"),
}
THINGS: dict[str, Words] = {
    "listing": Words("上架链接", "listing"),
    "item_id": Words("货品", "item"),
    "charge": Words("收费项", "charge"),
    "function": Words("功能", "function"),
    "brand": Words("品牌", "brand"),
    "category": Words("类目", "category"),
    "month": Words("月份", "month"),
}
CONDITIONS: dict[str, Words] = {
    "time": Words("到 {on}", "{on} is reached"),
    "topped_up": Words("补足保证金", "the deposit is topped up"),
    "application": Words("提出恢复上架申请", "relisting is applied for"),
    "nothing_owed": Words("付清应追偿款", "the claim is paid"),
}


def fine_words(due_fen: int, taken_fen: int, claim_fen: int) -> Words:
    """Say what of a fine was taken from the deposit, and what became of the rest."""
    taken = Words(
        f"从保证金中扣除 {yuan(taken_fen)} 元",
        f"{yuan(taken_fen)} yuan are taken from the deposit",
    )
    if claim_fen:
        return Words(
            f"{taken.zh}，不足的 {yuan(claim_fen)} 元列为应追偿款",
            f"{taken.en}, the missing {yuan(claim_fen)} yuan are owed as a claim",
        )
    if taken_fen < due_fen:
        missing = yuan(due_fen - taken_fen)
        return Words(
            f"{taken.zh}，不足的 {missing} 元不再追偿",
            f"{taken.en}, the missing {missing} yuan are not claimed",
        )
    return taken


def forfeit_words(paid_fen: int, forfeited_fen: int, claim_fen: int) -> Words:
    """Say what a forfeited deposit paid, and what is owed beyond it."""
    taken, paid, forfeited = (
        yuan(each) for each in (paid_fen + forfeited_fen, paid_fen, forfeited_fen)
    )
    zh = f"扣除全部可用保证金 {taken} 元：赔付 {paid} 元，违约金 {forfeited} 元"
    en = (
        f"the whole free deposit of {taken} yuan is taken: {paid} yuan as damages, {forfeited} "
        "yuan as a penalty"
    )
    if claim_fen:
        zh += f"；不足的 {yuan(claim_fen)} 元列为应追偿款"
        en += f"; the missing {yuan(claim_fen)} yuan are owed as a claim"
    return Words(zh, en)


def thing_words(thing: str) -> Words:
    """Say what a violation is about, as facts name it: a kind and its name.

    >>> thing_words("function 批量铺货").zh
    '功能 批量铺货'
    """
    kind, _, name = thing.partition(" ")
    said = THINGS.get(kind, Words(kind, kind))
    return Words(f"{said.zh} {name}".strip(), f"{said.en} {name}".strip())


def conditions_words(conditions: Sequence[Condition]) -> Words:
    """Say under which conditions a restriction ends."""
    if not conditions:
        return Words("不自动解除", "it does not end by itself")
    if len(conditions) == 1 and conditions[0]["kind"] == "any_of":
        said = _joined(conditions[0]["conditions"])
        return Words(f"满足其一即可：{said.zh}", f"when one of these holds: {said.en}")
    said = _joined(conditions)
    return Words(f"同时满足：{said.zh}", f"when all of these hold: {said.en}")


def _joined(conditions: Sequence[Condition]) -> Words:
    said = [_condition_words(each) for each in conditions]
    return Words("、".join(each.zh for each in said), "; ".join(each.en for each in said))


def _condition_words(condition: Condition) -> Words:
    if condition["kind"] == "any_of":
        said = _joined(condition["conditions"])
        return Words(f"其中之一（{said.zh}）", f"one of ({said.en})")
    words, on = CONDITIONS[condition["kind"]], condition.get("on", "")
    return Words(words.zh.format(on=on), words.en.format(on=on))


def capabilities_words(capabilities: list[str]) -> Words:
    """Say which capabilities are restricted."""
    return Words(
        "受限：" + "、".join(CAPABILITIES[each].zh for each in capabilities),
        "restricted: " + ", ".join(CAPABILITIES[each].en for each in capabilities),
    )
