"""What every statement of reasons says in the same words, in Chinese and English."""

from typing import Final

OBJECTION: Final = {
    "zh": (
        "如有异议，请向平台提出并附上证据；您可以要求由人工复核，复核人与作出决定的人不是同一人。"
    ),
    "en": (
        "tell the marketplace and attach your evidence; you may ask for a review by a person, who "
        "is not the one that decided."
    ),
}
"""How to object where no ticket says until when and where."""
