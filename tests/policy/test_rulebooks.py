"""The two reference rulebooks: every sentence claimed, every golden case held twice over."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from earnest.policy import Pack, Reading, load_pack, load_pack_text, replay
from tests.policy.population import both_agree

PACKS = Path(__file__).parents[2] / "packs"
DAY = date(2025, 9, 1)
SUPPLY = """
0-meta 1.1-basis 1.2-scope 1.3-cat 1.3-invite 1.3-def 2.1-exp1 2.1-exp2 2.1-exp3 2.1-exp4
2.1-exp4a 2.1-exp4b 2.1-mr1 2.1-mr2 2.1-src0 2.1-info1 2.1-info2 2.1-info2a 2.1-info2b 2.1-info2c
2.1-info2d 2.1-qual1 2.1-qual2 2.1-qual2f 2.1-qual2a 2.1-qual3a 2.1-qual3b 2.1-ship48-def
2.1-ship48 2.1-as0 2.1-as1 2.1-as2 2.1-as3 2.1-as4 2.1-cs3 2.2.1a 2.2.1b 2.2.1c 2.2.1d 2.2.1e
2.2.1f 2.2.1g 2.2.2a 2.2.2b 2.2.3a 2.2.3b 2.2.4a 2.2.4b 2.2.4c 2.2.4d 2.2.4e 2.2.4f 2.2.5-scope
2.2.5-1 2.2.5-2 2.2.5-3a 2.2.5-3b 2.2.5-3c 2.2.5-3d 2.2.5-3e 2.2.5-4 2.2.5-5a 2.2.5-5b 2.2.5-5c
2.2.5-6 2.2.6 2.2.7a 2.2.7b 3.1 3.2a 3.2b 3.3 3.4 4
"""
DEPOSIT = """
0-purpose 1.1 1.2 1.3a 1.3b 2.1a 2.1b 2.1c 2.2a 2.2b 2.2c 3.1a 3.1b 3.1c 3.2a 3.2b 3.3a 3.3b 3.3c
3.3d 3.3x 4.1 4.1a 4.1b 4.1c 4.1d 4.1e 4.1f 4.1g 4.1h 4.2a 4.2b 4.2c 5.1 5.1a 5.1b 5.1c 5.1d 5.1e
5.1f 5.2a 5.2b 5.3a 5.3b 5.3c 5.3d 6.1a 6.1b 6.1x 6.2a 6.2b 6.2x 7.1a 7.1b 7.2a 7.2b 7.3a 7.3b
7.3c 7.4
"""
AMBIGUITIES = """
shipping_event shipping_denominator measure_maturity ladder_rung ladder_gap hide_release
short_balance one_fact_one_sanction second_lookback reentry_counted_from dispute_in_month
special_combination tier_direction gate_compares hold_without_limit notice_days conduct_instant
"""


@pytest.fixture(scope="module")
def supply() -> Pack:
    """Return the supply-market rulebook."""
    return load_pack(PACKS / "kuaishou-supply-market.yaml")


@pytest.fixture(scope="module")
def deposit() -> Pack:
    """Return the shop-deposit rulebook."""
    return load_pack(PACKS / "kuaishou-shop-deposit.yaml")


@pytest.fixture(scope="module")
def law() -> Pack:
    """Return the law that binds changes of the rules."""
    return load_pack(PACKS / "platform-rules-measures.yaml")


def test_every_sentence_of_both_texts_is_claimed_once(supply: Pack, deposit: Pack) -> None:
    """The 134 clause ids, exactly those, each with a summary in both languages."""
    assert list(supply.clauses) == [f"S0-{each}" for each in SUPPLY.split()]
    assert list(deposit.clauses) == [f"S3-{each}" for each in DEPOSIT.split()]
    clauses = [*supply.clauses.values(), *deposit.clauses.values()]
    assert len(clauses) == 134
    for clause in clauses:
        assert clause.zh
        assert clause.en
        assert clause.by or clause.status != "encoded"
        assert clause.note or clause.status == "encoded"
    assert supply.clauses["S0-2.2.5-5b"].id == "S0-2.2.5-5b"


def test_every_ambiguity_is_a_named_choice_with_alternatives(supply: Pack, deposit: Pack) -> None:
    """Each of the 17 open questions has a default and at least one other reading."""
    choices = {**supply.interpretations, **deposit.interpretations}
    assert len(AMBIGUITIES.split()) == 17
    for name in AMBIGUITIES.split():
        assert choices[name].choice in choices[name].options
        assert len(choices[name].options) >= 2
        assert choices[name].question is not None


@pytest.mark.clause(
    "S0-2.1-ship48", "S0-2.2.1e", "S0-2.2.1b", "S0-2.1-as0", "S0-2.1-as1", "S0-2.1-as2",
    "S0-2.1-as3", "S0-2.1-as4", "S0-2.1-cs3", "S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.5-5c",
    "S0-2.2.5-scope", "S0-2.2.7a", "S0-2.2.7b", "S0-3.2b", "S0-3.3", "S0-3.4", "S0-4",
    "S3-2.2a", "S3-2.2b", "S3-2.2c", "S3-3.1a", "S3-3.1b", "S3-3.1c", "S3-3.3a", "S3-3.3x",
    "S3-4.2a", "S3-4.2b", "S3-5.1", "S3-5.1c", "S3-5.1d", "S3-5.1e", "S3-5.2b", "S3-6.1a",
    "S3-6.1b", "S3-6.1x", "S3-6.2a", "S3-6.2x", "S3-7.1a",
)  # fmt: skip
@pytest.mark.parametrize(
    "book", ["kuaishou-supply-market", "kuaishou-shop-deposit", "platform-rules-measures"]
)
def test_golden_cases_hold_on_both_back_ends_and_replay(book: str) -> None:
    """Each case gives its outcome from both, and its receipt replays to the same bytes."""
    pack = load_pack(PACKS / f"{book}.yaml")
    decided = {case.decision for case in pack.cases}
    assert decided == set(pack.decisions)
    for decision in pack.decisions:
        cases = [case for case in pack.cases if case.decision == decision]
        evaluations = both_agree(pack, decision, [case.facts for case in cases])
        for case, evaluation in zip(cases, evaluations, strict=True):
            key = evaluation.refusal.key if evaluation.refusal else ""
            assert key == case.refused
            for name, wanted in case.outcome.items():
                assert evaluation.result[name] == wanted, case.text
            receipt = evaluation.receipt()
            assert replay(receipt.as_dict(), pack) == []


@pytest.mark.clause("S3-3.1c")
def test_the_worked_example_of_the_text(deposit: Pack) -> None:
    """550,000 last month on a 10,000 balance: 30,000 required, 20,000 to pay."""
    evaluation = deposit.evaluate("required_deposit", _example())
    assert evaluation.result["required_fen"] == 3_000_000
    assert evaluation.result["shortfall_fen"] == 2_000_000
    assert evaluation.modality == "may"
    assert "S3-3.1c" in evaluation.clauses
    assert set(evaluation.assumed) == {"category_standard", "sales_tier"}


@pytest.mark.clause("S3-2.2a", "S3-2.2b")
@pytest.mark.parametrize(
    ("choice", "other", "required_fen"),
    [
        ("add_highest", "add_highest", 8_000_000),
        ("add_highest", "highest_only", 5_000_000),
        ("add_highest", "add_all", 11_000_000),
        ("larger", "added", 10_000_000),
    ],
)
def test_another_reading_of_the_text_can_be_run(
    deposit: Pack, choice: str, other: str, required_fen: int
) -> None:
    """Changing one word of the pack decides as the reading does, on both back ends."""
    text = deposit.text.split("\ncases:")[0]
    pack = load_pack_text(text.replace(f"choice: {choice}\n", f"choice: {other}\n"), other)
    facts = {**_example(), "categories": ["jewelry", "wine", "food"]}
    [evaluation] = both_agree(pack, "required_deposit", [facts])
    assert evaluation.result["required_fen"] == required_fen


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S0-2.2.5-5c")
def test_the_ladder_cites_the_clause_of_its_rung(supply: Pack) -> None:
    """6.9 three times running: each month its own rung, amount and clause, as a must."""
    expected = [
        ("hide", 250_000, "S0-2.2.5-5a"),
        ("delist", 500_000, "S0-2.2.5-5b"),
        ("remove", 1_000_000, "S0-2.2.5-5c"),
    ]
    ends = [date(2025, 8, 31), date(2025, 9, 30), date(2025, 10, 31)]
    for count, (rung, fine_fen, clause) in enumerate(expected, start=1):
        months = [[day, {"points": 69, "answers": 1}] for day in ends[:count]]
        evaluation = supply.evaluate(
            "nps_ladder", {"assessed_on": ends[count - 1], "months": months}
        )
        assert evaluation.result["rung"] == rung
        assert evaluation.result["fine_fen"] == fine_fen
        assert evaluation.clause == clause == evaluation.clauses[0]
        assert evaluation.modality == "must"


@pytest.mark.clause("S3-3.1c")
def test_why_is_told_in_both_languages(deposit: Pack) -> None:
    """The explanation says result, facts, rows, winner, clauses, choices and what is assumed."""
    evaluation = deposit.evaluate("required_deposit", _example())
    zh, en = evaluation.explain("zh"), evaluation.explain("en")
    assert zh.startswith("店铺应缴保证金：应缴 30,000.00 元、店铺标准 30,000.00 元")
    assert "上月销售额 550,000.00 元、类目：服饰" in zh
    assert (
        "销售档标准 30,000.00 元、销售档第 4 行（>= 500000）"
        "（S3-3.1c；S3，2020-08-12 起；样例值，待运营方确认；采用的解释：上一自然月已支付金额）"
    ) in zh
    assert "店铺标准 30,000.00 元，取其中的“销售档标准”" in zh
    assert en.startswith("Deposit required of a shop: required 30,000.00 yuan")
    assert "shop standard 30,000.00 yuan, of which “standard of the sales tier” decides" in en
    assert "to top up 20,000.00 yuan (S3-5.1)" in en


def test_every_name_a_reader_meets_has_words_in_both_languages(
    supply: Pack, deposit: Pack, law: Pack
) -> None:
    """Facts, steps and elements are called by words in an explanation, never by their names."""
    for pack in (supply, deposit, law):
        assert all(each.title is not None for each in pack.parameters.values())
        assert all(each.title is not None for each in pack.tables.values())
        assert all(each.title is not None for each in pack.decisions.values())
        for name, decision in pack.decisions.items():
            for each in [*decision.facts, *(step.name for step in decision.steps)]:
                assert pack.texts[each].zh, (name, each)
                assert pack.texts[each].en, (name, each)


def test_every_text_of_a_table_has_words_in_both_languages(
    supply: Pack, deposit: Pack, law: Pack
) -> None:
    """What a row takes or gives as a text is called by words too."""
    for pack in (supply, deposit, law):
        for table in pack.tables.values():
            for edition in table.editions:
                outputs = [value for row in edition.rows for value in row.outputs.values()]
                for text in (each for each in outputs if isinstance(each, str)):
                    assert pack.texts[text].en, (table.name, text)


@pytest.mark.clause("S0-1.3-invite", "S0-2.1-qual2", "S0-2.1-qual2a", "S0-2.2.6", "S0-3.4")
def test_a_value_that_nobody_has_set_blocks_its_clause(supply: Pack) -> None:
    """Each unset parameter has a case that is refused for want of it, and one has no other."""
    unset = {name for name, each in supply.parameters.items() if each.values[-1].unset}
    assert unset == {
        "invitation_days", "retest_days", "sampling_breach_money", "points_ceiling",
        "removal_reentry_ban",
    }  # fmt: skip
    refused = {case.refused for case in supply.cases}
    assert {f"unset:{name}" for name in unset} <= refused


def test_what_the_source_does_not_say_is_labelled(supply: Pack, deposit: Pack) -> None:
    """A value that rests on a public fact or on a guess is a sample wherever it is used."""
    facts = {"answered_on": date(2025, 9, 1), "scores": [{"item": "goods", "score_given": 50}]}
    assert supply.evaluate("survey_score", facts).assumed == ("survey_items",)
    late = [{"paid_fen": 10_000, "failure": "late_shipping"}]
    evaluation = deposit.evaluate("order_compensation", {"breached_on": DAY, "orders": late})
    assert evaluation.assumed == ("compensation_rates",)
    assert "样例值" in evaluation.explain("zh")


@pytest.mark.clause("S0-2.2.5-3a", "S0-2.2.5-3b", "S0-2.2.5-3c", "S0-2.2.5-3d", "S0-2.2.5-3e")
def test_the_weights_of_the_score_make_one(supply: Pack) -> None:
    """Five items, one for each sentence, and all of the weight."""
    [edition] = supply.tables["survey_items"].editions
    assert len({row.clause for row in edition.rows}) == 5
    assert sum(int(str(row.outputs["weight"])) for row in edition.rows) == 1_000_000


@pytest.mark.clause("S0-1.2-scope", "S0-2.1-exp4", "S0-2.1-info2b")
def test_an_admission_says_what_is_missing(supply: Pack) -> None:
    """Each condition is a row of its own, green or red, and cites its sentence."""
    [case] = [each for each in supply.cases if each.text == "outside contacts found"]
    evaluation = supply.evaluate("admission", case.facts)
    told = {each["name"]: each for each in evaluation.trace if each["entry"] == "step"}
    red = {name for name, each in told.items() if each["value"] is False}
    assert red == {"platform_partnership", "no_outside_contacts", "admitted"}
    assert told["no_outside_contacts"]["clause"] == "S0-2.1-info2b"


@pytest.mark.clause("S0-3.3")
def test_working_days_skip_the_holiday_and_count_the_day_worked_instead(supply: Pack) -> None:
    """Seven working days from the Friday before the October holiday end on the 13th."""
    evaluation = supply.evaluate("exit_timetable", {"applied_on": date(2025, 9, 26)})
    assert evaluation.result["checked_by"] == date(2025, 10, 13)
    later = supply.evaluate("exit_timetable", {"applied_on": date(2026, 12, 30)})
    assert later.refusal is not None
    assert later.refusal.key == "out_of_calendar:workdays"


def test_the_law_asks_more_of_important_changes(law: Pack) -> None:
    """7 and 15 days, three years of versions, and comment on what is important."""
    day = date(2026, 2, 1)
    assert law.parameter("notice_days_ordinary", on=day) == 7
    assert law.parameter("notice_days_important", on=day) == 15
    assert law.parameter("versions_kept_years", on=day) == 3
    assert law.parameter("public_comment_for_important", on=day) is True
    at_once = law.read_as(Reading(choices=(("favourable_change", "at_once"),)))
    changed = {"published_on": day, "in_force_on": day, "importance": "favourable"}
    for reading, allowed in ((law, False), (at_once, True)):
        [evaluation] = both_agree(reading, "notice_of_change", [changed])
        assert evaluation.result["allowed"] is allowed
    before = {**changed, "in_force_on": date(2026, 1, 31)}
    assert at_once.evaluate("notice_of_change", before).result["allowed"] is False


@pytest.mark.parametrize(
    ("measure", "stopped"),
    [
        ("none", set()),
        ("hide", {"visibility"}),
        ("delist", {"visibility", "new_order"}),
        ("remove", {"visibility", "new_order", "renewal", "publishing"}),
        ("clear", {"visibility", "new_order", "renewal", "running_use", "interface_calls"}),
    ],
)
def test_effects_of_a_measure(supply: Pack, measure: str, stopped: set[str]) -> None:
    """A measure stops what the table says and nothing else."""
    row = supply.table_row("restriction_effects", {"measure": measure}, on=date(2025, 8, 1))
    assert {name for name, value in row.items() if value} == stopped


def test_every_outcome_of_the_staircase_has_its_effects(deposit: Pack, supply: Pack) -> None:
    """No measure that a decision can name is missing in the table of effects."""
    day = date(2025, 9, 1)
    for pack, table, column in (
        (deposit, "shortage_staircase", "measure"),
        (deposit, "shortage_bands", "measure"),
        (supply, "charging_rungs", "rung"),
        (supply, "nps_rungs", "rung"),
    ):
        for edition in pack.tables[table].editions:
            for row in edition.rows:
                pack.table_row("restriction_effects", {"measure": row.outputs[column]}, on=day)


def _example() -> dict[str, Any]:
    return {
        "adjusted_on": date(2025, 9, 1), "sales_fen": 55_000_000, "categories": ["apparel"],
        "raises_fen": 0, "balance_fen": 1_000_000,
    }  # fmt: skip
