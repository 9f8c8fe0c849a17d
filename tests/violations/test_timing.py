"""When goods are restricted, and what a reviewer may propose in place of a kind's own measure."""

from datetime import date, timedelta
from typing import Any

import pytest

from earnest.appeals.filing import Disputed, NewAppeal, appeal_file
from earnest.authoring.amending import (
    NewEdition,
    NewInstrument,
    NewRow,
    edition_added,
    instrument_added,
)
from earnest.consequences.sanctions import ticket_enforce
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.kernel.errors import BadInput
from earnest.notices.models import Notice
from earnest.policy import Pack
from earnest.restrictions.models import Restriction
from earnest.restrictions.queries import capabilities_restricted, objects_restricted
from earnest.rulebooks.packs import SUPPLY_MARKET, pack_of
from earnest.tickets.models import Ticket
from earnest.violations.due import violations_look
from earnest.violations.finding import Verdict, finding_propose
from earnest.violations.kinds import kinds_of, measures_proposable
from earnest.violations.protections import Protecting, protection_put
from earnest.violations.queries import decisions_shown
from earnest.violations.queue import violation_claim
from tests.appeals.scene import heard
from tests.cases.scene import NOW, P1
from tests.rulebooks.books import announced, submitted
from tests.violations.scene import (
    DAY,
    RISK,
    SERVICE,
    item,
    market,
    person,
    proposed,
    reported,
    sanctioned,
    settled,
)

pytestmark = pytest.mark.django_db
DAYS = timedelta(days=1)
PUBLISHED, IN_FORCE = date(2025, 8, 1), date(2025, 9, 4)
LATE = NOW + 10 * DAYS
"""When the week to appeal is over."""


def _goods_wait() -> None:
    """Announce that hiding goods waits for the time to appeal, and everything else stays."""
    pack = pack_of(SUPPLY_MARKET)
    act = NewInstrument("S0-2025", PUBLISHED, IN_FORCE)
    edition = pack.tables["sanction_timing"].editions[-1]
    rows = [
        NewRow(
            list(each.cells[0].values),
            [_acts_at_once(each), each.outputs["money_at_once"]],
            each.clause,
        )
        for each in edition.rows
    ]
    text = instrument_added(pack.text, act)
    text = edition_added(text, "sanction_timing", NewEdition(IN_FORCE, act.id, rows))
    announced(submitted(text, PUBLISHED), PUBLISHED)


def _acts_at_once(row: Any) -> bool:
    """Tell whether a measure acts at once, hiding goods aside."""
    return bool(row.outputs["restricts_at_once"]) and "hide_goods" not in row.cells[0].values


def _hidden(tenant: str) -> set[str]:
    return objects_restricted(tenant, *P1, "goods_listing")


@pytest.mark.clause("S0-2.2.6")
def test_goods_wait_for_the_ticket_where_the_rulebook_says_so() -> None:
    """Told with the ticket, hidden once it is in force, for the whole time, and told once.

    Where an appeal succeeds before that, nothing was restricted and nothing is.
    """
    _goods_wait()
    tenant = market()
    _, (decision,) = sanctioned(tenant, item("exaggeration", item_id="G8"))
    (told,) = Notice.objects.filter(tenant_id=tenant)
    assert "处罚生效后执行，为期 30 天" in told.body_zh
    sanctioned(tenant, item("exaggeration", item_id="G9"))
    ticket, appealed = Ticket.objects.filter(tenant_id=tenant).order_by("number")
    disputed = [Disputed(1, "facts_wrong", "并非事实")]
    heard(appeal_file(tenant, NewAppeal(P1, appealed.number, disputed, "p1"), NOW), NOW + DAYS)
    assert violations_look(tenant, LATE).objects == ()
    assert _hidden(tenant) == set()
    ticket_enforce(tenant, ticket.number, LATE)
    assert violations_look(tenant, LATE).objects == (ticket.number,)
    row = Restriction.objects.get(tenant_id=tenant)
    assert (row.object_ref, row.decision_id) == ("item_id G8", decision.id)
    assert row.release == [{"kind": "time", "on": "2025-10-15"}]
    assert violations_look(tenant, LATE).objects == ()
    assert Notice.objects.filter(tenant_id=tenant, title_zh__endswith="已执行").count() == 1
    decision.refresh_from_db()
    assert decision.effect["restrictions"] == [str(row.id)]
    assert not decisions_replay(tenant).differences


