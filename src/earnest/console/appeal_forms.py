"""The forms of appeals: what is disputed item by item, and what is found item by item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import QueryDict

from earnest.appeals.appealing import Appealable
from earnest.appeals.deciding import Verdict
from earnest.appeals.filing import GROUNDS, Disputed
from earnest.appeals.models import CORRECTED, VERDICTS, AppealItem
from earnest.console.texts import text
from earnest.documents.models import Document
from earnest.measures.set_aside import Correction
from earnest.tickets.models import TicketItem

LONG_MAX = 4000
NUMBER_DIGITS = 9


@dataclass
class DisputedForm:
    """An item of the wizard as it was filled in, with what is wrong with it."""

    offered: Appealable
    chosen: bool = False
    ground: str = ""
    said: str = ""
    problem: str = ""


@dataclass
class VerdictForm:
    """An item of the hearing as it was filled in, with what is wrong with it."""

    disputed: AppealItem
    item: TicketItem
    verdict: str = ""
    reason: str = ""
    points: str = ""
    answers: str = ""
    problem: str = ""


def _long(given: Mapping[str, str], name: str) -> str:
    kept = given.get(name, "").replace("\r\n", "\n")[:LONG_MAX]
    return "".join(each for each in kept if each.isprintable() or each == "\n").strip()


def disputed_read(offered: Sequence[Appealable], posted: QueryDict | None) -> list[DisputedForm]:
    """Return the wizard's items: empty at first, as they were sent otherwise."""
    if posted is None:
        return [DisputedForm(each) for each in offered]
    rows = []
    for each in offered:
        place = each.item.position
        row = DisputedForm(
            each,
            chosen=posted.get(f"chosen-{place}") == "yes" and each.refusal is None,
            ground=posted.get(f"ground-{place}", ""),
            said=_long(posted, f"said-{place}"),
        )
        if row.chosen and (row.ground not in GROUNDS or not row.said):
            row.problem = text("appeal.item_incomplete")
        rows.append(row)
    return rows


def disputes(rows: Sequence[DisputedForm], documents: Sequence[Document]) -> list[Disputed]:
    """Return what the party disputes; the documents belong to every chosen item."""
    ids = tuple(each.id for each in documents)
    return [
        Disputed(each.offered.item.position, each.ground, each.said, ids)
        for each in rows
        if each.chosen
    ]


def verdicts_read(
    items: Sequence[tuple[AppealItem, TicketItem]], posted: QueryDict | None
) -> list[VerdictForm]:
    """Return the hearing's items: as proposed before at first, as they were sent otherwise."""
    rows = []
    for disputed, item in items:
        place, row = disputed.position, VerdictForm(disputed, item)
        if posted is None:
            row.verdict = disputed.verdict if disputed.verdict in VERDICTS else ""
            row.reason = disputed.reason
            row.points = _tenths_written(disputed.correction.get("points"))
            row.answers = str(disputed.correction.get("answers", ""))
        else:
            row.verdict = posted.get(f"verdict-{place}", "")
            row.reason = _long(posted, f"reason-{place}")
            row.points = posted.get(f"points-{place}", "").strip()[:NUMBER_DIGITS]
            row.answers = posted.get(f"answers-{place}", "").strip()[:NUMBER_DIGITS]
            row.problem = _problem(row)
        rows.append(row)
    return rows


def _problem(row: VerdictForm) -> str:
    if row.verdict not in VERDICTS:
        return text("appeal.verdict_missing")
    if not row.reason:
        return text("appeal.reason_missing")
    if row.verdict == CORRECTED and _correction(row) is None:
        return text("appeal.correction_wrong")
    return ""


def verdicts_of(rows: Sequence[VerdictForm]) -> list[Verdict]:
    """Return what was found of each item."""
    return [
        Verdict(
            each.disputed.position,
            each.verdict,
            each.reason,
            _correction(each) if each.verdict == CORRECTED else None,
        )
        for each in rows
    ]


def _correction(row: VerdictForm) -> Correction | None:
    """Return the corrected figure: a sum of scores as 56.0 and a number of answers."""
    points = _tenths(row.points)
    if points is None or not row.answers.isascii() or not row.answers.isdigit():
        return None
    answers = int(row.answers)
    return Correction(points, answers, answers) if answers else None


def _tenths(written: str) -> int | None:
    """Return a number with at most one place as tenths, or None.

    >>> _tenths("56.5"), _tenths("56"), _tenths("5.65")
    (565, 560, None)
    """
    whole, _, place = written.partition(".")
    if not whole.isascii() or not whole.isdigit() or len(place) > 1:
        return None
    if place and not (place.isascii() and place.isdigit()):
        return None
    return int(whole) * 10 + int(place or "0")


def _tenths_written(tenths: int | None) -> str:
    return "" if tenths is None else f"{tenths // 10}.{tenths % 10}"
