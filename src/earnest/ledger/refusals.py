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
    "group_broken": ("同组的另一笔转账被拒绝", "another transfer of its group was not posted"),
}
"""Code -> (Chinese, English). A refused id stays refused: try again under a new id."""
