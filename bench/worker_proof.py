"""The receiver of ``./run bench worker``, and the proof that everything was done once."""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from django.db import connection
from django.db.models import Count
from standardwebhooks import Webhook, WebhookVerificationError

from earnest.appeals.models import AppealStep
from earnest.deliveries.models import Delivery, EndpointSecret
from earnest.deliveries.sealing import opened
from earnest.deposits.models import Shortage
from earnest.ledger.commands import batches_seal
from earnest.ledger.queries import verify
from earnest.market.queries import market_now
from earnest.notices.models import Notice
from earnest.restrictions.models import Restriction
from earnest.tickets.models import Ticket
from earnest.violations.models import ViolationEntry
from earnest.work.invariants import invariants_check
from earnest.work.models import Alert, Reminder, WorkRun
from earnest.work.outgoing import ALL_SOURCES
from earnest.work.queries import RUNNING
from worker_market import FINE_FEN, START, Due
from worker_reviews import BY_TIME, reviews_effects

Pair = tuple[int, int]
NAMED = 5
PATIENCE_SECONDS = 60


class Receiver:
    """Takes every message and keeps how often it came, and what it was.

    It can leave a sender without an answer, so that it is killed between sending and writing down.
    """

    def __init__(self) -> None:
        self._arrived, self._answers = threading.Event(), threading.Event()
        self._answers.set()
        self.came: Counter[str] = Counter()
        self.bodies: dict[str, set[str]] = {}
        self.unsigned = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            """Answers 200 to every message."""

            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver.take(self)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """Note a message, whether its sender lives to hear of it or not."""
        length = int(request.headers["Content-Length"])
        body = request.rfile.read(length)
        if len(body) < length:
            return  # its sender died in the middle: no server hands half a message on
        id_ = request.headers["webhook-id"]
        with self._lock:
            self.came[id_] += 1
            self.bodies.setdefault(id_, set()).add(hashlib.sha256(body).hexdigest())
            self.unsigned += not _signed(dict(request.headers), body)
        self._arrived.set()
        self._answers.wait(PATIENCE_SECONDS)

    @contextmanager
    def holding(self) -> Iterator[threading.Event]:
        """Answer nobody for the length of a block; the event is set when a message is in hand."""
        self._answers.clear()
        self._arrived.clear()
        yield self._arrived
        self._answers.set()


def _signed(headers: dict[str, str], body: bytes) -> bool:
    """Tell whether a message verifies; the secret is read past the running worker's session."""
    try:
        Webhook(_secret()).verify(body, headers, json_parse=False)
    except WebhookVerificationError:
        return False
    return True


_SECRETS: list[str] = []


def _secret() -> str:
    if not _SECRETS:
        _SECRETS.append(opened(EndpointSecret.objects.get().sealed))
        connection.close()
    return _SECRETS[0]


@dataclass
class Proof:
    """What was counted in the end.

    Attributes:
        effects: by name: how many things there are of it, and how many there should be.
        wrong: in words, what was done twice, or not at all, or does not hold.
    """

    effects: dict[str, Pair]
    received: int
    repeats: int
    checks: int
    held: int
    wrong: list[str]


def jobs_running(tenant_id: str) -> int:
    """Count the jobs that were begun and are not done."""
    rows = WorkRun.objects.filter(tenant_id=tenant_id, finished_at=None, outcome=RUNNING)
    return rows.count()


def proven(tenant_id: str, due: Due, receiver: Receiver) -> Proof:
    """Count every effect by what it is about, and hold the receiver's post against the tables."""
    now = market_now(tenant_id, START)
    batches_seal(tenant_id, now + timedelta(hours=1))
    wrong = [
        *_twice("shortage", Shortage.objects.filter(tenant_id=tenant_id), "subject_id"),
        *_twice(
            "notice",
            Notice.objects.filter(tenant_id=tenant_id),
            "subject_id", "kind", "title_en", "body_en", "decision_id",
        ),
        *_twice("reminder", Reminder.objects.filter(tenant_id=tenant_id), "key", "due_on"),
        *_twice(
            "violation",
            ViolationEntry.objects.filter(tenant_id=tenant_id, what__in=BY_TIME),
            "violation__number", "what",
        ),
        *_twice(
            "appeal",
            AppealStep.objects.filter(tenant_id=tenant_id, what__in=BY_TIME),
            "appeal__number", "what",
        ),
        *_post_wrong(tenant_id, receiver),
        *(f"alert {each.name}: {each.ids[:NAMED]}" for each in _alerts(tenant_id)),
    ]  # fmt: skip
    deliveries = Delivery.objects.filter(tenant_id=tenant_id)
    effects = {
        "deposits that fell short": (_short(tenant_id, due), len(due.short)),
        "notices about them": (_notices(tenant_id, kind="shortage"), len(due.short)),
        "fines in force": (_in_force(tenant_id, due), len(due.tickets)),
        "fines taken from deposits": (_taken(tenant_id, due), len(due.tickets)),
        "restrictions that ended": (_released(tenant_id, due), len(due.restrictions)),
        "holds that expired": (_expired(tenant_id, due), len(due.holds)),
        **reviews_effects(tenant_id, due.reviews),
        "reminders, each with its notice": (_reminders(tenant_id)),
        "events told to the endpoint": (deliveries.count(), len(_happened(tenant_id))),
        "events that arrived": (
            len(receiver.came.keys() & _ids(deliveries.filter(state="sent"))),
            deliveries.count(),
        ),
    }
    checks = [*verify(tenant_id), *invariants_check(tenant_id, now)]
    wrong += [f"{each.name}: {each.detail}" for each in checks if not each.ok]
    return Proof(
        effects=effects,
        received=receiver.came.total(),
        repeats=receiver.came.total() - len(receiver.came),
        checks=len(checks),
        held=sum(each.ok for each in checks),
        wrong=wrong,
    )


