"""What happens is told once to everybody who wants to hear of it, and to nobody else."""

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from earnest.decisions.models import Decision, Reversal
from earnest.deliveries.commands import (
    NewEndpoint,
    endpoint_add,
    endpoint_disable,
    endpoint_enable,
)
from earnest.deliveries.looking import SWEEP, deliveries_look
from earnest.deliveries.models import Delivery, Endpoint, Watermark
from earnest.kernel.errors import BadInput, Conflict
from earnest.kernel.ids import uuid7_for
from earnest.restrictions.commands import Grant, restrictions_grant
from earnest.restrictions.models import Restriction
from tests.deliveries.conftest import NOW, OPERATOR, P1, P2, TENANT, tell

MINUTE = timedelta(minutes=1)


def add(url: str, subject: tuple[str, str] = OPERATOR, *types: str) -> Endpoint:
    """Add an endpoint that hears of what happens from NOW on."""
    new = NewEndpoint(url=url, subject=subject, actor="admin", event_types=types)
    return endpoint_add(TENANT, new, NOW).endpoint


def told(endpoint: Endpoint) -> list[str]:
    """Return the events that are on their way to an endpoint."""
    rows = Delivery.objects.filter(endpoint=endpoint).order_by("occurred_at", "event")
    return [each.event for each in rows]


def decide(subject: tuple[str, str] = P1, **content: object) -> Decision:
    """Record a decision about a party, settled or waiting."""
    number = Decision.objects.count() + 1
    given = {
        "made_at": NOW,
        "state": "in_effect",
        "settled_at": NOW,
        "approvals_needed": 0,
        **content,
    }
    return Decision.objects.create(
        id=uuid7_for(given["made_at"], TENANT, "decision", str(number)),
        tenant_id=TENANT,
        seq=number,
        rulebook="kuaishou-supply-market",
        decision="nps_ladder",
        subject_kind=subject[0],
        subject_id=subject[1],
        period=f"2025-{number:02}",
        clause="S0-2.2.3-1",
        modality="must",
        outcome="hide",
        money_fen=0,
        receipt={},
        trace={},
        previous_hash="",
        chain_hash="",
        **given,
    )


@pytest.mark.clause("S0-2.2.1b")
def test_a_notice_is_told_once(parties: str) -> None:
    """However often it is looked, a notice is on its way to each endpoint once, in stable bytes."""
    one, other = add("https://a.example/"), add("https://b.example/")
    tell(P1, "late orders")
    assert deliveries_look(parties, NOW) == {"notice.sent": 2}
    first = {each.id: bytes(each.body) for each in Delivery.objects.all()}
    for minutes in (0, 1, 2, 30):
        assert not deliveries_look(parties, NOW + minutes * MINUTE)
    assert {each.id: bytes(each.body) for each in Delivery.objects.all()} == first
    assert told(one) == told(other) == ["notice.sent"]
    message = json.loads(next(iter(first.values())))
    assert message["type"] == "notice.sent"
    assert message["timestamp"] == NOW.isoformat()
    assert message["data"]["clause"] == "S0-2.2.1b"
    assert message["data"]["url"] == "https://market.example/inbox/"
    assert (message["data"]["subject_kind"], message["data"]["subject_id"]) == P1
    assert message["data"]["title_zh"] == "标题 late orders"


def test_what_commits_late_is_found(parties: str) -> None:
    """A row of before the watermark is told all the same: the look goes back behind it."""
    endpoint = add("https://a.example/")
    deliveries_look(parties, NOW + 20 * MINUTE)
    tell(P1, "slow transaction", NOW + MINUTE)
    assert deliveries_look(parties, NOW + 21 * MINUTE) == {"notice.sent": 1}
    deliveries_look(parties, NOW + timedelta(hours=30))
    tell(P1, "much slower", NOW + 2 * MINUTE)
    assert not deliveries_look(parties, NOW + timedelta(hours=31))
    assert deliveries_look(parties, NOW + timedelta(hours=32), overlap=SWEEP) == {"notice.sent": 1}
    assert told(endpoint) == ["notice.sent"] * 2


def test_nothing_of_before_and_nothing_after_now(parties: str) -> None:
    """An endpoint is not told what was before it was there; what is to come waits for its time."""
    tell(P1, "old", NOW - MINUTE)
    add("https://a.example/")
    tell(P1, "to come", NOW + timedelta(days=1))
    assert not deliveries_look(parties, NOW + MINUTE)
    assert deliveries_look(parties, NOW + timedelta(days=1)) == {"notice.sent": 1}


def test_the_first_look_reaches_back_to_the_first_endpoint(parties: str) -> None:
    """When the worker starts days after an endpoint was added, nothing in between is forgotten."""
    add("https://a.example/")
    tell(P1, "while no worker ran", NOW + MINUTE)
    assert deliveries_look(parties, NOW + timedelta(days=3)) == {"notice.sent": 1}
    assert Watermark.objects.get(source="notices").looked_to == NOW + timedelta(days=3)


