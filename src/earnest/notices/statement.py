"""The statement of reasons: what was decided, on what basis, facts and calculation, what now.

Every sanction's notice carries one, in Chinese and English; its parts are always in this order.
"""

from earnest.notices.commands import Message
from earnest.notices.parts import Reasons
from earnest.notices.words import OBJECTION

__all__ = ["HEADINGS", "OBJECTION", "Reasons", "statement"]

HEADINGS = {
    "zh": ("决定", "依据", "事实", "计算", "影响", "如何解除", "如有异议"),
    "en": ("Decision", "Basis", "Facts", "Calculation", "Effect", "How it ends", "If you disagree"),
}


def statement(reasons: Reasons, language: str) -> Message:
    """Put the parts of a statement together, each under its heading.

    Takes:
        language: ``zh`` or ``en``.
    """
    parts = (
        reasons.decision, reasons.basis, reasons.facts, reasons.calculation, reasons.effect,
        reasons.release, reasons.objection or OBJECTION[language],
    )  # fmt: skip
    colon = "：" if language == "zh" else ": "
    lines = [
        f"{heading}{colon}{part}"
        for heading, part in zip(HEADINGS[language], parts, strict=True)
        if part
    ]
    return Message(reasons.title, "\n".join(lines))
