"""Recoveries, holds and claims as the working role does them, with its rights and its tenant."""

import pytest

from earnest.deposits.claims import claims_look, claims_open
from earnest.deposits.holds import hold_place, holds_look
from earnest.deposits.recoveries import recoveries_look, recovery_begin, recovery_stop
from earnest.postgres.tenancy import tenant_scope
from tests.deposits.scene import AT, money, new_hold, new_recovery, tenant_with


@pytest.mark.usefixtures("as_app_role")
def test_the_working_role_has_the_rights_that_it_needs() -> None:
    """All that happens to a deposit after its decision is done without the rights of the owner."""
    tenant = "working-role"
    with tenant_scope(tenant):
        assert tenant_with(500, 100, tenant=tenant) == tenant
        hold_place(tenant, new_hold(200), AT)
        recovery_begin(tenant, new_recovery(450, beneficiary="platform"), AT)
        assert [part.owed_fen for part in claims_open(tenant)] == [150]
        open_one = recovery_begin(tenant, new_recovery(10), AT).recovery
        assert [each.taken_fen for each in claims_look(tenant, AT).set_off] == [100]
        assert (recoveries_look(tenant, AT).moved, holds_look(tenant, AT).expired) == ((), ())
        assert recovery_stop(tenant, open_one.id, "withdrawn", AT).state == "stopped"
        assert money(tenant) == (200, 0, -50)