def test_a_party_hears_of_itself_only(parties: str) -> None:
    """A party's endpoint is told its own things, and no proposals; an operator's is told all."""
    mine, all_of_them = add("https://p1.example/", P1), add("https://ops.example/")
    tell(P1, "mine")
    tell(P2, "not mine")
    decide(P1)
    decide(P2)
    decide(P1, state="waiting", settled_at=None, approvals_needed=1)
    decide(P1, state="refused", approvals_needed=1)
    deliveries_look(parties, NOW)
    assert sorted(told(mine)) == ["decision.in_effect", "notice.sent"]
    assert sorted(told(all_of_them)) == [
        "decision.in_effect", "decision.in_effect", "decision.made", "decision.made",
        "decision.refused", "notice.sent", "notice.sent",
    ]  # fmt: skip


def test_the_life_of_a_decision(parties: str) -> None:
    """Made, in effect and reversed are three events, each at its own time and told once."""
    endpoint = add("https://a.example/")
    decision = decide(state="waiting", settled_at=None, approvals_needed=2)
    deliveries_look(parties, NOW)
    decision.state, decision.settled_at = "in_effect", NOW + MINUTE
    decision.save()
    deliveries_look(parties, NOW + MINUTE)
    Reversal.objects.create(
        decision=decision, tenant_id=TENANT, because="appeal", reference="A1", actor="risk",
        note="upheld", effect={}, at=NOW + 2 * MINUTE,
    )  # fmt: skip
    decision.state = "reversed"
    decision.save()
    for _ in range(2):
        deliveries_look(parties, NOW + 2 * MINUTE)
    assert told(endpoint) == ["decision.made", "decision.in_effect", "decision.reversed"]
    body = json.loads(bytes(Delivery.objects.get(event="decision.in_effect").body))
    assert body["data"]["url"] == f"https://market.example/decisions/{decision.id}/"
    assert (body["data"]["outcome"], body["data"]["clause"]) == ("hide", "S0-2.2.3-1")


def test_restrictions_begin_and_end(parties: str) -> None:
    """A restriction is told when it is granted and when it is released, with its capability."""
    endpoint = add("https://a.example/", P1, "restriction.granted", "restriction.released")
    tell(P1, "not subscribed to")
    grant = Grant(
        *P1, measure="hide", capabilities=("visibility",), rulebook="kuaishou-supply-market",
        clause="S0-2.2.3-1", decision_id=uuid4(), release=(),
    )  # fmt: skip
    restrictions_grant(TENANT, [grant], NOW)
    deliveries_look(parties, NOW)
    Restriction.objects.update(released_at=NOW + MINUTE, released_because="time")
    deliveries_look(parties, NOW + MINUTE)
    assert told(endpoint) == ["restriction.granted", "restriction.released"]
    facts = json.loads(bytes(Delivery.objects.first().body))["data"]
    assert (facts["measure"], facts["capability"]) == ("hide", "visibility")


def test_a_disabled_endpoint_is_told_nothing(parties: str) -> None:
    """What waits is dropped; what happens meanwhile is not told later; after enabling it is."""
    endpoint = add("https://a.example/", P1)
    tell(P1, "one")
    deliveries_look(parties, NOW)
    assert endpoint_disable(TENANT, endpoint.id, "asked", NOW)
    assert not endpoint_disable(TENANT, endpoint.id, "asked", NOW)
    assert Delivery.objects.get().state == "dropped"
    tell(P1, "two")
    assert not deliveries_look(parties, NOW + timedelta(hours=2))
    assert endpoint_enable(TENANT, endpoint.id)
    tell(P1, "three", NOW + timedelta(hours=3))
    assert deliveries_look(parties, NOW + timedelta(hours=3)) == {"notice.sent": 1}


def test_many_at_once_are_few_queries(
    parties: str, django_assert_max_num_queries: Callable[..., object]
) -> None:
    """A thousand notices are looked at in portions, not one by one."""
    add("https://a.example/")
    for number in range(1_000):
        tell(P1, f"n{number}")
    with django_assert_max_num_queries(60):
        assert deliveries_look(parties, NOW) == {"notice.sent": 1_000}


@pytest.mark.parametrize(
    ("url", "subject", "types", "code"),
    [
        ("http://a.example/", OPERATOR, (), "endpoint_address"),
        ("https://a.example/", OPERATOR, ("notice.read",), "unknown_event_type"),
        ("https://a.example/", P1, ("decision.made",), "unknown_event_type"),
    ],
)
def test_a_wrong_endpoint_is_not_added(
    parties: str, url: str, subject: tuple[str, str], types: tuple[str, ...], code: str
) -> None:
    """Addresses and types that are not taken are refused, and nothing is left behind."""
    with pytest.raises(BadInput) as refused:
        add(url, subject, *types)
    assert refused.value.problem.code == code
    assert not Endpoint.objects.exists()


def test_an_address_stands_once(parties: str) -> None:
    """The same address twice is a conflict; another party may have the same one."""
    add("https://a.example/", P1)
    with pytest.raises(Conflict):
        add("https://a.example/", P1)
    add("https://a.example/", P2)
    assert Endpoint.objects.count() == 2
