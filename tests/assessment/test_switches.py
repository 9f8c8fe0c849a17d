"""What a rulebook leaves open is done as its pack chooses: another choice, another behaviour."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from earnest.assessment.commands import month_settled_at
from earnest.assessment.shops import ShopMonth, adjustment_decide
from earnest.cli.measure import parameters_on
from earnest.consequences.ladder import ladder_apply
from earnest.consequences.sanctions import ticket_enforce
from earnest.consequences.words import conditions_words, fine_words
from earnest.decisions.commands import effect_note
from earnest.decisions.models import Decision
from earnest.deposits.accounts import (
    claim_of,
    clearing_of,
    deposit_of,
    platform_accounts_open,
    subject_accounts_open,
)
from earnest.kernel.calendar import Month, day_start
from earnest.kernel.errors import RuleRefused
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import balance_of
from earnest.ledger.records import Reason, Transfer
from earnest.measures.queries import measure_named
from earnest.notices.models import Notice
from earnest.policy import Pack, Reading, load_pack_text
from earnest.restrictions.models import Restriction
from earnest.restrictions.release import Condition
from earnest.rulebooks.packs import SHOP_DEPOSIT, SUPPLY_MARKET, PartyPacks, packs_shipped
from earnest.rulebooks.switches import OPTIONS, chosen
from tests.rulebooks.books import announced, submitted

AT = datetime(2025, 9, 8, tzinfo=UTC)
P1 = ("provider", "P1")
MONTH = Month(2025, 8)
ADJUSTED_ON = date(2025, 9, 8)
RULEBOOKS = dict.fromkeys(OPTIONS, SUPPLY_MARKET) | {"tier_direction": SHOP_DEPOSIT}


def _chosen(rulebook: str, **choices: str) -> Pack:
    return packs_shipped()[rulebook].read_as(Reading(choices=tuple(choices.items())))


def _rung(low_months: int, **choices: str) -> Decision:
    """Return what a run of low months comes to, judged by the pack with these choices."""
    evaluation = _chosen(SUPPLY_MARKET, **choices).evaluate(
        "nps_ladder",
        {
            "assessed_on": MONTH.last_day,
            "months": [
                [MONTH.plus(-back).last_day, {"points": 69, "answers": 1}]
                for back in reversed(range(low_months))
            ],
        },
    )
    assert evaluation.refusal is None
    return Decision(
        id=uuid4(),
        tenant_id=f"t{uuid4().hex[:12]}",
        subject_kind=P1[0],
        subject_id=P1[1],
        rulebook=SUPPLY_MARKET,
        decision="nps_ladder",
        period=str(MONTH),
        clause="S0-2.2.5-5a",
        outcome=str(evaluation.result["rung"]),
        money_fen=int(str(evaluation.result["fine_fen"])),
        governing_on=MONTH.last_day,
        made_at=AT,
        receipt=evaluation.receipt().as_dict(),
        trace=evaluation.trace,
        modality=evaluation.modality,
        seq=1,
        state="in_effect",
        approvals_needed=0,
    )


def _applied(decision: Decision, deposit_fen: int) -> dict[str, Any]:
    """Open the provider's accounts with a deposit, and let the decision have its effect."""
    tenant = decision.tenant_id
    platform_accounts_open(tenant, AT)
    subject_accounts_open(tenant, [P1], AT)
    paid_in = Transfer(
        id=uuid4(),
        debit=clearing_of("bank"),
        credit=deposit_of(P1),
        amount_fen=deposit_fen,
        effective_at=AT,
        reason=Reason("S0-1.1-basis", SUPPLY_MARKET, None, "test"),
    )
    transfers_post(tenant, [paid_in], AT)
    decision.save(force_insert=True)
    effect_note(decision, ladder_apply(tenant, decision, AT))
    return decision.effect


def _release(decision: Decision) -> list[dict[str, Any]]:
    rows = Restriction.objects.filter(tenant_id=decision.tenant_id)
    (release,) = {str(row.release): row.release for row in rows}.values()
    return list(release)


