"""Two rivals of ``./run bench ledger`` in plain psycopg: the textbook's transaction, and COPY.

The textbook locks both rows in order, looks at the balance, changes both, and writes a transfer and
two entries. COPY writes the rows that the ledger writes into tables with the same keys, indexes and
checks; it decides nothing, so it is a bound on what the server can store.
"""

import random
import sys
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from ledger_child import Work, callers, new_id, serve

ACCOUNTS = 10_000
FUNDS_FEN = 10**12
AMOUNT_FEN_MAX = 100
TEXTBOOK_TABLES = """
    CREATE TABLE textbook_account (id bigint PRIMARY KEY, balance bigint NOT NULL);
    CREATE TABLE textbook_transfer (id uuid PRIMARY KEY, debit bigint NOT NULL,
        credit bigint NOT NULL, amount bigint NOT NULL, at timestamptz NOT NULL);
    CREATE TABLE textbook_entry (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        account bigint NOT NULL, transfer uuid NOT NULL, amount bigint NOT NULL,
        balance bigint NOT NULL, at timestamptz NOT NULL);
    CREATE INDEX ON textbook_entry (account, at);
"""
COPY_TABLES = """
    CREATE TABLE bench_transfer (LIKE ledger_transfer INCLUDING ALL);
    CREATE TABLE bench_entry (LIKE ledger_entry INCLUDING ALL);
"""
TRANSFER_COLUMNS = {
    "tenant_id": "text", "id": "uuid", "batch_id": "int8", "ord": "int4", "kind": "text",
    "debit_account_id": "int8", "credit_account_id": "int8", "amount_fen": "int8",
    "reason_id": "uuid", "effective_at": "timestamptz", "recorded_at": "timestamptz",
    "final": "bool",
}  # fmt: skip
ENTRY_COLUMNS = {
    "tenant_id": "text", "account_id": "int8", "seq": "int8", "transfer_id": "uuid",
    "amount_fen": "int8", "held_delta_fen": "int8", "balance_after_fen": "int8",
    "held_after_fen": "int8", "effective_at": "timestamptz", "recorded_at": "timestamptz",
}  # fmt: skip
Row = tuple[object, ...]


class Textbook:
    """The textbook's transaction on so many connections."""

    def __init__(self, url: str, connections: int) -> None:
        self.connections = [psycopg.connect(url) for _ in range(connections)]

    def transfer(self, number: int) -> int:
        """Move an amount between two accounts, in one transaction."""
        debit, credit = random.sample(range(ACCOUNTS), 2)
        amount, identity, at = random.randint(1, AMOUNT_FEN_MAX), new_id(), datetime.now(UTC)
        with self.connections[number].transaction():
            run = self.connections[number].execute
            locked = run(
                "SELECT id, balance FROM textbook_account WHERE id IN (%s, %s) "
                "ORDER BY id FOR UPDATE",
                [debit, credit],
            )
            balances = dict(locked.fetchall())
            assert balances[debit] >= amount
            update = "UPDATE textbook_account SET balance = %s WHERE id = %s"
            run(update, [balances[debit] - amount, debit])
            run(update, [balances[credit] + amount, credit])
            run(
                "INSERT INTO textbook_transfer VALUES (%s, %s, %s, %s, %s)",
                [identity, debit, credit, amount, at],
            )
            run(
                "INSERT INTO textbook_entry (account, transfer, amount, balance, at) "
                "VALUES (%s, %s, %s, %s, %s), (%s, %s, %s, %s, %s)",
                [
                    *(debit, identity, -amount, balances[debit] - amount, at),
                    *(credit, identity, amount, balances[credit] + amount, at),
                ],
            )
        return 1

    def conserved(self) -> int:
        """Check that no money was made or lost."""
        (row,) = self.connections[0].execute("SELECT sum(balance) FROM textbook_account").fetchall()
        assert row == (ACCOUNTS * FUNDS_FEN,)
        return 1


class Copy:
    """COPY of transfers and their entries, a transaction for each batch."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url)
        self.seqs: Counter[int] = Counter()

    def batch(self, number: int, size: int) -> tuple[list[Row], list[Row]]:
        """Return the rows of a batch, as the ledger would write them."""
        now = datetime.now(UTC)
        transfers: list[Row] = []
        entries: list[tuple[int, int, Row]] = []
        for ord_ in range(1, size + 1):
            identity = new_id()
            debit, credit = random.sample(range(ACCOUNTS), 2)
            amount = random.randint(1, AMOUNT_FEN_MAX)
            transfers.append(
                ("bench", identity, number, ord_, "post", debit, credit, amount, UUID(int=7),
                 now, now, False)
            )  # fmt: skip
            for account, moved in ((debit, -amount), (credit, amount)):
                self.seqs[account] += 1
                seq = self.seqs[account]
                entry = ("bench", account, seq, identity, moved, 0, FUNDS_FEN, 0, now, now)
                entries.append((account, seq, entry))
        return transfers, [row for _, _, row in sorted(entries, key=lambda each: each[:2])]

    def write(self, batches: list[tuple[list[Row], list[Row]]]) -> int:
        """Copy the batches."""
        for transfers, entries in batches:
            with self.connection.transaction(), self.connection.cursor() as cursor:
                for table, columns, rows in (
                    ("bench_transfer", TRANSFER_COLUMNS, transfers),
                    ("bench_entry", ENTRY_COLUMNS, entries),
                ):
                    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
                    with cursor.copy(statement) as copy:
                        copy.set_types(list(columns.values()))
                        for row in rows:
                            copy.write_row(row)
        return sum(len(transfers) for transfers, _ in batches)


def tables_make(textbook_url: str, copy_url: str) -> None:
    """Make the tables of both."""
    with psycopg.connect(textbook_url) as connection:
        connection.execute(TEXTBOOK_TABLES)
        connection.execute(
            "INSERT INTO textbook_account SELECT g, %s FROM generate_series(0, %s) g",
            [FUNDS_FEN, ACCOUNTS - 1],
        )
        connection.execute("ANALYZE textbook_account")
    with psycopg.connect(copy_url) as connection:
        connection.execute(COPY_TABLES)


def main() -> None:
    """Serve the benchmark: addresses of the textbook's and of COPY's database, and connections."""
    textbook_url, copy_url, connections = sys.argv[1:]
    textbook, copy = Textbook(textbook_url, int(connections)), Copy(copy_url)
    numbers = iter(range(10**9))

    def prepare(what: str, **how: float) -> Work:
        if what == "verify":
            return textbook.conserved
        if what == "COPY":
            size, count = int(how["size"]), int(how["count"])
            batches = [copy.batch(next(numbers), size) for _ in range(count // size)]
            return lambda: copy.write(batches)
        return callers(int(how["connections"]), how["seconds"], textbook.transfer)

    serve(prepare)


if __name__ == "__main__":
    main()
