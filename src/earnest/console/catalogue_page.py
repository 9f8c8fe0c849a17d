"""Samples and notices of goods on a page: what people may do with one, and what each asks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from earnest.catalogue.findings import KINDS, THINGS, ListingText
from earnest.catalogue.models import (
    AT_LAB,
    CHOSEN,
    FOUND,
    PASSED,
    RETEST,
    STANDS,
    TAKEN,
    WITHDRAWN,
    Sample,
    SampleStep,
    SamplingRound,
)
from earnest.catalogue.results import (
    FINDINGS,
    LabResult,
    retest_ask,
    retest_settle,
    sample_drop,
    sample_result,
    sample_send,
    sample_take,
)
from earnest.catalogue.takedowns import REASONS
from earnest.console.access import Visitor
from earnest.console.asking import Asked, Form, form_blank, form_read
from earnest.documents.commands import NewDocument, document_add
from earnest.documents.models import Document
from earnest.documents.queries import documents_by_id
from earnest.kernel.errors import EarnestError, NotFound
from earnest.market.roles import ACT_FOR_PARTY, REVIEW

TOLD_STATES: Final = (PASSED, FOUND, RETEST, STANDS, WITHDRAWN)
"""What a provider sees of samples: nothing before the lab has spoken."""

NOTE: Final = Asked("note", "text", required=False)
SAMPLING_FIELDS: Final = (
    Asked("sampling_provider", "text"),
    Asked("sampling_seed", "text"),
    Asked("sampling_on", "day", required=False),
    Asked("note", "long", required=False),
)
SAMPLING_AT: Final = {"unknown_provider": "sampling_provider", "sampling_wrong": "sampling_seed"}
FINDING_FIELDS: Final = (
    Asked("finding_provider", "text"),
    Asked("finding_thing", "choice", choices=THINGS, words="goods_thing"),
    Asked("finding_thing_id", "text"),
    Asked("finding_kind", "choice", choices=tuple(KINDS), words="goods_kind"),
    Asked("finding_on", "day"),
    Asked("note", "long", required=False),
)
FINDING_AT: Final = {
    "unknown_provider": "finding_provider",
    "finding_kind": "finding_kind",
    "finding_thing": "finding_thing",
    "finding_thing_id": "finding_thing_id",
    "finding_happened_on": "finding_on",
    "finding_evidence": "note",
}
SCREEN_FIELDS: Final = (Asked("screen_provider", "text"), Asked("screen_texts", "long"))
NOTICE_FIELDS: Final = (
    Asked("goods_provider", "text"),
    Asked("goods_reason", "choice", choices=tuple(REASONS), words="goods_reason"),
    Asked("goods_items", "names"),
    Asked("note", "long", required=False),
)
NOTICE_AT: Final = {
    "unknown_provider": "goods_provider",
    "goods_notice_wrong": "goods_items",
    "goods_told_already": "goods_items",
}
DOWN_FIELDS: Final = (Asked("down_note", "long", required=False),)


@dataclass(frozen=True)
class Acting:
    """Who does something with which sample, when, with which documents."""

    sample: Sample
    actor: str
    now: datetime
    documents: Sequence[UUID]

    @property
    def at(self) -> tuple[str, str, int]:
        """Tenant, number and place of the sample."""
        return (self.sample.tenant_id, self.sample.round.number, self.sample.place)


@dataclass(frozen=True)
class SampleAct:
    """Something that may be done with a sample: who may, when, what it asks, and what it calls."""

    permission: str
    states: tuple[str, ...]
    asked: Sequence[Asked]
    do: Callable[[Acting, Mapping[str, Any]], object]
    takes_file: bool = False
    grave: bool = False


@dataclass(frozen=True)
class OfferedAct:
    """An act as the page offers it."""

    name: str
    form: Form
    takes_file: bool
    grave: bool


@dataclass(frozen=True)
class SampleShown:
    """A sample with its steps, its documents and what may be done with it."""

    sample: Sample
    steps: list[SampleStep]
    documents: list[Document]
    acts: list[OfferedAct]


def _lab_result(acting: Acting, values: Mapping[str, Any]) -> LabResult:
    return LabResult(
        values["lab_result"],
        acting.actor,
        acting.documents[0] if acting.documents else None,
        values["note"],
        values.get("retest_until"),
    )


def _take(acting: Acting, values: Mapping[str, Any]) -> object:
    return sample_take(*acting.at, acting.actor, acting.now, values["note"])


def _drop(acting: Acting, values: Mapping[str, Any]) -> object:
    return sample_drop(*acting.at, acting.actor, acting.now, values["reason"])


def _send(acting: Acting, values: Mapping[str, Any]) -> object:
    return sample_send(*acting.at, values["lab"], acting.actor, acting.now)


def _result(acting: Acting, values: Mapping[str, Any]) -> object:
    return sample_result(*acting.at, _lab_result(acting, values), acting.now)


def _retest(acting: Acting, values: Mapping[str, Any]) -> object:
    return retest_ask(*acting.at, acting.actor, values["reason"], acting.now)


def _settle(acting: Acting, values: Mapping[str, Any]) -> object:
    return retest_settle(*acting.at, _lab_result(acting, values), acting.now)


REASON: Final = Asked("reason", "long")
RESULT: Final = Asked("lab_result", "choice", choices=(PASSED, *FINDINGS), words="lab_result")
AT: Final = {
    "reason_missing": "reason",
    "lab_missing": "lab",
    "unknown_result": "lab_result",
    "report_missing": "lab_result",
    "retest_day_needed": "retest_until",
}
ACTS: Final[dict[str, SampleAct]] = {
    "take": SampleAct(REVIEW, (CHOSEN,), (NOTE,), _take),
    "send": SampleAct(REVIEW, (TAKEN,), (Asked("lab", "text"),), _send),
    "result": SampleAct(
        REVIEW,
        (AT_LAB,),
        (RESULT, Asked("retest_until", "day", required=False), NOTE),
        _result,
        takes_file=True,
    ),
    "retest": SampleAct(ACT_FOR_PARTY, (FOUND,), (REASON,), _retest),
    "settle": SampleAct(REVIEW, (RETEST,), (RESULT, NOTE), _settle, takes_file=True),
    "drop": SampleAct(REVIEW, (CHOSEN, TAKEN), (REASON,), _drop, grave=True),
}


def samples_shown(
    row: SamplingRound, visitor: Visitor, tried: tuple[int, Form] | None = None
) -> list[SampleShown]:
    """Return the samples of a round that a person may see, each with what may be done with it."""
    samples = row.samples.order_by("place").prefetch_related("steps")
    if not visitor.is_operator:
        samples = samples.filter(state__in=TOLD_STATES)
    return [_shown(sample, visitor, tried) for sample in samples]


def _shown(sample: Sample, visitor: Visitor, tried: tuple[int, Form] | None) -> SampleShown:
    mine = tried[1] if tried and tried[0] == sample.place else None
    steps = [
        step
        for step in sorted(sample.steps.all(), key=lambda each: each.pk)
        if visitor.is_operator or step.what in TOLD_STATES
    ]
    ids = {UUID(each) for step in steps for each in step.documents}
    return SampleShown(
        sample,
        steps,
        list(documents_by_id(sample.tenant_id, ids).values()) if ids else [],
        [
            OfferedAct(
                name,
                mine if mine and mine.name == name else form_blank(name, act.asked),
                act.takes_file,
                act.grave,
            )
            for name, act in ACTS.items()
            if visitor.may(act.permission) and sample.state in act.states
        ],
    )


def act_done(name: str, acting: Acting, posted: Any) -> Form:
    """Do an act; the form that comes back says what is wrong, or nothing where it is done."""
    act = ACTS[name]
    form = form_read(name, act.asked, posted)
    if form.wrong:
        return form
    try:
        act.do(acting, form.values)
    except NotFound:
        raise
    except EarnestError as error:
        form.refused(error, AT)
    return form


def files_kept(
    visitor: Visitor, provider_id: str, files: Sequence[Any], now: datetime
) -> list[UUID]:
    """Keep what was handed in with a form, as documents of a provider."""
    return [
        document_add(
            visitor.tenant_id,
            NewDocument(("provider", provider_id), each.name or "", each.read(), visitor.name),
            now,
        ).id
        for each in files
    ]


def texts_read(given: str) -> list[ListingText]:
    """Return the listings of a form: one a line, its id first, then its words.

    >>> texts_read("L1 批量上新")
    [ListingText(listing_id='L1', text='批量上新')]
    """
    found = []
    for line in given.splitlines():
        listing_id, _, words = line.strip().partition(" ")
        if listing_id and words.strip():
            found.append(ListingText(listing_id[:80], words.strip()))
    return found
