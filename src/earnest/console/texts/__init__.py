"""Every text of the console in Chinese and English, by key, and the reader's language.

A template asks with ``{% t "menu.queue" %}``; nothing a person reads stands anywhere else. Words
for the values of columns (states, outcomes, measures) have the keys ``<kind>.<value>``.
"""

from typing import Literal

from django.utils.translation import get_language

from earnest.console.texts.admission import ADMISSION
from earnest.console.texts.appeals import APPEALS
from earnest.console.texts.cash import CASH
from earnest.console.texts.catalogue import CATALOGUE
from earnest.console.texts.charging import CHARGING
from earnest.console.texts.deliveries import DELIVERIES
from earnest.console.texts.departure import DEPARTURE
from earnest.console.texts.deposit_cases import DEPOSIT_CASES
from earnest.console.texts.deposit_pages import DEPOSIT_PAGES
from earnest.console.texts.duties import DUTIES
from earnest.console.texts.pages import PAGES
from earnest.console.texts.rulebooks import RULEBOOKS
from earnest.console.texts.shell import SHELL
from earnest.console.texts.statements import STATEMENTS
from earnest.console.texts.surveys import SURVEYS
from earnest.console.texts.values import VALUES
from earnest.console.texts.violations import VIOLATIONS

Language = Literal["zh", "en"]
TEXTS: dict[str, tuple[str, str]] = {
    **SHELL,
    **PAGES,
    **RULEBOOKS,
    **DEPOSIT_PAGES,
    **DEPOSIT_CASES,
    **CASH,
    **ADMISSION,
    **SURVEYS,
    **VIOLATIONS,
    **APPEALS,
    **CATALOGUE,
    **CHARGING,
    **DEPARTURE,
    **DUTIES,
    **DELIVERIES,
    **STATEMENTS,
    **VALUES,
}


def language() -> Language:
    """Return the language of the present reader: Chinese unless English was asked for."""
    return "en" if (get_language() or "zh").startswith("en") else "zh"


def text(key: str, **values: object) -> str:
    """Return a text in the reader's language with its places filled in.

    Raises:
        KeyError: there is no text of this key.
    """
    zh, en = TEXTS[key]
    chosen = zh if language() == "zh" else en
    return chosen.format(**values) if values else chosen


def word(kind: str, value: object) -> str:
    """Return the word for a column's value; a value that has none is shown as it stands."""
    key = f"{kind}.{value}"
    return text(key) if key in TEXTS else str(value)
