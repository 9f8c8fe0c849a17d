"""Drafts on their way: what was done with them, how far they are, and how they would be announced.

A draft goes from draft through consultation to announced; in force and superseded follow from the
day, without anybody doing anything; it may be withdrawn until it is in force.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from earnest.authoring.amending import announced
from earnest.kernel.errors import BadInput, NotFound
from earnest.policy import Pack, Reading, load_pack_text
from earnest.policy.shape import Instrument
from earnest.rulebooks.models import Draft, DraftStep, Publication
from earnest.rulebooks.preserved import Amending

DRAFT, CONSULTATION, APPROVED = "draft", "consultation", "approved"
ANNOUNCED, IN_FORCE, SUPERSEDED, WITHDRAWN = "announced", "in_force", "superseded", "withdrawn"
AMENDMENT, ERRATUM, WITHDRAWAL = "amendment", "erratum", "withdrawal"
OPEN = (DRAFT, CONSULTATION)
IMPORTANCE = ("favourable", "ordinary", "important")
PREFIX_MIN = 8


@dataclass(frozen=True)
class DraftRow:
    """A draft as it stands on a day.

    Attributes:
        state: draft, consultation, announced, in_force, superseded or withdrawn.
        until_on: the last day of its consultation.
        edition_hash: the text as it was announced; empty before.
        approvals: the persons who approved it.
        steps: all that was done with it, oldest first.
    """

    hash: str
    rulebook: str
    change: str
    instruments: tuple[str, ...]
    importance: str
    in_force_on: date
    state: str
    until_on: date | None
    note: str
    submitted_by: str
    submitted_at: datetime
    base_hash: str
    edition_hash: str
    published_on: date | None
    approvals: tuple[str, ...]
    steps: tuple[DraftStep, ...]


def draft_found(draft_hash: str) -> Draft:
    """Return a draft by its hash, or by a beginning of it that no other draft has.

    Raises:
        NotFound: no draft has this hash, or several begin so.
    """
    found = list(Draft.objects.filter(hash__startswith=draft_hash)[:2])
    if len(draft_hash) < PREFIX_MIN or len(found) != 1:
        raise NotFound(
            "unknown_draft", where=draft_hash,
            zh=f"没有这个草案；请写出哈希至少前 {PREFIX_MIN} 位（见 earnest amendment list）。",
            en=f"there is no such draft; give at least {PREFIX_MIN} characters of its hash, "
            "earnest amendment list has them",
        )  # fmt: skip
    return found[0]


def draft_rows(drafts: Sequence[Draft], on: date) -> list[DraftRow]:
    """Say how drafts stand on a day, in three queries for any number of them."""
    ids = [draft.hash for draft in drafts]
    steps: dict[str, list[DraftStep]] = {}
    for step in DraftStep.objects.filter(draft_id__in=ids).order_by("id"):
        steps.setdefault(step.draft_id, []).append(step)
    books = {draft.rulebook for draft in drafts}
    published = list(Publication.objects.filter(rulebook__in=books).order_by("id"))
    return [_row(draft, steps.get(draft.hash, []), published, on) for draft in drafts]


def _row(
    draft: Draft, steps: Sequence[DraftStep], published: Sequence[Publication], on: date
) -> DraftRow:
    own = next((p for p in published if p.draft_id == draft.hash and p.change != WITHDRAWAL), None)
    return DraftRow(
        hash=draft.hash,
        rulebook=draft.rulebook,
        change=draft.change,
        instruments=tuple(draft.instruments),
        importance=draft.importance,
        in_force_on=draft.in_force_on,
        state=_state(steps, own, published, on),
        until_on=next((step.until_on for step in reversed(steps) if step.until_on), None),
        note=draft.note,
        submitted_by=draft.submitted_by,
        submitted_at=draft.submitted_at,
        base_hash=draft.base_hash,
        edition_hash=own.edition_hash if own else "",
        published_on=own.published_on if own else None,
        approvals=tuple(step.actor for step in steps if step.state == APPROVED),
        steps=tuple(steps),
    )


def _state(
    steps: Sequence[DraftStep],
    own: Publication | None,
    published: Sequence[Publication],
    on: date,
) -> str:
    done = {step.state for step in steps}
    if WITHDRAWN in done:
        return WITHDRAWN
    if own is not None:
        return publication_state(own, published, on)
    return CONSULTATION if CONSULTATION in done else DRAFT


def publication_state(own: Publication, published: Iterable[Publication], on: date) -> str:
    """Say whether a publication is only announced, in force, superseded or withdrawn on a day.

    Takes: ``published`` are all publications, at least those of the same rulebook.
    """
    rows = [each for each in published if each.rulebook == own.rulebook]
    withdrawn = {each.draft_id for each in rows if each.change == WITHDRAWAL}
    if own.draft_id in withdrawn:
        return WITHDRAWN
    if on < own.in_force_on:
        return ANNOUNCED
    later = (
        each.id > own.id and each.draft_id not in withdrawn and each.in_force_on <= on
        for each in rows
    )  # fmt: skip
    return SUPERSEDED if any(later) else IN_FORCE


def new_acts(pack: Pack) -> list[Instrument]:
    """Return the acts of a text that are on their way.

    Raises:
        BadInput: there is none, or amendments and errata stand together.
    """
    acts = [act for act in pack.instruments if act.state in OPEN]
    if not acts:
        raise BadInput(
            "nothing_drafted", where=pack.rulebook,
            zh="文本里没有草案状态的文件；请为这次修改新增一个文件（state: draft）。",
            en="no act of the text is a draft; give this change an instrument with state: draft",
        )  # fmt: skip
    if len({act.change for act in acts}) > 1:
        raise BadInput(
            "mixed_change", where=", ".join(act.id for act in acts),
            zh="修订与勘误不能写在同一草案里；请分别提交。",
            en="amendment and erratum are different kinds of change; submit a draft for each",
        )  # fmt: skip
    return acts


def importance_of(acts: Iterable[Instrument]) -> str:
    """Return the weightiest importance among acts."""
    return max((act.importance for act in acts), key=IMPORTANCE.index)


def amending_of(draft: Draft) -> Amending:
    """Return the new acts of a draft and the day from which they may change anything."""
    return Amending(frozenset(draft.instruments), draft.in_force_on)


def as_announced(text: str, instruments: Iterable[str], on: date, name: str) -> Pack:
    """Return the pack as it would be if these draft acts were announced on a day.

    Raises:
        PackError: that text would not load: a date that reaches back, a case that fails.
    """
    for instrument in instruments:
        text = announced(text, instrument, on, name)
    return load_pack_text(text, name)


def drafted(draft: Draft) -> Pack:
    """Return a draft's pack with its drafts deciding: to try, compare and evaluate."""
    return load_pack_text(draft.text, draft.rulebook, Reading(drafts=True))
