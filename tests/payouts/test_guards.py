"""The database itself keeps payouts: states move one way, what was sent or booked stays."""

import pytest
from django.db import DatabaseError, connection, transaction

from earnest.payouts.commands import payout_request, payouts_advance
from earnest.payouts.models import PayeeAccount, Payout, PayoutAttempt, PayoutPart
from earnest.postgres.tenancy import tenant_scope
from tests.payouts.scene import NOW, account_verified, market_open, rails_of, wanted

pytestmark = pytest.mark.django_db

FORBIDDEN = [
    ("a paid part is not sent again", PayoutPart, {"state": "submitted"}),
    ("a paid part does not fail", PayoutPart, {"state": "failed"}),
    ("money does not come back without an entry", PayoutPart, {"state": "returned"}),
    ("amounts stay", PayoutPart, {"amount_fen": 1}),
    ("numbers stay", PayoutPart, {"business_no": "x"}),
    ("destinations stay", PayoutPart, {"destination": "2088999999999999"}),
    ("what was sent stays", PayoutPart, {"request": b"{}"}),
    ("what was booked stays", PayoutPart, {"transfer_id": None}),
    ("a paid payout is not open again", Payout, {"state": "open"}),
    ("a paid payout does not fail", Payout, {"state": "failed"}),
    ("what a payout is for stays", Payout, {"purpose": "compensation"}),
    ("attempts are history", PayoutAttempt, {"outcome": "failed"}),
    ("a verified account is not redirected", PayeeAccount, {"identity": "2088999999999999"}),
]


@pytest.fixture
def paid(house) -> str:
    """Return a tenant with one payout that is paid."""
    tenant = market_open("guarded")
    account_verified(tenant)
    payout_request(tenant, wanted(), NOW)
    payouts_advance(tenant, rails_of(tenant, house), NOW)
    return tenant


@pytest.mark.parametrize(("claim", "model", "change"), FORBIDDEN, ids=[row[0] for row in FORBIDDEN])
def test_the_database_refuses_the_change(paid, claim, model, change):
    """Whoever asks, by whatever code: the row is not changed so."""
    rows = model.objects.filter(tenant_id=paid)
    assert rows.count() == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(**change)


@pytest.mark.parametrize("model", [PayeeAccount, Payout, PayoutPart, PayoutAttempt])
def test_no_row_of_a_payout_is_removed(paid, model):
    """Rows of payouts are kept for ever."""
    table = model._meta.db_table
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table}")


def test_a_part_is_not_called_sent_without_its_bytes(paid):
    """Nothing is marked as submitted before what will be sent is kept."""
    payout_request(paid, wanted(), NOW)
    reserved = PayoutPart.objects.filter(tenant_id=paid, state="reserved")
    with pytest.raises(DatabaseError), transaction.atomic():
        reserved.update(state="submitted")


def test_the_working_role_pays_out_within_its_own_tenant(as_app_role, house):
    """With the rights of real life a payout is asked for, sent and booked; others see nothing."""
    with tenant_scope("working"):
        tenant = market_open("working")
        account_verified(tenant)
        payout_request(tenant, wanted(), NOW)
        run = payouts_advance(tenant, rails_of(tenant, house), NOW)
        assert len(run.succeeded) == 1
    with tenant_scope("another"):
        assert not PayoutPart.objects.exists()
        assert not PayeeAccount.objects.exists()
