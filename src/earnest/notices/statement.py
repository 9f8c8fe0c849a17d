"""The statement of reasons: what was decided, on what basis, facts and calculation, what now.

Every sanction's notice carries one, in Chinese and English; its parts are always in this order.
"""

from dataclasses import dataclass

from earnest.notices.commands import Message

HEADINGS = {
    "zh": ("决定", "依据", "事实", "计算", "影响", "如何解除", "如有异议"),
    "en": ("Decision", "Basis", "Facts", "Calculation", "Effect", "How it ends", "If you disagree"),
}
OBJECTION = {
    "zh": (
        "如有异议，请向平台提出并附上证据；您可以要求由人工复核，复核人与作出决定的人不是同一人。"
    ),
    "en": (
        "tell the marketplace and attach your evidence; you may ask for a review by a person, who "
        "is not the one that decided."
    ),
}


@dataclass(frozen=True)
class Reasons:
    """The parts of a statement in one language; an empty part is left out."""

    title: str
    decision: str
    basis: str
    facts: str
    calculation: str
    effect: str = ""
    release: str = ""


def statement(reasons: Reasons, language: str) -> Message:
    """Put the parts of a statement together, each under its heading.

    Takes:
        language: ``zh`` or ``en``.
    """
    parts = (
        reasons.decision, reasons.basis, reasons.facts, reasons.calculation, reasons.effect,
        reasons.release, OBJECTION[language],
    )  # fmt: skip
    colon = "：" if language == "zh" else ": "
    lines = [
        f"{heading}{colon}{part}"
        for heading, part in zip(HEADINGS[language], parts, strict=True)
        if part
    ]
    return Message(reasons.title, "\n".join(lines))
