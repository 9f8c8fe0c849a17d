"""History judged again under a draft. Nothing is written: not a fact, not a row, not a balance."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import duckdb

from earnest.assessment.queries import cycles
from earnest.kernel.calendar import Month, months_between
from earnest.kernel.errors import BadInput, NotFound
from earnest.market.queries import Subject, party_names
from earnest.policy import Pack, Reading
from earnest.rulebooks.packs import party_packs
from earnest.whatif.assembly import (
    Asked,
    Readings,
    beyond,
    decision_change,
    parties_count,
    parties_open,
    report_basis,
    why_not,
)
from earnest.whatif.beyond import definition_changed
from earnest.whatif.comparison import TOP
from earnest.whatif.facts import SERVICE, FactsUnfit, facts_fill, facts_make
from earnest.whatif.history import Past, decisions_judged, judged
from earnest.whatif.report import DecisionChange, Remark, Report, TopSubject

FACTS = "facts"
CATEGORY = "category"

Progress = Callable[[str], None]
"""Told which decision is being judged."""


def run(
    tenant_id: str,
    draft: Pack,
    first: Month,
    last: Month,
    *,
    decisions: Sequence[str] = (),
    subject: Subject | None = None,
    top: int = TOP,
    progress: Progress | None = None,
) -> Report:
    """Judge a period again under a draft, and compare with the edition in force.

    Each judgement keeps its facts and its own governing day; a party that objected to an act is
    judged without it on both sides. Values of the draft's acts decide from their dates on, be they
    announced or not.

    Takes:
        decisions: only these; all that were taken in the period when empty.
        top: how many of the gravest subjects to show under each decision.

    Raises:
        NotFound: there is no such rulebook or decision.
        BadInput: the period is empty, or no month of it was assessed.
        RuleRefused: SQL and the interpreter disagree on a row.
    """
    readings = _readings(tenant_id, draft)
    past = _past(tenant_id, draft.rulebook, (first, last), subject)
    found: list[DecisionChange | Remark] = []
    with duckdb.connect() as connection:
        parties_open(connection)
        for name in _wanted(past, readings, decisions):
            if progress:
                progress(name)
            asked = Asked(FACTS, (), past.span, top)
            found.append(_judged_again(connection, past, readings, decision=name, asked=asked))
        parties = parties_count(connection)
    named = [_named(tenant_id, each) for each in found if isinstance(each, DecisionChange)]
    return Report(
        live=readings.live,
        draft=readings.draft,
        first=str(first),
        last=str(last),
        months=tuple(str(month) for month, _ in past.assessed),
        not_assessed=_not_assessed(past, first, last),
        subject=":".join(subject) if subject else "",
        basis=report_basis(named, parties),
        changed=(sum(each.change.changed for each in named), parties[1]),
        decisions=tuple(named),
        not_compared=tuple(each for each in found if isinstance(each, Remark)),
        beyond=beyond(readings, [each.decision for each in named]),
    )


def _past(
    tenant_id: str, rulebook: str, period: tuple[Month, Month], subject: Subject | None
) -> Past:
    """Find the months of the period that were assessed.

    Raises:
        BadInput: the period ends before it begins, or no month of it was assessed.
    """
    first, last = period
    if last < first:
        raise BadInput(
            "empty_period",
            where=f"{first}..{last}",
            zh=f"期间为空：{last} 早于 {first}；请把较早的月份写在 --from。",
            en=f"the period is empty: {last} is before {first}; give the earlier month as --from",
        )
    known = [(Month.parse(each.month), each.as_of) for each in cycles(tenant_id)]
    assessed = tuple((month, at) for month, at in known if first <= month <= last)
    if not assessed:
        span = f"{known[0][0]}..{known[-1][0]}" if known else "-"
        raise BadInput(
            "period_not_assessed",
            where=f"{first}..{last}",
            zh=f"这段期间没有任何一个月考核过，没有可重新判定的事实；已考核的月份：{span}。",
            en="no month of this period was assessed, so there are no facts to judge again; "
            f"assessed are {span}",
        )
    return Past(tenant_id, rulebook, assessed, first.first_day, last.last_day, subject)


def _not_assessed(past: Past, first: Month, last: Month) -> tuple[str, ...]:
    assessed = {month for month, _ in past.assessed}
    return tuple(str(month) for month in months_between(first, last) if month not in assessed)


def _readings(tenant_id: str, draft: Pack) -> Readings:
    """Return both rulebooks as they judge everybody, and as they judge those who objected.

    Raises:
        NotFound: there is no such rulebook.
    """
    party = party_packs(tenant_id, draft.rulebook)
    drafted = draft.read_as(replace(draft.reading, drafts=True))
    packs = [(party.current, drafted)]
    numbers: dict[tuple[str, ...], int] = {(): 0}
    of_party: dict[str, int] = {}
    for (kind, subject_id), acts in sorted(party.without.items()):
        if acts not in numbers:
            numbers[acts] = len(packs)
            packs.append((_without(party.current, acts), _without(drafted, acts)))
        of_party[f"{kind}:{subject_id}"] = numbers[acts]
    return Readings(tuple(packs), of_party)


def _without(pack: Pack, acts: Sequence[str]) -> Pack:
    known = {act.id for act in pack.instruments}
    reading: Reading = replace(pack.reading, without=tuple(act for act in acts if act in known))
    return pack.read_as(reading)


def _wanted(past: Past, readings: Readings, decisions: Sequence[str]) -> list[str]:
    """Return the decisions to judge again, in the order of the rulebook.

    Where none are named, those that were taken in the period, and those that the draft works out
    in another way: of the latter the report at least says that the past does not show them.

    Raises:
        NotFound: neither rulebook has a decision of that name.
    """
    known = list(dict.fromkeys((*readings.live.decisions, *readings.draft.decisions)))
    for name in decisions:
        if name not in known:
            raise NotFound(
                "unknown_decision",
                where=name,
                zh=f"规则包没有判定“{name}”；现有：{'、'.join(known)}。",
                en=f"the rulebook has no decision {name!r}; it has {', '.join(known)}",
            )
    if decisions:
        return [name for name in known if name in decisions]
    taken = decisions_judged(past)
    packs = readings.packs[0]
    return [name for name in known if name in taken or definition_changed(*packs, name)]


def _judged_again(
    connection: Any, past: Past, readings: Readings, *, decision: str, asked: Asked
) -> DecisionChange | Remark:
    """Judge one decision's history by both rulebooks, or say why that cannot be."""
    remark = why_not(readings, decision)
    if remark is not None:
        return remark
    facts_make(connection, readings.live, decision, asked.table)
    try:
        filled = facts_fill(connection, asked.table, judged(past, decision), readings.of_party)
    except FactsUnfit as error:
        return Remark(
            decision,
            "facts_unfit",
            zh=f"留存的事实与这个判定现在的写法不合（{error}），无法重新判定",
            en=f"the facts that were kept do not fit the decision as it stands now ({error})",
        )
    if not filled:
        return Remark(
            decision,
            "no_history",
            zh="这段期间没有留下这个判定的事实，无法重新判定",
            en="no facts of this decision were kept in the period, so it cannot be judged again",
        )
    said = CATEGORY in readings.live.decisions[decision].facts
    by = () if said or not _has_categories(connection, asked.table) else (SERVICE,)
    return decision_change(connection, readings, decision, replace(asked, by=by))


def _has_categories(connection: Any, table: str) -> bool:
    row = connection.execute(f"SELECT count({SERVICE}) FROM {table}").fetchone()  # noqa: S608 - our names
    return bool(row[0])


def _named(tenant_id: str, change: DecisionChange) -> DecisionChange:
    """Put the names of the parties beside their ids."""
    names = party_names(tenant_id, [each.subject for each in change.top])
    top: tuple[TopSubject, ...] = tuple(
        replace(each, name=names.get(each.subject, "")) for each in change.top
    )
    return replace(change, top=top)
