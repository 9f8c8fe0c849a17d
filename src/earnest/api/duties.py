"""A provider's duties: what was judged, what runs, headroom and outlook."""

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from earnest.api.access import now_for, party_seen, reader_of, scope_of
from earnest.api.problems import ERRORS, ProblemOut
from earnest.api.shapes import PartyKind, Text
from earnest.assessment.alerts import duty_name
from earnest.assessment.duties import PROVIDER
from earnest.assessment.duty_lines import Counted, Lines
from earnest.assessment.duty_words import assumption_words, headroom_words, outlook_words
from earnest.assessment.running import Outlook, Running
from earnest.assessment.standing import DutyStanding, Judged, exclusions, standing_of
from earnest.kernel.errors import BadInput
from earnest.kernel.words import Words
from earnest.measures.peers import Peers

router = Router(tags=["measures"])


class SaidOut(Schema):
    """A sentence in both languages; empty where there is nothing to say."""

    zh: str
    en: str


class HeldOut(Schema):
    """A figure and its lines.

    ``spare`` more bad cases keep the line; ``missing`` faultless ones bring it back (null: none
    would). ``left_out`` counts what the figure leaves out or marks, by reason.
    """

    numerator: int
    denominator: int
    sample: int
    pending: int
    window_from: date
    window_to: date
    as_of: datetime
    state: str
    level: str
    target_ppm: int | None
    alert_ppm: int | None
    limit: int | None
    fewest: int
    spare: int | None
    missing: int | None
    headroom: SaidOut
    left_out: dict[str, int]


class JudgedOut(Schema):
    """The newest assessed month; ``corrected`` and ``set_aside`` follow from appeals."""

    month: str
    status: str
    rulebook: str
    corrected: bool
    figure: HeldOut


class OutlookOut(Schema):
    """What follows if days go on like the pace's; a hint, nobody is judged by it."""

    pace_days: int
    pace_bad: int
    pace_total: int
    pace_from: date
    pace_to: date
    days_left: int
    breach_in_days: int | None
    recover_in_days: int | None
    ends_met: bool
    ends_numerator: int
    ends_denominator: int
    said: SaidOut
    assumption: SaidOut


class RunningOut(Schema):
    """A month that is not assessed yet, counted to date."""

    month: str
    final_at: datetime
    figure: HeldOut
    outlook: OutlookOut | None


class RateOut(Schema):
    """An exact rate."""

    numerator: int
    denominator: int


class PeersOut(Schema):
    """The others of the judged month: quartiles and the own quarter (1 best), never names."""

    others: int
    best: RateOut
    median: RateOut
    worst: RateOut
    band: int


class PointOut(Schema):
    """A month of the trend."""

    month: str
    numerator: int
    denominator: int
    status: str


class DutyOut(Schema):
    """One duty of a provider."""

    measure: str
    name: SaidOut
    clause: str
    direction: str
    level: str
    running: RunningOut | None
    closing: RunningOut | None
    judged: JudgedOut | None
    peers: PeersOut | None
    trend: list[PointOut]
    told_until: datetime | None
    told_by: str


class DutyList(Schema):
    """The duties of a party as known at an instant."""

    subject_kind: str
    subject_id: str
    as_of: datetime
    items: list[DutyOut]


@router.get(
    "/duties",
    response={200: DutyList, ERRORS: ProblemOut},
    summary="A provider's duties: level, headroom, outlook",
)
def duties(
    request: HttpRequest, subject_kind: PartyKind | None = None, subject: Text | None = None
) -> dict[str, Any]:
    """Return each duty of a party: the month to date with headroom, and what was judged last.

    An operator names the party, a party gets its own. A shop has no such duty.
    """
    caller = reader_of(request)
    scope = scope_of(caller, subject_kind, subject)
    if not all(scope):
        raise BadInput(
            "party_missing",
            where="subject_kind, subject",
            zh="请指明主体：subject_kind 和 subject。",
            en="name the party with subject_kind and subject",
        )
    kind, subject_id = party_seen(caller, scope)
    now = now_for(caller)
    found = standing_of(caller.tenant_id, subject_id, now) if kind == PROVIDER else []
    items = [duty_out(each) for each in found]
    return {"subject_kind": kind, "subject_id": subject_id, "as_of": now, "items": items}


def duty_out(standing: DutyStanding) -> dict[str, Any]:
    """Return a duty as the API tells it."""
    return {
        "measure": standing.measure,
        "name": _said(duty_name(standing.measure)),
        "clause": standing.clause,
        "direction": standing.direction,
        "level": standing.level,
        "running": _running(standing.running),
        "closing": _running(standing.closing),
        "judged": _judged(standing.judged),
        "peers": _peers(standing.peers),
        "trend": [vars(point) for point in standing.trend],
        "told_until": standing.fresh.told_at,
        "told_by": standing.fresh.stream,
    }


def _said(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


def _held(what: Counted, lines: Lines) -> dict[str, Any]:
    return {
        "numerator": what.numerator,
        "denominator": what.denominator,
        "sample": what.sample,
        "pending": what.pending,
        "window_from": what.window.first,
        "window_to": what.window.last,
        "as_of": what.as_of,
        "state": what.state,
        "level": lines.level,
        "target_ppm": lines.target_ppm,
        "alert_ppm": lines.alert_ppm,
        "limit": lines.limit,
        "fewest": lines.fewest,
        "spare": lines.left.spare if lines.left else None,
        "missing": lines.left.missing if lines.left else None,
        "headroom": _said(headroom_words(what, lines)),
        "left_out": exclusions(what),
    }


def _judged(judged: Judged | None) -> dict[str, Any] | None:
    if judged is None:
        return None
    return {
        "month": judged.month,
        "status": judged.status,
        "rulebook": judged.rulebook,
        "corrected": judged.corrected,
        "figure": _held(judged.what, judged.lines),
    }


def _running(running: Running | None) -> dict[str, Any] | None:
    if running is None:
        return None
    return {
        "month": str(running.month),
        "final_at": running.final_at,
        "figure": _held(running.what, running.lines),
        "outlook": _outlook(running, running.outlook) if running.outlook else None,
    }


def _outlook(running: Running, outlook: Outlook) -> dict[str, Any]:
    return {
        "pace_days": outlook.pace.days,
        "pace_bad": outlook.pace.bad,
        "pace_total": outlook.pace.total,
        "pace_from": outlook.window.first,
        "pace_to": outlook.window.last,
        "days_left": outlook.days_left,
        "breach_in_days": outlook.breach_in,
        "recover_in_days": outlook.recover_in,
        "ends_met": outlook.ends_met,
        "ends_numerator": outlook.ends_at[0],
        "ends_denominator": outlook.ends_at[1],
        "said": _said(outlook_words(running)),
        "assumption": _said(assumption_words(running)),
    }


def _peers(peers: Peers | None) -> dict[str, Any] | None:
    if peers is None:
        return None
    rates = {name: getattr(peers, name) for name in ("best", "median", "worst")}
    return {
        "others": peers.others,
        "band": peers.band,
        **{name: {"numerator": n, "denominator": of} for name, (n, of) in rates.items()},
    }
