"""One micro-batcher for each tenant and process: the callers' threads share its writer."""

import atexit
import threading

from earnest.ledger.batcher import Batcher

_batchers: dict[str, Batcher] = {}
_changing = threading.Lock()


def batcher_for(tenant_id: str) -> Batcher:
    """Return the tenant's batcher; the first call of a process makes it."""
    with _changing:
        found = _batchers.get(tenant_id)
        if found is None:
            found = _batchers[tenant_id] = Batcher(tenant_id)
        return found


def batchers_close() -> None:
    """Post what is waiting and end the writers; a later call begins with new ones."""
    with _changing:
        closing = list(_batchers.values())
        _batchers.clear()
    for each in closing:
        each.close()


atexit.register(batchers_close)
