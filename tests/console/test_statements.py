"""Statements of reasons in the console: listed, shown as sent, on paper and as JSON."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from earnest.kernel.hashing import digest
from earnest.notices.models import Notice, Statement
from tests.console.market import TENANT, SeededMarket

SignIn = Callable[..., Client]


def _one(subject_id: str = "P1", kind: str = "sanction") -> Statement:
    found = Statement.objects.filter(tenant_id=TENANT, subject_id=subject_id, kind=kind)
    return found.order_by("number")[0]


@pytest.mark.clause("S0-2.2.5-5a", "S0-2.2.5-5b", "S3-3.1c")
def test_every_sanction_and_requirement_has_its_statement(market: SeededMarket) -> None:
    """What the cycles decided about providers and shops is stated, each with its own reasons."""
    decided = Notice.objects.filter(
        tenant_id=TENANT, kind__in=("sanction", "requirement"), decision_id__isnull=False
    )
    assert {each.subject_kind for each in decided} == {"provider", "shop"}
    for notice in decided:
        kept = Statement.objects.get(tenant_id=TENANT, notice_id=notice.id)
        assert kept.clause == notice.clause
        assert kept.content["decided_by"]["mode"] == "automatic"
        for language in ("zh", "en"):
            parts = kept.content["parts"][language]
            for name in ("decision", "basis", "facts", "calculation", "objection", "where"):
                assert parts[name]
        assert "长期指令" in kept.content["parts"]["zh"]["decided_by"]


def test_a_party_sees_its_own_and_operators_all(market: SeededMarket, signed_in: SignIn) -> None:
    """The provider's list has no shop in it; the operators' has both and can be narrowed."""
    own = signed_in("provider").get("/statements/?subject_kind=shop").context["page"]
    assert {each.subject for each in own.object_list} == {("provider", "P1")}
    client = signed_in("auditor")
    everything = client.get("/statements/").context["page"]
    assert {each.subject_kind for each in everything.object_list} == {"provider", "shop"}
    shops = client.get("/statements/?subject_kind=shop").context["page"]
    assert {each.subject_kind for each in shops.object_list} == {"shop"}
    lines = b"".join(client.get("/statements.csv?q=P1").streaming_content).decode().splitlines()
    assert len(lines) == 1 + Statement.objects.filter(tenant_id=TENANT, subject_id="P1").count()


@pytest.mark.parametrize(("language", "heading"), [("zh-hans", "如有异议"), ("en", "Effect")])
def test_a_statement_is_shown_as_it_was_sent(
    market: SeededMarket, signed_in: SignIn, language: str, heading: str
) -> None:
    """Page, paper and JSON hold the same parts, and the hash that proves them."""
    kept, client = _one(), signed_in("provider", language)
    page = client.get(f"/statements/{kept.number}/").content.decode()
    assert heading in page
    assert kept.content_hash in page
    paper = client.get(f"/statements/{kept.number}/paper.pdf")
    assert paper.headers["Content-Type"] == "application/pdf"
    assert paper.content == client.get(f"/statements/{kept.number}/paper.pdf").content
    whole = json.loads(client.get(f"/statements/{kept.number}/statement.json").content)
    assert digest({name: whole[name] for name in whole if name != "sha256"}) == whole["sha256"]


def test_inbox_and_decision_lead_to_it(market: SeededMarket, signed_in: SignIn) -> None:
    """Where the notice is shown, a link leads to its statement."""
    kept, client = _one(), signed_in("provider")
    address = f"/statements/{kept.number}/"
    assert address in client.get("/inbox/?kind=sanction").content.decode()
    assert address in client.get(f"/decisions/{kept.decision_id}/").content.decode()
