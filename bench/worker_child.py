"""The worker of ``./run bench worker``: does what is due without a pause, until it is killed.

It says ``ready`` when it begins. When it hears anything it goes on until nothing is due and
nothing waits, says ``done`` and ends. The module and the rulebooks are loaded once, by the process
that the workers are forked from: what is to die in half a second need not load for five.
"""

import random
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django is set up now

from earnest.cli.work import ALL_JOBS  # noqa: E402 - the same
from earnest.deliveries.queries import waiting_count  # noqa: E402 - the same
from earnest.deliveries.sending import Sender, deliveries_send  # noqa: E402 - the same
from earnest.deliveries.wire import Http  # noqa: E402 - the same
from earnest.market.queries import market_now  # noqa: E402 - the same
from earnest.postgres.tenancy import one_marketplace  # noqa: E402 - the same
from earnest.rulebooks.packs import packs_shipped  # noqa: E402 - the same
from earnest.work.outgoing import outgoing_tell  # noqa: E402 - the same
from earnest.work.worker import due_run  # noqa: E402 - the same

LEASE = timedelta(seconds=1)
"""So that what a dead worker was sending need not wait two minutes for the next one."""

PATIENCE_ROUNDS = 2_000
PAUSE_SECONDS = 0.02

packs_shipped()


def work(harness: Connection, *, shuffled: bool) -> None:
    """Work until nothing is left once the harness has asked for that, or until killed.

    Takes:
        shuffled: for one that is to die: each job gets its turn to be the first.
    """
    tenant_id = str(settings.TENANT)
    sender = Sender(clock=lambda: datetime.now(UTC), http=Http(loopback=True), lease=LEASE)

    def outgoing(tenant: str, now: datetime) -> dict[str, Any]:
        return outgoing_tell(tenant, sender, now)

    jobs = [replace(job, work=outgoing) if job.name == "outgoing" else job for job in ALL_JOBS]
    if shuffled:
        random.shuffle(jobs)
    with one_marketplace():
        harness.send("ready")
        for _ in range(PATIENCE_ROUNDS):
            now = market_now(tenant_id, datetime.now(UTC))
            ran = due_run(tenant_id, now, jobs)
            if harness.poll(PAUSE_SECONDS):
                deliveries_send(tenant_id, sender, now)
                if not ran and not waiting_count(tenant_id):
                    harness.send("done")
                    return
    sys.exit(f"there was work left after {PATIENCE_ROUNDS} rounds")
