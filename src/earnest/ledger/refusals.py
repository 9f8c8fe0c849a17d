"""Why a transfer was not posted: the codes of the posting function, in both languages."""

REFUSALS = {
    "unknown_kind": ("没有这种转账类型", "there is no such kind of transfer"),
    "clause_missing": ("转账没有写明依据的条款", "the transfer names no clause"),
    "amount_not_positive": ("金额必须大于零", "the amount must be more than 0"),
    "accounts_same": ("借方和贷方是同一个账户", "debit and credit are the same account"),
    "unknown_account": ("账户不存在", "the account does not exist"),
    "effective_in_future": ("生效时间晚于现在", "it would take effect after now"),
    "balance_too_large": ("余额超出可记录的范围", "the balance would be too large to record"),
    "floor_broken": ("可用余额不足", "the free balance would fall below the account's floor"),
    "ceiling_broken": ("余额会超过账户上限", "the balance would rise above the account's ceiling"),
    "id_used_before": ("编号已用于另一笔转账", "the id was used before for another transfer"),
    "fields_wrong": (
        "给出的内容与转账类型不符（贷方账户、金额、所指转账、是否最终、到期时间）",
        "the fields do not fit its kind: credit account, amount, named transfer, final or expiry",
    ),
    "period_closed": (
        "生效时间属于已结账的月份",
        "it would count from before a closed month's end",
    ),
    "expiry_passed": ("到期时间不晚于现在", "the hold would have expired already"),
    "account_frozen": ("账户已冻结，只进不出", "the account is frozen: money may only come in"),
    "unknown_hold": ("该账户没有这笔扣留", "the account has no such hold"),
    "hold_closed": ("这笔扣留已了结", "the hold is closed: nothing remains of it"),
    "hold_expired": ("这笔扣留已到期", "the hold has expired"),
    "hold_exceeded": ("金额超过扣留余下的部分", "the amount is more than remains of the hold"),
    "hold_not_expired": ("这笔扣留还没有到期", "the hold has not expired yet"),
    "unknown_freeze": ("该账户没有这项冻结", "the account has no such freeze"),
    "freeze_lifted": ("这项冻结已经解除", "the freeze is lifted already"),
    "unknown_original": ("没有要冲回的转账", "there is no such transfer to reverse"),
    "not_reversible": ("这类转账不能冲回", "a transfer of its kind cannot be reversed"),
    "reversal_differs": (
        "冲回的账户或金额与原转账不符",
        "accounts or amount are not those of the original, the other way round",
    ),
    "already_reversed": ("原转账已经冲回", "the original is reversed already"),
    "unknown_up_to": (
        "同组中没有所指的尽额转账",
        "its group has no such up_to transfer before it",
    ),
    "remainder_taken": (
        "所指尽额转账的余额已由另一笔承接",
        "what the up_to transfer left is taken on by another already",
    ),
    "group_broken": ("同组的另一笔转账被拒绝", "another transfer of its group was not posted"),
}
"""Code -> (Chinese, English). A refused id stays refused: try again under a new id."""
