"""A draft moved back in time for a trial: its values hold from then on, and nothing else moves."""

from datetime import date

from earnest.authoring.backdating import as_if_from
from earnest.policy import Pack, Reading, load_pack_text

BOOK = """
rulebook: stall
instruments:
  - {id: M1, published: 2025-01-10, in_force: 2025-02-01, state: in_force}
  - id: M2
    published: 2026-01-01
    in_force: 2026-02-01
    state: draft
clauses:
  "1": {zh: 按销售额, en: by sales, status: encoded, by: [tier, base]}
parameters:
  base:
    unit: CNY
    values: [{from: 2025-02-01, value: 10, clause: "1", instrument: M1},
             {from: 2025-09-01, value: 20, clause: "1", instrument: M1},
             {from: 2026-02-01, value: 30, clause: "1", instrument: M2},
             {from: 2026-03-01, value: 40, clause: "1", instrument: M2}]
  other:
    unit: CNY
    values: [{from: 2025-02-01, value: 5, clause: "1", instrument: M1},
             {from: 2025-09-01, value: 6, clause: "1", instrument: M1}]
tables:
  tier:
    inputs: {sales: CNY}
    outputs: {amount: CNY}
    editions:
      - from: 2025-02-01
        instrument: M1
        rows:
          - {when: any, then: [1], clause: "1"}
      - from: 2026-02-01     # the new one
        instrument: M2
        rows:
          - {when: "< 5000", then: [2], clause: "1"}
          - {when: ">= 5000", then: [3], clause: "1"}
decisions:
  ask:
    governed_by: on
    facts: {on: date, sales_fen: CNY}
    steps: {amount: {expr: "tier(sales_fen).amount + base + other", clause: "1"}}
    outcome: [amount]
cases:
  - {decision: ask, in: {on: 2025-10-01, sales_fen: 0}, out: {amount: 2700}}
"""


def _book() -> Pack:
    return load_pack_text(BOOK, "stall").read_as(Reading(drafts=True))


def _amount(pack: Pack, on: str) -> object:
    facts = {"on": date.fromisoformat(on), "sales_fen": 500_000}
    return pack.evaluate("ask", facts).result.get("amount")


def test_its_values_hold_from_the_day_on() -> None:
    """The first value starts on the day, the second as many days after it as it was to be."""
    moved = as_if_from(_book(), ["M2"], date(2025, 6, 1))
    days = ("2025-05-31", "2025-06-01", "2025-06-28", "2025-06-29", "2025-10-01")
    assert [_amount(moved, day) for day in days] == [1600, 3800, 3800, 4800, 4900]


def test_the_draft_itself_is_not_changed() -> None:
    """The pack that was given decides as before: a trial moves a copy."""
    pack = _book()
    before = pack.text
    as_if_from(pack, ["M2"], date(2025, 6, 1))
    assert pack.text == before
    assert _amount(pack, "2025-10-01") == 2700


def test_an_act_in_force_by_then_stays() -> None:
    """On its own day or later there is nothing to move."""
    pack = _book()
    assert as_if_from(pack, ["M2"], date(2026, 2, 1)) is pack