def test_what_protects_stays_until_goods_that_wait_are_hidden_or_its_last_day() -> None:
    """Settled, the protective measure goes on while its sanction waits; then it gives way."""
    _goods_wait()
    tenant = market()
    violation = reported(tenant, item("exaggeration", item_id="G8"))
    violation_claim(tenant, violation.number, person(tenant, RISK), NOW)
    wanted = Protecting(1, "hide_goods", "misleading")
    row = protection_put(tenant, violation.number, wanted, person(tenant, RISK), NOW)
    proposed(tenant, violation)
    settled(tenant, violation)
    row.refresh_from_db()
    assert (_hidden(tenant), row.closed_at) == ({"item_id G8"}, None)
    ticket = Ticket.objects.get(tenant_id=tenant)
    ticket_enforce(tenant, ticket.number, NOW + DAYS)
    look = violations_look(tenant, NOW + DAYS)
    assert (look.objects, look.protections) == ((ticket.number,), (violation.number,))
    row.refresh_from_db()
    assert row.closed_because == "settled"
    (active,) = Restriction.objects.filter(tenant_id=tenant, released_at=None)
    assert active.decision_id == ticket.decision_id


def _pack() -> Pack:
    return pack_of(SUPPLY_MARKET)


@pytest.mark.clause("S0-2.2.6")
def test_no_kind_leads_to_clearing_to_a_category_revoked_or_to_a_bar() -> None:
    """The rule names none of them for a violation: they are a reviewer's to propose, by two."""
    of_kinds = {each.measure for each in kinds_of(_pack(), DAY).values()}
    proposable = measures_proposable(_pack(), DAY)
    assert proposable == {"clear": 2, "revoke_category": 2, "bar": 2}
    assert not of_kinds & set(proposable)


@pytest.mark.clause("S0-2.2.6")
@pytest.mark.parametrize(
    ("measure", "capability", "ends"),
    [("clear", "interface_calls", []), ("revoke_category", "category", []),
     ("bar", "reentry", ["2026-03-07"])],
)  # fmt: skip
def test_a_proposed_measure_takes_the_kinds_place_and_two_persons(
    measure: str, capability: str, ends: list[str]
) -> None:
    """Proposed by service, risk alone does not do it; admin agrees, and it acts with its ticket."""
    tenant = market()
    violation = reported(tenant, item("other_violation", function="search"))
    actor = person(tenant, SERVICE)
    violation_claim(tenant, violation.number, actor, NOW)
    said = Verdict(1, "found", "see the file", measure=measure)
    finding_propose(tenant, violation.number, [said], actor, NOW)
    (decision,) = decisions_shown(violation)
    assert (decision.outcome, decision.approvals_needed) == (measure, 2)
    settled(tenant, violation, by=RISK)
    assert capabilities_restricted(tenant, *P1) == set()
    settled(tenant, violation)
    assert capability in capabilities_restricted(tenant, *P1)
    rows = Restriction.objects.filter(tenant_id=tenant)
    assert {tuple(one["on"] for one in each.release) for each in rows} == {tuple(ends)}
    assert Ticket.objects.get(tenant_id=tenant).outcome == measure
    assert not decisions_replay(tenant).differences


@pytest.mark.parametrize(
    ("kind", "measure"),
    [("free_here_charged_there", "clear"), ("safety", "bar"), ("other_violation", "remove")],
)
def test_a_measure_is_not_proposed_where_the_rule_has_its_own_or_none(
    kind: str, measure: str
) -> None:
    """Requirement 4 and sampling have their own consequences; removal is on no list."""
    tenant = market()
    violation = reported(tenant, item(kind, item_id="G7"))
    actor = person(tenant, RISK)
    violation_claim(tenant, violation.number, actor, NOW)
    with pytest.raises(BadInput, match="measure_not_proposable"):
        finding_propose(
            tenant, violation.number, [Verdict(1, "found", "x", measure=measure)], actor, NOW
        )
    assert not Decision.objects.filter(tenant_id=tenant).exists()
