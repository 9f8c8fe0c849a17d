"""Every finding and decision derived again from its receipt, and the chain walked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from earnest.decisions.commands import GENESIS, chain_hash
from earnest.decisions.models import Decision, Finding
from earnest.kernel.hashing import digest
from earnest.policy import replay
from earnest.rulebooks.packs import edition_of


@dataclass(frozen=True)
class Difference:
    """Something that came out otherwise than it is recorded."""

    kind: str
    id: str
    subject: str
    period: str
    difference: str


@dataclass(frozen=True)
class Replayed:
    """How much was derived again, and what differed."""

    findings: int
    decisions: int
    differences: list[Difference]


def _differences(row: Finding | Decision, kind: str) -> Iterator[Difference]:
    subject = f"{row.subject_kind}:{row.subject_id}"
    for text in replay(row.receipt, edition_of(row.receipt["pack_hash"])):
        yield Difference(kind, str(row.id), subject, row.period, text)


def _chain_differences(row: Decision, previous: str) -> Iterator[Difference]:
    subject = f"{row.subject_kind}:{row.subject_id}"
    if row.previous_hash != previous or row.chain_hash != chain_hash(previous, row):
        yield Difference(
            "decision", str(row.id), subject, row.period, "the chain of decisions breaks here"
        )
    if digest(row.trace) != row.receipt["trace_hash"]:
        yield Difference(
            "decision", str(row.id), subject, row.period, "the stored trace is not the receipt's"
        )


def decisions_replay(tenant_id: str, advance: Callable[[int], None] | None = None) -> Replayed:
    """Derive every finding and decision of a tenant again and compare to the byte."""
    differences: list[Difference] = []
    findings = decisions = 0
    for finding in Finding.objects.filter(tenant_id=tenant_id).order_by("id").iterator(1000):
        findings += 1
        differences += _differences(finding, "finding")
        if advance:
            advance(1)
    previous = GENESIS
    for decision in Decision.objects.filter(tenant_id=tenant_id).order_by("seq").iterator(1000):
        decisions += 1
        differences += _differences(decision, "decision")
        differences += _chain_differences(decision, previous)
        previous = decision.chain_hash
        if advance:
            advance(1)
    return Replayed(findings, decisions, differences)
