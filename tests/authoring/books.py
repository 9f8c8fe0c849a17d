"""Packs that the tests of this room work on."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED = {path.stem: path for path in sorted((ROOT / "packs").glob("*.yaml"))}
EVERY_FORM = ROOT / "tests" / "policy" / "data" / "every_form.yaml"

STALL = """# A stall pays a deposit by its sales.
rulebook: stall
title: {zh: 摊位保证金, en: Stall deposit}
exhaustive: true
instruments:
  - {id: M1, published: 2025-01-10, in_force: 2025-02-01, state: in_force, clause: "9"}  # old
  - {id: M2, published: 2025-09-01, in_force: 2025-10-01, state: draft, clause: "9"}
clauses:
  "1": {zh: 按销售额缴保证金, en: a deposit by sales, status: encoded, by: [required]}
  "2": {zh: 迟发率超标则暂停, en: late shipping suspends, status: encoded, by: [lateness]}
  "9": {zh: 生效日, en: day of effect, status: definition}
interpretations:
  combination:
    clause: "1"
    question: {zh: 如何合并, en: How they combine}
    choice: larger
    options: {larger: {zh: 取较大者, en: the larger}, sum: {zh: 相加, en: the sum}}
parameters:
  late_max:
    unit: ppm
    title: {zh: 迟发率上限, en: highest late rate}
    values: [{from: 2025-02-01, value: "4%", clause: "2", instrument: M1}]   # 4 of 100
tables:
  sales_tier:
    title: {zh: 销售档, en: sales tier}
    inputs: {sales: CNY}
    outputs: {amount: CNY}
    editions:
      - from: 2025-02-01
        instrument: M1
        rows:
          - {when: "< 5000",         then: [500],      clause: "1"}   # small
          # the middle one
          - {when: "[5000, 20000)",  then: ["999.50"], clause: "1"}
          - {when: ">= 20000",       then: [3000],     clause: "1"}
  goods:
    title: {zh: 货品, en: goods}
    inputs: {name: text}
    outputs: {amount: CNY, fragile: bool}
    editions: [{from: 2025-02-01, instrument: M1, assumed: true, rows: [
      {when: glass, then: [2000, true], clause: "1"},
      {when: otherwise, then: [0, false], clause: "1"}]}]
decisions:
  required:
    title: {zh: 应缴, en: deposit required}
    governed_by: asked_on
    facts: {asked_on: date, sales_fen: CNY, held: {each: goods}}
    steps:
      by_sales: {expr: "sales_tier(sales_fen).amount", clause: "1"}
      by_goods: {expr: "highest(held, amount, True, 0)", clause: "1"}
      required_fen:
        expr: "max(by_sales, by_goods) if combination == 'larger' else by_sales + by_goods"
        clause: "1"
        interpretation: combination
    outcome: [required_fen]
  lateness:
    title: {zh: 迟发, en: lateness}
    governed_by: judged_on
    facts: {judged_on: date, late: count, orders: count}
    steps:
      suspend: {expr: "late * 1000000 > late_max * orders", clause: "2", modality: may}
texts:
  asked_on: {zh: 申请日, en: day asked}
  sales_fen: {zh: 销售额, en: sales}
  held: {zh: 货品, en: goods held}
  by_sales: {zh: 按销售额, en: by sales}
  by_goods: {zh: 按货品, en: by goods}
  required_fen: {zh: 应缴, en: required}
  judged_on: {zh: 判定日, en: day judged}
  late: {zh: 迟发单, en: late orders}
  orders: {zh: 订单, en: orders}
  suspend: {zh: 暂停, en: suspension}
cases:
  - decision: required
    in: {asked_on: 2025-03-01, sales_fen: 499999, held: [glass]}
    out: {required_fen: 200000}
  - decision: required
    in: {asked_on: 2025-03-01, sales_fen: 500000, held: []}
    out: {required_fen: 99950}
  - decision: required
    in: {asked_on: 2025-03-01, sales_fen: 2000000, held: [tin]}
    out: {required_fen: 300000}
  - {decision: lateness, in: {judged_on: 2025-03-01, late: 5, orders: 100}, out: {suspend: true}}
"""


def changed(*pairs: tuple[str, str]) -> str:
    """Return the stall's pack with texts replaced, each of which stands in it."""
    text = STALL
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text
