"""How a what-if report calls things, in Chinese and English: always as what would change."""

from typing import Any, Final

from earnest.policy import Pack
from earnest.whatif.outcomes import GONE

Words = dict[str, str]
"""A text for people: ``{"zh": ..., "en": ...}``."""


def words(zh: str, en: str) -> Words:
    """Return a text for people."""
    return {"zh": zh, "en": en}


LABEL: Final = words(
    "试算：以下为将会发生的变化，没有改动任何记录", "what would change; nothing has been changed"
)
EFFECTS: Final[dict[str, Words]] = {
    "newly_fined": words("将新增罚款", "would be newly fined"),
    "fined_more": words("罚款将增加", "would be fined more"),
    "fined_less": words("罚款将减少", "would be fined less"),
    "no_longer_fined": words("将不再罚款", "would no longer be fined"),
    "newly_removed": words("将被清退", "would be removed"),
    "newly_restricted": words("将新受限制", "would be newly restricted"),
    "other_measure": words("将改用其他措施", "would face another measure"),
    "no_longer_removed": words("将不再清退，仍受限制", "would be restricted, no longer removed"),
    "released": words("将不受限制", "would be released"),
    "already_gone": words("届时将已清退，不再考核", "would already be gone, and not be judged"),
    "still_here": words("届时将仍在，继续考核", "would still be here, and be judged"),
    "newly_breached": words("将新增未达标", "would newly fail"),
    "no_longer_breached": words("将改为达标或不考核", "would no longer fail"),
    "newly_notified": words("将新收到通知", "would be newly notified"),
    "no_longer_notified": words("将不再收到通知", "would no longer be notified"),
    "newly_short": words("保证金将新出现缺口", "would newly fall short of the deposit"),
    "short_more": words("保证金缺口将扩大", "would be short by more"),
    "short_less": words("保证金缺口将缩小", "would be short by less"),
    "no_longer_short": words("保证金将不再有缺口", "would no longer be short"),
    "excess_grows": words("超额保证金将增加", "excess deposit would grow"),
    "excess_shrinks": words("超额保证金将减少", "excess deposit would shrink"),
    "newly_unresolved": words("将无法判定", "could no longer be decided"),
    "newly_resolved": words("将可以判定", "could newly be decided"),
    "unresolved_otherwise": words("仍无法判定，原因将不同", "undecided for another reason"),
}
DIMENSIONS: Final[dict[str, Words]] = {
    "period": words("月份", "month"),
    "service_category": words("服务类目", "service category"),
}
GONE_WORDS: Final = words("此前已清退", "gone before")
UNDECIDED: Final = words("未判定", "not decided")
TRUTH: Final = {True: words("是", "yes"), False: words("否", "no")}


def called(pack: Pack, name: str) -> Words:
    """Return how a name is called: the title of the table or decision, the pack's words, itself."""
    title = pack.texts.get(name)
    for titled in (pack.tables.get(name), pack.decisions.get(name), pack.parameters.get(name)):
        title = title or (titled.title if titled else None)
    return words(title.zh, title.get("en")) if title else words(name, name)


def outcome_called(pack: Pack, decision: str, outcome: str) -> Words:
    """Return how an outcome is called: the words of the step that gives it, else its own."""
    spec = pack.decisions[decision]
    step = spec.outcome.get(outcome, outcome)
    titles = {each.name: each.title for each in spec.steps}
    title = titles.get(step) or pack.texts.get(step) or pack.texts.get(outcome)
    return words(title.zh, title.get("en")) if title else words(outcome, outcome)


def value_called(pack: Pack, value: Any) -> Words:
    """Return how a value of an outcome or dimension is called."""
    if isinstance(value, bool):
        return TRUTH[value]
    if value is None:
        return UNDECIDED
    if value == GONE and value not in pack.texts:
        return GONE_WORDS
    title = pack.texts.get(str(value))
    return words(title.zh, title.get("en")) if title else words(str(value), str(value))
