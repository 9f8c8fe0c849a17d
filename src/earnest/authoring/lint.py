"""Everything that can be said about a pack before it is used: what is wrong, and what looks so.

Errors are what keeps a pack from being loaded or announced. Warnings are what a careful reader
would ask about. Information is what is true and should be known (a sample value, a row that no
case tries). A pack that extends another is remarked upon only where its own file stands.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path as FilePath
from typing import Literal

from earnest.authoring.lint_cases import cases_remarked
from earnest.authoring.lint_dates import dates_remarked, notice_remarked
from earnest.authoring.lint_rows import rows_remarked
from earnest.authoring.lint_usage import choices_remarked, claims_remarked, usage_remarked
from earnest.authoring.lint_values import calendars_remarked, rates_remarked
from earnest.authoring.lint_words import words_remarked
from earnest.authoring.opened import opened
from earnest.kernel.errors import Problem
from earnest.policy import Pack, PackError, load_pack, load_pack_text

Severity = Literal["error", "warning", "info"]

SEVERITIES: dict[str, Severity] = {
    "unclaimed_clause": "warning",
    "unused": "warning",
    "unreachable_row": "warning",
    "no_text": "warning",
    "no_case": "warning",
    "unset_value": "info",
    "late_draft": "warning",
    "closed_weekend": "warning",
    "opened_weekday": "warning",
    "tiny_rate": "warning",
    "unnamed_choice": "warning",
    "no_own_cases": "warning",
    "no_reason": "info",
    "no_name": "info",
    "assumed_value": "info",
    "never_exercised": "info",
    "never_decides": "info",
}
"""How grave each kind of remark is; every other problem is an error."""


@dataclass(frozen=True)
class Remark:
    """Something to say about a pack, with its place."""

    severity: Severity
    problem: Problem

    def as_dict(self) -> dict[str, str]:
        """Return it as a row for JSON or a table."""
        return {"severity": self.severity, **self.problem.as_dict()}


def lint(
    pack: str | FilePath, *, law: Pack | None = None, today: date | None = None, name: str = "pack"
) -> list[Remark]:
    """Return every remark about a pack, in the order of its file.

    Takes: a file's path, or a pack's text with the ``name`` that stands in front of places; the
    law pack whose notice periods its acts must keep; the day as of which drafts may be late.

    Raises:
        BadInput: the file cannot be read.
    """
    try:
        loaded = load_pack(pack) if isinstance(pack, FilePath) else load_pack_text(pack, name)
    except PackError as error:
        return [Remark(SEVERITIES.get(each.code, "error"), each) for each in error.problems]
    name = str(pack) if isinstance(pack, FilePath) else name
    whole = opened(loaded.text, name)
    document, book = whole.document, whole.book
    claims_remarked(document, book)
    usage_remarked(document, book)
    choices_remarked(document, book)
    rates_remarked(document, book)
    calendars_remarked(document, book)
    rows_remarked(document, book)
    words_remarked(document, book)
    cases_remarked(document, book, loaded)
    dates_remarked(document, book, today)
    if law is not None:
        notice_remarked(document, book, law)
    # What stands in a base is remarked upon when that file is linted.
    own = [each for each in document.problems if each.where.startswith(f"{name}:")]
    return [Remark(SEVERITIES.get(each.code, "error"), each) for each in sorted(own, key=_place)]


def _place(problem: Problem) -> tuple[int, int]:
    _, line, column = problem.where.rsplit(":", 2)
    return int(line), int(column)
