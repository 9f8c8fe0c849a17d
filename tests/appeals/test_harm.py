"""A whole deposit taken for harm after removal waits for the appeal, and comes back with it."""

from datetime import date, timedelta

import pytest

from earnest.appeals.filing import Disputed, NewAppeal, appeal_file
from earnest.appeals.models import Appeal
from earnest.cases.removals import HarmFiling, harm_file
from earnest.consequences.sanctions import tickets_look
from earnest.decisions.models import Decision
from earnest.decisions.replay import decisions_replay
from earnest.deposits.accounts import claim_of, deposit_of
from earnest.kernel.calendar import day_start
from earnest.ledger.queries import balance_of, verify
from earnest.tickets.models import Ticket
from tests.appeals.scene import P1, heard
from tests.cases.scene import NOW, approved, provider_open, tenant_new

pytestmark = [pytest.mark.django_db, pytest.mark.clause("S0-3.2b")]
DEPOSIT_FEN, LOSS_FEN = 1_000_000, 1_500_000


@pytest.fixture
def decision() -> Decision:
    """Find harm of 15,000 yuan by a removed provider that has 10,000 yuan deposited."""
    tenant = tenant_new()
    provider_open(tenant, deposit_fen=DEPOSIT_FEN, left_on=date(2025, 8, 1))
    case = harm_file(tenant, HarmFiling("P1", LOSS_FEN, "users were locked out", "risk"), NOW)
    return approved(tenant, case)


def _ticket(decision: Decision) -> Ticket:
    return Ticket.objects.get(decision_id=decision.id)


def _appealed(decision: Decision) -> Appeal:
    ticket = _ticket(decision)
    items = [Disputed(1, "figure_wrong", "接口由平台停用，并非我方所为")]
    return appeal_file(decision.tenant_id, NewAppeal(P1, ticket.number, items, "p1"), NOW)


def _look(decision: Decision) -> Ticket:
    """Look at the tickets on the day after the last one to appeal."""
    after = day_start(_ticket(decision).appeal_until + timedelta(days=1))
    assert not tickets_look(decision.tenant_id, after).problems
    return _ticket(decision)


def _stands(decision: Decision) -> tuple[int, int]:
    """Return what is deposited and what is owed, in fen."""
    accounts = (deposit_of(P1), claim_of(P1))
    deposit, claim = (balance_of(decision.tenant_id, each).posted_fen for each in accounts)
    return deposit, -claim


def test_an_appeal_holds_the_money_back(decision: Decision) -> None:
    """As long as it is heard nothing is taken, however long that lasts; rejected, all of it is."""
    appeal = _appealed(decision)
    assert _look(decision).state == "appealed"
    assert _stands(decision) == (DEPOSIT_FEN, 0)
    heard(appeal, NOW, verdict="upheld")
    assert _look(decision).state == "in_force"
    assert _stands(decision) == (0, LOSS_FEN - DEPOSIT_FEN)


def test_an_appeal_in_time_that_succeeds_leaves_everything_as_it_was(decision: Decision) -> None:
    """Nothing was taken, so nothing has to go back."""
    heard(_appealed(decision), NOW)
    assert _look(decision).state == "reversed"
    assert _stands(decision) == (DEPOSIT_FEN, 0)


def test_what_was_taken_comes_back_to_the_fen(decision: Decision) -> None:
    """Deposit, damages and claim are as before, and the books and the replay agree."""
    assert _look(decision).state == "in_force"
    assert _stands(decision) == (0, LOSS_FEN - DEPOSIT_FEN)
    heard(_appealed(decision), NOW)
    assert _ticket(decision).state == "reversed"
    assert _stands(decision) == (DEPOSIT_FEN, 0)
    assert balance_of(decision.tenant_id, "compensation_payable").posted_fen == 0
    assert all(check.ok for check in verify(decision.tenant_id))
    assert not decisions_replay(decision.tenant_id).differences
