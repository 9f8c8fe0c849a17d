"""Ids, refusals and table guards of every kind of transfer."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from earnest.kernel.errors import BadInput
from earnest.ledger.commands import transfers_post
from earnest.ledger.queries import (
    balance_of,
    verify,
)
from earnest.ledger.records import Transfer
from earnest.ledger.refusals import REFUSALS
from tests.ledger.market import (
    CAPPED,
    CASH,
    CLAIM,
    DEDUCT,
    DEPOSIT,
    NOW,
    OTHER_DEPOSIT,
    PENALTY,
    capture,
    end,
    freeze,
    hold,
    pay_in,
    reverse,
    transfer,
    up_to,
)


def _post(tenant: str, *batch: Transfer) -> list[tuple[str, str]]:
    return [(o.status, o.code) for o in transfers_post(tenant, batch, NOW)]


def _moved(tenant: str, *batch: Transfer) -> list[int]:
    outcomes = transfers_post(tenant, batch, NOW)
    assert [o.status for o in outcomes] == ["posted"] * len(batch), outcomes
    return [o.moved_fen for o in outcomes]


@pytest.mark.parametrize(
    "kind", ["hold", "capture", "void", "up_to", "freeze", "unfreeze", "reverse", "expire"]
)
def test_every_kind_exists_when_sent_again_and_binds_its_id(tenant: str, kind: str) -> None:
    """The same again exists with what it moved; any other content under the id is a conflict."""
    at = NOW + timedelta(hours=2)
    held, standing = hold(6, expires_at=NOW + timedelta(hours=1)), freeze(OTHER_DEPOSIT)
    open_hold, deduction = hold(9), transfer(DEPOSIT, PENALTY, 3)
    _moved(tenant, pay_in(100), held, open_hold, standing, deduction)
    asked = {
        "hold": hold(4),
        "capture": capture(open_hold, 4),
        "void": end("void", open_hold),
        "expire": end("expire", held),
        "up_to": up_to(DEPOSIT, PENALTY, 1000),
        "freeze": freeze(),
        "unfreeze": end("unfreeze", standing),
        "reverse": reverse(deduction),
    }[kind]
    (first,) = transfers_post(tenant, [asked], at)
    assert first.status == "posted"
    transfers_post(tenant, [pay_in(77)], at)
    before = balance_of(tenant, DEPOSIT)
    assert transfers_post(tenant, [asked], at) == [replace(first, status="exists")]
    changes = [
        {"amount_fen": asked.amount_fen + 1},
        {"effective_at": NOW - timedelta(days=1)},
        {"debit": CASH},
        {"credit": CAPPED},
        {"credit": "nowhere"},
        {"pending_id": uuid4()},
        {"expires_at": at + timedelta(days=1)},
        {"final": not asked.final},
        {"kind": "post"},
    ]
    for change in changes:
        (answer,) = transfers_post(tenant, [replace(asked, **change)], at)
        assert (answer.status, answer.code) == ("conflict", "id_used_before"), change
    assert balance_of(tenant, DEPOSIT) == before
    assert all(check.ok for check in verify(tenant))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (transfer(DEPOSIT, PENALTY, 1, pending_id=uuid4()), "fields_wrong"),
        (transfer(DEPOSIT, PENALTY, 1, final=True), "fields_wrong"),
        (transfer(DEPOSIT, PENALTY, 1, expires_at=NOW + timedelta(days=1)), "fields_wrong"),
        (transfer(DEPOSIT, "", 1), "fields_wrong"),
        (transfer(DEPOSIT, PENALTY, 1, kind="capture"), "fields_wrong"),
        (transfer(DEPOSIT, PENALTY, 0, kind="void", pending_id=uuid4()), "fields_wrong"),
        (transfer(DEPOSIT, "", 1, kind="freeze"), "fields_wrong"),
        (transfer(DEPOSIT, "", 0, kind="freeze", pending_id=uuid4()), "fields_wrong"),
        (transfer(CLAIM, PENALTY, 5, kind="remainder", pending_id=uuid4()), "fields_wrong"),
        (up_to(DEPOSIT, PENALTY, 5, pending_id=uuid4()), "fields_wrong"),
        (up_to(DEPOSIT, PENALTY, 0), "amount_not_positive"),
        (hold(0), "amount_not_positive"),
        (capture(uuid4(), 0), "amount_not_positive"),
        (capture(uuid4(), 1), "unknown_hold"),
        (hold(1, expires_at=NOW), "expiry_passed"),
        (hold(11), "floor_broken"),
        (replace(hold(1), credit="nowhere"), "unknown_account"),
        (freeze("nowhere"), "unknown_account"),
        (replace(freeze(), reason=replace(DEDUCT, clause=" ")), "clause_missing"),
        (replace(hold(1), credit=DEPOSIT), "accounts_same"),
        (transfer(CASH, PENALTY, 2**63 - 1, kind="hold"), "balance_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusals_of_kinds(tenant: str, asked: Transfer, code: str) -> None:
    """What does not fit is refused by name, in both languages, and stays refused."""
    transfers_post(tenant, [pay_in(10)], NOW)
    (answer,) = transfers_post(tenant, [asked], NOW)
    assert (answer.status, answer.code) == ("refused", code)
    assert (answer.explain("zh"), answer.explain("en")) == REFUSALS[code]
    assert transfers_post(tenant, [asked], NOW) == [answer]
    altered = replace(asked, final=not asked.final)
    assert transfers_post(tenant, [altered], NOW)[0].code == "id_used_before"
    assert all(check.ok for check in verify(tenant))


def test_held_beyond_eight_bytes_is_refused(tenant: str) -> None:
    """An account without a floor can be held up to what can be recorded, and no further."""
    most = transfer(CASH, PENALTY, 2**63 - 1, kind="hold")
    assert _post(tenant, most, transfer(CASH, PENALTY, 2, kind="hold")) == [
        ("posted", ""),
        ("refused", "balance_too_large"),
    ]
    # Plain posts come by another way in the database, to the same answer.
    assert _post(tenant, transfer(CASH, PENALTY, 1)) == [("posted", "")]
    assert _post(tenant, transfer(CASH, PENALTY, 1)) == [("refused", "balance_too_large")]


def test_expiry_without_zone_is_bad_input(tenant: str) -> None:
    """An instant that could mean two things is not sent."""
    with pytest.raises(BadInput, match="instant_without_zone"):
        transfers_post(tenant, [hold(1, expires_at=NOW.replace(tzinfo=None))], NOW)


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        ("UPDATE ledger_hold SET remaining_fen = -1", "ledger_hold_"),
        ("UPDATE ledger_hold SET remaining_fen = 11", "ledger_hold_remaining"),
        ("UPDATE ledger_hold SET closed_at = now()", "ledger_hold_closed"),
        ("UPDATE ledger_balance SET frozen = -1", "ledger_balance_frozen"),
        (
            (
                "INSERT INTO ledger_transfer SELECT (t).* FROM (SELECT jsonb_populate_record(l, "
                "jsonb_build_object('id', gen_random_uuid())) AS t FROM ledger_transfer l "
                "WHERE kind = 'void') q"
            ),
            "ledger_transfer_ended_once",
        ),
        (
            (
                "INSERT INTO ledger_transfer SELECT (t).* FROM (SELECT jsonb_populate_record(l, "
                "jsonb_build_object('id', gen_random_uuid(), 'amount_fen', 0)) AS t "
                "FROM ledger_transfer l WHERE kind = 'hold') q"
            ),
            "ledger_transfer_a",
        ),
    ],
)
def test_tables_refuse_what_the_function_would_not_write(
    tenant: str, change: str, guard: str
) -> None:
    """Even the owner cannot end a hold twice or leave more of it than there was."""
    held, other = hold(10), hold(5)
    _moved(tenant, pay_in(20), held, other, end("void", other))
    with (
        pytest.raises(DatabaseError, match=guard),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)
