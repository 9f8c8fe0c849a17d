"""The errors a person can meet, as one closed tree. Each says what, where and what to do.

::

    EarnestError
    ├── BadInput          the words, a file or a row are wrong            exit 2 · HTTP 422
    ├── NotFound          no such thing, or not yours to see              exit 2 · HTTP 404
    ├── NotAllowed        your role may not do this                       exit 2 · HTTP 403
    ├── Conflict          the same id or key with other content           exit 1 · HTTP 409
    ├── RuleRefused       a rule says no (no edition, no row, no fact)    exit 1 · HTTP 409
    └── WorldFailed       database, disk or network                       exit 1 · HTTP 503
"""

from dataclasses import asdict, dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Problem:
    """What is wrong, where, and what to do about it, in Chinese and English.

    Attributes:
        code: stable name in snake case, for programs.
        where: file, row and field, or the id of the thing; empty when there is no place.
        zh: what is wrong and what to do, in Chinese.
        en: the same in English.
    """

    code: str
    where: str
    zh: str
    en: str

    def as_dict(self) -> dict[str, str]:
        """Return it as a row for JSON or a table."""
        return asdict(self)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.en} [{self.code}]"


class EarnestError(Exception):
    """A problem that stops the command and is shown to the person who gave it."""

    exit_status: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, code: str, *, zh: str, en: str, where: str = "") -> None:
        self.problem = Problem(code=code, where=where, zh=zh, en=en)
        super().__init__(str(self.problem))


class BadInput(EarnestError):
    """The words, a file or a row are wrong."""

    exit_status = 2
    http_status = 422


class NotFound(EarnestError):
    """There is no such thing, or it is not yours to see."""

    exit_status = 2
    http_status = 404


class NotAllowed(EarnestError):
    """Your role may not do this."""

    exit_status = 2
    http_status = 403


class Conflict(EarnestError):
    """The same id or key was used before with other content."""

    http_status = 409


class RuleRefused(EarnestError):
    """A rule says no: no edition in force, no row for the value, a missing fact."""

    http_status = 409


class WorldFailed(EarnestError):
    """The database, the disk or the network failed."""

    http_status = 503
