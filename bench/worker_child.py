"""The worker of ``./run bench worker``: does what is due without a pause, until it is killed.

It says ``ready`` when everything is loaded. When its input is closed it goes on until nothing is
due and nothing waits, says ``done`` and ends.
"""

import random
import select
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

LEASE = timedelta(seconds=1)
"""So that what a dead worker was sending need not wait two minutes for the next one."""

PATIENCE_ROUNDS = 2_000
PAUSE_SECONDS = 0.02


def _closed() -> bool:
    """Tell, after a pause, whether the input was closed."""
    ready, _, _ = select.select([sys.stdin], [], [], PAUSE_SECONDS)
    return bool(ready)


def main() -> None:
    """Work until nothing is left, or until killed."""
    import django  # noqa: PLC0415 - the settings read the environment that the harness has set

    django.setup()
    from django.conf import settings  # noqa: PLC0415 - Django is set up now

    from earnest.cli.work import ALL_JOBS  # noqa: PLC0415 - the same
    from earnest.deliveries.queries import waiting_count  # noqa: PLC0415 - the same
    from earnest.deliveries.sending import Sender, deliveries_send  # noqa: PLC0415 - the same
    from earnest.deliveries.wire import Http  # noqa: PLC0415 - the same
    from earnest.market.queries import market_now  # noqa: PLC0415 - the same
    from earnest.postgres.tenancy import one_marketplace  # noqa: PLC0415 - the same
    from earnest.work.outgoing import outgoing_tell  # noqa: PLC0415 - the same
    from earnest.work.worker import due_run  # noqa: PLC0415 - the same

    tenant_id = str(settings.TENANT)
    sender = Sender(clock=lambda: datetime.now(UTC), http=Http(loopback=True), lease=LEASE)

    def outgoing(tenant: str, now: datetime) -> dict[str, Any]:
        return outgoing_tell(tenant, sender, now)

    jobs = [replace(job, work=outgoing) if job.name == "outgoing" else job for job in ALL_JOBS]
    if "shuffled" in sys.argv:  # one that is to die: each job gets its turn to be the first
        random.shuffle(jobs)
    with one_marketplace():
        print("ready", flush=True)
        for _ in range(PATIENCE_ROUNDS):
            now = market_now(tenant_id, datetime.now(UTC))
            ran = due_run(tenant_id, now, jobs)
            if _closed():
                deliveries_send(tenant_id, sender, now)
                if not ran and not waiting_count(tenant_id):
                    break
    print("done", flush=True)


if __name__ == "__main__":
    main()
