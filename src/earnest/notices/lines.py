"""A kept statement of reasons as lines that a person reads, for the page and the paper alike."""

from collections.abc import Mapping
from typing import Any, Final

from earnest.kernel.words import Words

_SECTIONS: Final = (
    ("decision", Words("决定", "Decision")),
    ("basis", Words("依据", "Basis")),
    ("facts", Words("事实", "Facts")),
    ("calculation", Words("计算", "Calculation")),
    ("effect", Words("影响", "Effect")),
    ("release", Words("如何解除", "How it ends")),
    ("objection", Words("如有异议", "If you disagree")),
    ("where", Words("向何处提出", "Where to turn")),
    ("decided_by", Words("作出方式", "How it was decided")),
)
_PARTIES: Final = {
    "provider": Words("服务商", "provider"),
    "shop": Words("店铺", "shop"),
}
_FACTS: Final = {
    "subject": Words("对象", "Party"),
    "rule": Words("规则与条款", "Rule and clause"),
    "edition": Words("规则版本", "Edition"),
    "ticket": Words("处罚单", "Ticket"),
    "decision": Words("决定编号", "Decision id"),
    "due": Words("须办理期限", "To be done by"),
    "until": Words("申诉截止日", "Last day to appeal"),
}


def sections_of(content: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """Return the parts of a statement with their headings in one language, empty ones left out."""
    parts = content["parts"][language]
    return [(name.said(language), parts[key]) for key, name in _SECTIONS if parts.get(key)]


def facts_of(content: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """Return what a statement is about in short: party, rule, numbers and days, empty ones out."""
    subject, rule, appeal = content["subject"], content["rule"], content["appeal"]
    kind = _PARTIES.get(subject["kind"], Words(subject["kind"], subject["kind"]))
    values = {
        "subject": f"{kind.said(language)} {subject['id']} {subject['name']}".strip(),
        "rule": f"{rule['rulebook']} {rule['clause']}",
        "edition": rule["edition"][:16],
        "ticket": appeal["ticket"],
        "decision": content["decision_id"],
        "due": content["due_on"],
        "until": appeal["until"],
    }
    return [(_FACTS[key].said(language), value) for key, value in values.items() if value]
