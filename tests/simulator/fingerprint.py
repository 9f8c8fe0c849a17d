"""Print the SHA-256 of every table of a market: run by a test in processes of their own."""

import hashlib
import sys

from earnest.simulator import SIZES, Market, simulate


def fingerprint(market: Market) -> str:
    """Return one digest of all tables: names, schemas and every value."""
    digest = hashlib.sha256()
    for month, tables in market:
        for stream, table in tables.items():
            digest.update(f"{month} {stream} {table.schema}".encode())
            for column in table.columns:
                digest.update(repr(column.to_pylist()).encode())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(fingerprint(simulate(int(sys.argv[1]), SIZES["small"])))
