"""Who may hear an appeal and who may confirm its outcome, and whether anybody is left to.

Both had no hand in any decision that was made for the matter, neither is who filed, and they are
two persons.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from earnest.appeals.models import FILED, OPEN_STATES, Appeal
from earnest.appeals.queries import decision_of
from earnest.cases.models import Case
from earnest.consequences.replacing import first_period, lineage
from earnest.kernel.errors import NotAllowed, Problem
from earnest.kernel.words import Words
from earnest.market.models import Membership
from earnest.market.roles import DECIDE, REVIEW, may
from earnest.tickets.models import Ticket
from earnest.violations.models import Violation

SPOKE, ORDERED, FOUND, PARTY = "spoke", "ordered", "found", "party"
HANDS: Final[Mapping[str, Words]] = {
    SPOKE: Words("审批过原处罚", "gave your word on the sanction"),
    ORDERED: Words(
        "下达或批准过原处罚所依据的长期指令", "ordered or approved the standing order behind it"
    ),
    FOUND: Words("参与过原处罚的提出、举报或认定", "filed, reported or found what it rests on"),
    PARTY: Words("是提出申诉的人", "filed the appeal"),
}
"""What hand a person may have had in a sanction, said to that person."""


def hands_in(ticket: Ticket) -> dict[str, str]:
    """Return who had a hand in a sanction, each with the first hand of :data:`HANDS` it had.

    Those who gave their word on any decision of the matter, those of a standing order behind one,
    and those who filed, reported or found what it rests on.
    """
    found: dict[str, str] = {}
    decisions = lineage(decision_of(ticket))
    for decision in decisions:
        _add(found, SPOKE, decision.approvals.values_list("actor", flat=True))
    for decision in decisions:
        if (order := decision.standing_order) is not None:
            _add(found, ORDERED, (order.ordered_by, order.approved_by))
    _add(found, FOUND, _finders(ticket))
    return found


def _add(found: dict[str, str], hand: str, people: Iterable[str]) -> None:
    for each in people:
        if each:
            found.setdefault(each, hand)


def _finders(ticket: Ticket) -> set[str]:
    """Return who brought the matter up and who judged its facts: of a violation, or of a case."""
    number = first_period(ticket.period).partition(".")[0]
    named = {"tenant_id": ticket.tenant_id, "number": number}
    people: set[str] = set()
    if (violation := Violation.objects.filter(**named).first()) is not None:
        people |= {violation.reported_by, violation.claimed_by, violation.reviewed_by}
        people |= set(violation.entries.values_list("actor", flat=True))
    if (case := Case.objects.filter(**named).first()) is not None:
        people |= {case.opened_by, *case.entries.values_list("actor", flat=True)}
    return people


def people_of(ticket: Ticket) -> set[str]:
    """Return who had a hand in a sanction; none of them hears an appeal or confirms its outcome."""
    return set(hands_in(ticket))


def hand_of(appeal: Appeal, actor: str) -> str:
    """Return what hand a person had in the sanction of an appeal; empty where it had none."""
    return PARTY if actor == appeal.filed_by else hands_in(appeal.ticket).get(actor, "")


def hand_refused(appeal: Appeal, actor: str, code: str, part: Words) -> None:
    """Refuse a person who had a hand in what an appeal is about.

    Takes:
        part: what the person may not do, said as "hear the appeal".

    Raises:
        NotAllowed: with this code, saying which hand it was.
    """
    if not (hand := hand_of(appeal, actor)):
        return
    had = HANDS[hand]
    raise NotAllowed(
        code,
        where=appeal.number,
        zh=f"您{had.zh}，不能{part.zh}；须由未参与过的其他人处理。",
        en=f"you {had.en}, so somebody else who had no hand in it has to {part.en}",
    )


@dataclass(frozen=True)
class Members:
    """The people of a marketplace with a sign-in that is open: who may review, who may decide."""

    reviewers: frozenset[str]
    deciders: frozenset[str]


def members_of(tenant_id: str) -> Members:
    """Return who may review and who may decide now."""
    found: dict[str, set[str]] = {REVIEW: set(), DECIDE: set()}
    rows = Membership.objects.filter(tenant_id=tenant_id, user__is_active=True)
    for role, name in rows.values_list("role", "user__username"):
        for permission, names in found.items():
            if may(role, permission):
                names.add(name)
    return Members(frozenset(found[REVIEW]), frozenset(found[DECIDE]))


@dataclass(frozen=True)
class Eligible:
    """Who is left for an appeal: people with a sign-in that is open, and without a hand in it."""

    hearers: tuple[str, ...]
    confirmers: tuple[str, ...]


def eligible_for(appeal: Appeal, members: Members) -> Eligible:
    """Return who of the members may hear an appeal, and who may then confirm its outcome.

    Who hears it now does not confirm it.
    """
    barred = people_of(appeal.ticket) | {appeal.filed_by}
    confirmers = members.deciders - barred - {appeal.hearer}
    return Eligible(tuple(sorted(members.reviewers - barred)), tuple(sorted(confirmers)))


def stuck_of(appeal: Appeal, members: Members | None = None) -> Problem | None:
    """Return why an open appeal cannot go on with the people there are; None where it can.

    Nobody is left to hear it, or nobody but who hears it is left to confirm its outcome.

    Takes:
        members: the people of the marketplace, where they are known already.
    """
    if appeal.state not in OPEN_STATES:
        return None
    left = eligible_for(appeal, members or members_of(appeal.tenant_id))
    if appeal.state == FILED and not left.hearers:
        return _nobody(appeal, "nobody_to_hear", Words("复核", "hear"))
    alone = appeal.state == FILED and len(set(left.hearers) | set(left.confirmers)) < 2
    if alone or not left.confirmers:
        return _nobody(appeal, "nobody_to_confirm", Words("确认复核结果", "confirm the outcome of"))
    return None


def _nobody(appeal: Appeal, code: str, what: Words) -> Problem:
    return Problem(
        code,
        appeal.number,
        f"没有人可以{what.zh}：有权限的人员都参与过原处罚、提出了申诉或就是复核人。"
        "请管理员为一名未参与的人员开通审批权限（earnest person，角色 risk、finance 或 admin）。",
        f"nobody is left to {what.en} the appeal: everybody who may had a hand in the sanction, "
        "filed the appeal, or hears it. Give another person a role that decides (earnest person, "
        "role risk, finance or admin).",
    )


def appeals_stuck(tenant_id: str) -> list[tuple[Appeal, Problem]]:
    """Return the open appeals that nobody is left for, each with why, the oldest first."""
    rows = Appeal.objects.filter(tenant_id=tenant_id, state__in=OPEN_STATES)
    members = members_of(tenant_id)
    found = [
        (each, stuck_of(each, members)) for each in rows.select_related("ticket").order_by("number")
    ]
    return [(appeal, problem) for appeal, problem in found if problem is not None]
