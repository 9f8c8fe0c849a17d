"""A small book of rules for the tests, and changes of it written as a rule manager would."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from earnest.authoring.amending import (
    NewInstrument,
    NewValue,
    instrument_added,
    value_added,
)
from earnest.rulebooks.commands import (
    draft_announce,
    draft_approve,
    draft_submit,
    report_keep,
)
from earnest.rulebooks.models import Draft, Publication
from earnest.rulebooks.packs import pack_of

BOOK = "harbour-fees"
TENANT = "main"
OPENED_ON = date(2025, 1, 10)
CHANGED_ON = date(2025, 5, 1)
"""The day on which the amendment of these tests is in force."""

TEXT = """\
rulebook: harbour-fees
title: {zh: 港口收费, en: Harbour fees}
instruments:
  - {id: H1, published: 2025-01-10, in_force: 2025-02-01, state: draft}
parameters:
  base_fee:
    unit: CNY
    values: [{from: 2025-02-01, value: 100, clause: H-1, instrument: H1}]
  rate:
    unit: ppm
    title: {zh: 费率, en: rate}
    values: [{from: 2025-02-01, value: 5000, clause: H-2, instrument: H1, assumed: true}]
tables:
  cargo:
    inputs: {kind: text}
    outputs: {extra: CNY}
    editions:
      - from: 2025-02-01
        instrument: H1
        assumed: true
        rows:
          - {when: grain, then: [10], clause: H-3}
          - {when: oil, then: [50], clause: H-3}
decisions:
  fee:
    governed_by: landed_on
    facts: {landed_on: date, value_fen: CNY, kind: text}
    steps:
      basic: {expr: "base_fee + cargo(kind).extra", clause: H-1}
      fee_fen: {expr: "max(basic, share(value_fen, rate))", clause: H-2}
    outcome: [fee_fen]
  crewed:
    governed_by: landed_on
    facts: {landed_on: date, crew: int}
    steps:
      allowed: {expr: "crew > 3", clause: H-4}
cases:
  - {decision: fee, in: {landed_on: 2025-03-01, value_fen: 0, kind: oil}, out: {fee_fen: 15000}}
  - decision: fee
    in: {landed_on: 2025-03-01, value_fen: 9000000, kind: oil}
    out: {fee_fen: 45000}
  - {decision: fee, in: {landed_on: 2025-01-31, value_fen: 0, kind: oil}, refused: "no_rule:fee"}
  - {decision: crewed, in: {landed_on: 2025-03-01, crew: 4}, out: {allowed: true}}
"""


def at(day: date) -> datetime:
    """Return noon of a market day."""
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def submitted(text: str, on: date, note: str = "the council decided") -> Draft:
    """Submit a draft on a day, as the rule manager."""
    return draft_submit(text, name="draft.yaml", actor="rule", note=note, now=at(on))


def announced(draft: Draft, on: date) -> Publication:
    """Bring a draft all the way on one day."""
    draft_approve(draft.hash, actor="risk", note="read", now=at(on))
    report_keep(draft.hash, {"differences": 0}, now=at(on))
    return draft_announce(draft.hash, actor="admin", note="on the quay", now=at(on))


def opened() -> None:
    """Publish the book itself."""
    announced(submitted(TEXT, OPENED_ON), OPENED_ON)


def text_now() -> str:
    """Return the text of the edition that counts."""
    return pack_of(BOOK).text


ACT = NewInstrument("H2", date(2025, 4, 1), CHANGED_ON)
FEE = NewValue(CHANGED_ON, 120, "H-1", "H2")


def with_act(text: str, **other: Any) -> str:
    """Return a text with one more act in draft."""
    return instrument_added(text, replace(ACT, **other))


def amended(text: str, **other: Any) -> str:
    """Return a text with a draft act that raises the base fee."""
    return value_added(with_act(text), "base_fee", replace(FEE, **other))


def corrected(text: str) -> str:
    """Return a text with a draft erratum: the base fee was encoded wrongly from the start."""
    changed = text.replace("value: 100,", "value: 101,").replace("15000", "15100")
    act = "{id: H1E, published: 2025-06-01, in_force: 2025-02-01, state: draft, change: erratum}"
    head, tail = changed.split("parameters:", 1)
    return f"{head.rstrip()}\n  - {act}\nparameters:{tail}"