def _final_at_once() -> str:
    """Return the text with an erratum that chooses ``at_once``, and its golden case with it."""
    act = "{id: S0E, published: 2025-08-04, in_force: 2025-07-19, state: draft, change: erratum}"
    text = packs_shipped()[SUPPLY_MARKET].text
    for old, new in (
        ("choice: after_settling", "choice: at_once"),
        ("{is_final: false, final_on: 2025-09-07}", "{is_final: true, final_on: 2025-08-31}"),
        ("instruments:\n", f"instruments:\n  - {act}\n"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("interpretation", OPTIONS)
def test_the_program_knows_every_option_and_the_packs_choose_the_first(interpretation: str) -> None:
    """The options of the shipped packs are those of the program; none is left undone."""
    pack = packs_shipped()[RULEBOOKS[interpretation]]
    assert set(pack.interpretations[interpretation].options) == set(OPTIONS[interpretation])
    assert chosen(pack, interpretation) == OPTIONS[interpretation][0]


def test_an_option_that_the_program_cannot_do_is_refused() -> None:
    """A pack with a third way is refused in words to act on, not done in one of the two."""
    text, _, _ = packs_shipped()[SHOP_DEPOSIT].text.partition("\ncases:")
    for old, new in (
        ("      up_only: {", "      never: {zh: 不变, en: it stays}\n      up_only: {"),
        ("choice: both_ways", "choice: never"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    pack = load_pack_text(text, SHOP_DEPOSIT)
    with pytest.raises(RuleRefused) as refused:
        chosen(pack, "tier_direction")
    assert refused.value.problem.code == "unknown_choice"
    assert "up_only" in refused.value.problem.zh


def test_an_edition_without_the_switch_goes_by_the_default() -> None:
    """An edition from before an interpretation was written is followed as it was then."""
    assert chosen(packs_shipped()[SHOP_DEPOSIT], "month_length") == "calendar_month"


@pytest.mark.django_db
@pytest.mark.clause("S0-2.2.5-5a")
@pytest.mark.parametrize(
    ("choices", "release"),
    [
        ({}, [{"kind": "time", "on": "2025-10-08"}, {"kind": "topped_up"}]),
        (
            {"month_length": "package_month"},
            [{"kind": "time", "on": "2025-10-09"}, {"kind": "topped_up"}],
        ),
        (
            {"hide_release": "earlier_of_both"},
            [
                {
                    "kind": "any_of",
                    "conditions": [{"kind": "time", "on": "2025-10-08"}, {"kind": "topped_up"}],
                }
            ],
        ),
    ],
)
def test_hiding_ends_as_the_pack_chooses(
    choices: dict[str, str], release: list[dict[str, Any]]
) -> None:
    """One month of hiding: calendar or package month, with the top-up or whichever is earlier."""
    decision = _rung(1, **choices)
    _applied(decision, 1_000_000)
    assert _release(decision) == release
    days = {"topped_up_on": date(2025, 9, 20), "hidden_on": date(2025, 9, 8)}
    asked = _chosen(SUPPLY_MARKET, **choices).evaluate("hide_ends", days)
    time = release[0] if release[0]["kind"] == "time" else release[0]["conditions"][0]
    assert str(asked.result["month_over_on"]) == time["on"]


@pytest.mark.django_db
@pytest.mark.clause("S0-2.2.5-5b")
def test_delisting_keeps_its_three_conditions() -> None:
    """What is chosen about hiding says nothing about delisting."""
    decision = _rung(2, hide_release="earlier_of_both", month_length="package_month")
    _applied(decision, 1_000_000)
    assert [each["kind"] for each in _release(decision)] == ["time", "topped_up", "application"]
    assert _release(decision)[0]["on"] == "2025-10-08"


@pytest.mark.django_db
@pytest.mark.clause("S0-2.2.5-5a")
@pytest.mark.parametrize(
    ("choice", "claim_fen", "said"),
    [("take_and_claim", 150_000, "列为应追偿款"), ("take_only", 0, "不再追偿")],
)
def test_the_rest_of_a_fine_is_claimed_or_not(choice: str, claim_fen: int, said: str) -> None:
    """2,500 yuan on a deposit of 1,000, once nobody appealed: books, effect and notice follow."""
    decision = _rung(1, short_balance=choice)
    ticket = _applied(decision, 100_000)["ticket"]
    assert balance_of(decision.tenant_id, deposit_of(P1)).posted_fen == 100_000
    ticket_enforce(decision.tenant_id, ticket, AT + timedelta(days=8))
    decision.refresh_from_db()
    effect = decision.effect
    assert (effect["taken_fen"], effect["claim_fen"]) == (100_000, claim_fen)
    assert balance_of(decision.tenant_id, claim_of(P1)).posted_fen == -claim_fen
    taken = Notice.objects.get(tenant_id=decision.tenant_id, kind="payment")
    assert said in taken.body_zh
    facts = {"judged_on": MONTH.last_day, "due_fen": 250_000, "balance_fen": 100_000}
    asked = _chosen(SUPPLY_MARKET, short_balance=choice).evaluate("penalty_taken", facts)
    assert asked.result == {"taken_fen": 100_000, "claim_fen": claim_fen}


@pytest.mark.clause("S3-3.1a")
@pytest.mark.parametrize(
    ("choice", "outcomes"),
    [("both_ways", ["raise", "lower", "set"]), ("up_only", ["raise", "set"])],
)
def test_the_requirement_falls_only_where_the_pack_lets_it(
    choice: str, outcomes: list[str]
) -> None:
    """Sales fall from the top tier to none: lowered, or left where it was."""
    shops = [
        ShopMonth("S1", 55_000_000, ("apparel",), 1_000_000, 1_000_000),
        ShopMonth("S2", 0, ("apparel",), 3_000_000, 3_000_000),
        ShopMonth("S3", 0, ("apparel",), 0, None),
    ]
    packs = PartyPacks(_chosen(SHOP_DEPOSIT, tier_direction=choice), {})
    decisions = adjustment_decide(shops, str(MONTH), ADJUSTED_ON, packs).decisions
    assert [each.outcome for each in decisions] == outcomes


@pytest.mark.django_db
@pytest.mark.clause("S0-2.1-ship48-def", "S0-2.2.5-1")
def test_a_month_is_final_at_once_when_the_market_says_so() -> None:
    """An erratum that chooses the other option makes August final with its last day."""
    assert month_settled_at(MONTH) == day_start(date(2025, 9, 8))
    announced(submitted(_final_at_once(), date(2025, 8, 4)), date(2025, 8, 4))
    assert month_settled_at(MONTH) == day_start(date(2025, 9, 1))
    quality = measure_named("quality_refund30d")
    assert parameters_on(quality, MONTH.last_day)["maturation_days"] == 0


def test_the_words_of_an_end_say_which_of_its_conditions_are_needed() -> None:
    """All together, one alone, and one of several among others read differently."""
    time: Condition = {"kind": "time", "on": "2025-10-08"}
    both: list[Condition] = [time, {"kind": "topped_up"}]
    either: Condition = {"kind": "any_of", "conditions": both}
    assert conditions_words(both).zh == "同时满足：到 2025-10-08、补足保证金"
    assert conditions_words([either]).zh == "满足其一即可：到 2025-10-08、补足保证金"
    mixed = conditions_words([either, {"kind": "application"}])
    assert mixed.en == (
        "when all of these hold: one of (2025-10-08 is reached; the deposit is topped up); "
        "relisting is applied for"
    )


def test_the_words_of_a_fine_say_what_became_of_the_rest() -> None:
    """Covered, claimed, or let go."""
    assert fine_words(250_000, 250_000, 0).en == "2,500.00 yuan are taken from the deposit"
    assert fine_words(250_000, 100_000, 150_000).en.endswith("1,500.00 yuan are owed as a claim")
    assert fine_words(250_000, 100_000, 0).en.endswith("1,500.00 yuan are not claimed")
