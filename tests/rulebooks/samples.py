"""The sample values of the rules, confirmed for a market in one statement."""

from collections.abc import Iterable
from datetime import datetime

from earnest.rulebooks.assumptions import assumed_values
from earnest.rulebooks.models import Confirmation
from earnest.rulebooks.packs import pack_of


def samples_confirmed(
    tenant: str, rulebooks: Iterable[str], now: datetime, *, by: str = "risk", approved_by: str = ""
) -> None:
    """Write for every sample value the record that ``value_confirm`` writes one by one."""
    Confirmation.objects.bulk_create(
        Confirmation(
            tenant_id=tenant, rulebook=each.rulebook, element=each.element,
            edition_from=each.since, value_digest=each.digest, confirmed=True, confirmed_by=by,
            approved_by=approved_by, note="ours", at=now,
        )
        for rulebook in rulebooks
        for each in assumed_values(pack_of(rulebook))
    )  # fmt: skip
