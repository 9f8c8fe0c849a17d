"""What must hold before a draft is announced, each condition on its own, met or not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, EarnestError, NotFound, RuleRefused
from earnest.policy import Pack
from earnest.rulebooks.drafts import (
    AMENDMENT,
    ERRATUM,
    OPEN,
    DraftRow,
    amending_of,
    as_announced,
    draft_rows,
)
from earnest.rulebooks.models import Draft, WhatIfReport
from earnest.rulebooks.packs import PLATFORM_RULES, edition_of, pack_of
from earnest.rulebooks.preserved import not_preserved
from earnest.rulebooks.trial import Trial, trial_run

LISTED_MAX = 3


@dataclass(frozen=True)
class Condition:
    """One thing that must hold before a draft is announced.

    Attributes:
        name: which condition.
        met: whether it holds.
        zh: what was found, and what to do when it does not hold, in Chinese.
        en: the same in English.
    """

    name: str
    met: bool
    zh: str
    en: str


def base_hash_now(rulebook: str) -> str:
    """Return the hash of the edition that counts now; empty for a book that is new."""
    try:
        return pack_of(rulebook).hash
    except NotFound:
        return ""


def submission_check(draft: Draft, name: str, on: date) -> None:
    """Refuse a draft that could never be announced as it is.

    Raises:
        PackError: it would not load as announced; problems say the place in ``name``.
        BadInput: an erratum that gives no reason.
        RuleRefused: an amendment that reaches back, or changes what is in force before it.
    """
    if draft.change == ERRATUM:
        if not draft.note:
            raise BadInput(
                "reason_missing", where=name,
                zh="勘误须写明哪里写错、依据是什么。",
                en="an erratum says what was written wrongly, and by what it is known",
            )  # fmt: skip
        as_announced(draft.text, draft.instruments, on, name)
        return
    if draft.in_force_on < on:
        raise RuleRefused(
            "retroactive", where=name,
            zh=f"生效日 {draft.in_force_on} 已过；规则不溯及既往，请改为 {on} 或以后。",
            en=f"in force on {draft.in_force_on}, which is past: a rule does not reach back; "
            f"take {on} or a later day",
        )  # fmt: skip
    new = as_announced(draft.text, draft.instruments, on, name)
    if draft.base_hash:
        changed = not_preserved(edition_of(draft.base_hash), new, amending_of(draft))
        if changed:
            raise RuleRefused(
                "not_only_added", where=name,
                zh="；".join(each.zh for each in changed),
                en="; ".join(each.en for each in changed),
            )  # fmt: skip


def conditions(draft: Draft, now: datetime, actor: str = "") -> list[Condition]:
    """Check everything that an announcement at an instant needs, the failing things included.

    Takes: ``actor`` is who would announce; left out, any second person is taken to be there.
    """
    on = day_of(now)
    (row,) = draft_rows([draft], on)
    found = [_open(row), _base(draft), _two_people(row, actor), _report(draft)]
    found += _dates(draft, row, on)
    try:
        new = as_announced(draft.text, draft.instruments, on, draft.rulebook)
    except EarnestError as error:
        said = error.problem
        found.append(Condition("cases", met=False, zh=said.zh, en=str(said)))
        return found
    found.append(
        Condition(
            "cases",
            met=True,
            zh=f"公布后的文本可载入，{len(new.cases)} 个例子全部相符",
            en=f"the text loads as announced, and its {len(new.cases)} golden cases hold",
        )
    )
    if draft.change == AMENDMENT and draft.base_hash:
        found += _leaves_the_past(draft, edition_of(draft.base_hash), new)
    return found


def _open(row: DraftRow) -> Condition:
    met = row.state in OPEN
    return Condition(
        "open", met=met,
        zh="草案仍可办理" if met else "草案已公布或已撤回，不再办理",
        en="the draft is still open" if met else "the draft was announced or withdrawn already",
    )  # fmt: skip


def _base(draft: Draft) -> Condition:
    met = base_hash_now(draft.rulebook) == draft.base_hash
    return Condition(
        "base", met=met,
        zh="依据的是现行版本" if met else "提交之后已公布了新版本；请以现行版本为底稿重新提交",
        en="it changes the edition that counts now" if met
        else "another edition was published since; write the change on that one and submit it",
    )  # fmt: skip


def _two_people(row: DraftRow, actor: str) -> Condition:
    others = [each for each in row.approvals if each != actor]
    return Condition(
        "two_people", met=bool(others),
        zh=f"已由 {'、'.join(others)} 批准" if others else "须先由另一人批准",
        en=f"approved by {', '.join(others)}" if others
        else "a person other than the one who announces must approve it first",
    )  # fmt: skip


def _report(draft: Draft) -> Condition:
    kept = WhatIfReport.objects.filter(draft=draft).order_by("-id").first()
    return Condition(
        "report", met=kept is not None,
        zh=f"已存影响测算报告（{day_of(kept.made_at)}）" if kept
        else "须先对本草案做试算，并留存报告",
        en=f"a what-if report is kept, of {day_of(kept.made_at)}" if kept
        else "a what-if report on this draft must be kept first",
    )  # fmt: skip


def _dates(draft: Draft, row: DraftRow, on: date) -> Iterator[Condition]:
    """Check that it does not reach back, is public long enough, and its comment time is over."""
    if draft.change == AMENDMENT:
        met = draft.in_force_on >= on
        yield Condition(
            "not_retroactive", met=met,
            zh=f"生效日 {draft.in_force_on}" if met
            else f"生效日 {draft.in_force_on} 早于公布日 {on}，规则不溯及既往；请改生效日重新提交",
            en=f"in force on {draft.in_force_on}" if met
            else f"in force on {draft.in_force_on}, before it would be published on {on}: a rule "
            "does not reach back; give it a later day and submit it again",
        )  # fmt: skip
    days, comment = _law(draft, on)
    given = (draft.in_force_on - on).days
    if days is not None:
        yield Condition(
            "notice", met=given >= days,
            zh=f"公示 {given} 天，法定至少 {days} 天",
            en=f"{given} days of notice; the law asks {days}",
        )  # fmt: skip
    if comment or row.until_on is not None:
        over = row.until_on is not None and row.until_on < on
        yield Condition(
            "consultation", met=over,
            zh=f"征求意见至 {row.until_on}" if row.until_on else "重要修改须先征求意见",
            en=f"open to comment until {row.until_on}" if row.until_on
            else "an important change is open to comment first",
        )  # fmt: skip


def _law(draft: Draft, on: date) -> tuple[int | None, bool]:
    """Return the days of notice that the law asks of a change published on a day, and comment.

    None before that law is in force, and for an erratum: the rule itself does not change.
    """
    if draft.change != AMENDMENT or draft.rulebook == PLATFORM_RULES:
        return None, False
    evaluation = pack_of(PLATFORM_RULES).evaluate(
        "notice_of_change",
        {"published_on": on, "in_force_on": draft.in_force_on, "importance": draft.importance},
    )
    if evaluation.refusal is not None:
        return None, False
    result = evaluation.result
    return int(str(result["days_needed"])), bool(result["comment_needed"])


def _leaves_the_past(draft: Draft, base: Pack, new: Pack) -> Iterator[Condition]:
    """Check that an amendment only adds, and that the past is decided alike."""
    amending = amending_of(draft)
    changed = not_preserved(base, new, amending)
    yield Condition(
        "only_adds", met=not changed,
        zh="只新增，不改动已生效的内容" if not changed
        else "；".join(each.zh for each in changed[:LISTED_MAX]),
        en="it only adds to what is in force" if not changed
        else "; ".join(each.en for each in changed[:LISTED_MAX]),
    )  # fmt: skip
    yield trial_condition(trial_run(base, new, amending), draft.in_force_on)


def trial_condition(trial: Trial, day: date) -> Condition:
    """Say what a trial of facts dated before a day found."""
    if trial.untried:
        names = ", ".join(trial.untried)
        return Condition(
            "differential", met=False,
            zh=f"{names} 的步骤有改动，却没有例子可试；请先为其写例子",
            en=f"steps of {names} changed and no golden case tries them; write one first",
        )  # fmt: skip
    if trial.unlike:
        first = trial.unlike[0]
        return Condition(
            "differential", met=False,
            zh=f"{trial.run} 组 {day} 之前的事实中有 {len(trial.unlike)} 组结果不同，如 "
            f"{first.decision}：{first.before} -> {first.after}",
            en=f"of {trial.run} sets of facts dated before {day}, {len(trial.unlike)} are decided "
            f"otherwise, such as {first.decision}: {first.before} -> {first.after}",
        )  # fmt: skip
    return Condition(
        "differential", met=True,
        zh=f"{trial.run} 组 {day} 之前的事实，新旧文本结果一致",
        en=f"{trial.run} sets of facts dated before {day} are decided alike by both texts",
    )  # fmt: skip
