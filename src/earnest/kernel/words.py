"""What is said to people, in Chinese and in English."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """A thing said in both languages."""

    zh: str
    en: str

    def said(self, language: str) -> str:
        """Return it in ``zh`` or ``en``."""
        return self.zh if language == "zh" else self.en


NOTHING = Words("", "")