def _twice(name: str, rows: Any, *key: str) -> list[str]:
    """Say which things of a kind there are more than one of."""
    found = rows.values(*key).annotate(times=Count("pk")).filter(times__gt=1).order_by(*key)
    return [f"{name} {tuple(each.values())}" for each in found[:NAMED]]


def _alerts(tenant_id: str) -> Any:
    return Alert.objects.filter(tenant_id=tenant_id, resolved_at=None).order_by("name")


def _short(tenant_id: str, due: Due) -> int:
    ids = [id_ for _, id_ in due.short]
    return Shortage.objects.filter(
        tenant_id=tenant_id, subject_kind="shop", subject_id__in=ids
    ).count()


def _notices(tenant_id: str, **narrowed: object) -> int:
    rows = Notice.objects.filter(tenant_id=tenant_id, subject_kind="shop", **narrowed)
    return rows.exclude(title_en__startswith="Reminder").count()


def _in_force(tenant_id: str, due: Due) -> int:
    return Ticket.objects.filter(
        tenant_id=tenant_id, number__in=list(due.tickets), state="in_force"
    ).count()


def _counted(query: str, values: list[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        (count,) = cursor.fetchone()
    return int(count)


def _taken(tenant_id: str, due: Due) -> int:
    """Count the fines of which exactly the amount was taken, in however many transfers."""
    query = (
        "SELECT count(*) FROM (SELECT 1 FROM ledger_transfer t JOIN ledger_reason r"
        " ON r.tenant_id = t.tenant_id AND r.id = t.reason_id"
        " WHERE t.tenant_id = %s AND r.decision_id = ANY(%s)"
        " GROUP BY r.decision_id HAVING sum(t.amount_fen) = %s) fines"
    )
    return _counted(query, [tenant_id, list(due.tickets.values()), FINE_FEN])


def _released(tenant_id: str, due: Due) -> int:
    rows = Restriction.objects.filter(tenant_id=tenant_id, id__in=due.restrictions)
    return rows.exclude(released_at=None).count()


def _expired(tenant_id: str, due: Due) -> int:
    query = (
        "SELECT count(*) FROM ledger_transfer WHERE tenant_id = %s AND pending_id = ANY(%s)"
        " AND kind = 'expire'"
    )
    return _counted(query, [tenant_id, due.holds])


def _reminders(tenant_id: str) -> Pair:
    """Count the notices of reminders, and the reminders that say they were sent."""
    rows = Reminder.objects.filter(tenant_id=tenant_id)
    sent = Notice.objects.filter(tenant_id=tenant_id, id__in=rows.values("notice_id"))
    titled = Notice.objects.filter(tenant_id=tenant_id, title_en__startswith="Reminder")
    return min(sent.count(), titled.count()), max(rows.count(), titled.count())


def _happened(tenant_id: str) -> set[tuple[str, str]]:
    """Return everything that has happened since the endpoint was added, by what it is about."""
    now = market_now(tenant_id, START)
    return {
        (each.event, each.about)
        for source in ALL_SOURCES
        for each in source.read(tenant_id, START, now)
        if each.at >= START
    }


def _ids(rows: Any) -> set[str]:
    return {str(id_) for id_ in rows.values_list("id", flat=True)}


def _post_wrong(tenant_id: str, receiver: Receiver) -> list[str]:
    """Say what is wrong with the receiver's post: foreign ids, two bodies of one id, unsigned."""
    ids = _ids(Delivery.objects.filter(tenant_id=tenant_id))
    told = set(Delivery.objects.filter(tenant_id=tenant_id).values_list("event", "about"))
    wrong = [f"a message of no delivery: {each}" for each in receiver.came.keys() - ids]
    wrong += [
        f"one id, several bodies: {id_}" for id_, found in receiver.bodies.items() if len(found) > 1
    ]
    wrong += [f"told, and never happened: {each}" for each in told - _happened(tenant_id)]
    if receiver.unsigned:
        wrong.append(f"{receiver.unsigned} messages did not verify")
    return wrong
