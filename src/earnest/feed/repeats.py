"""Which rows of a batch the feed has already: the same content is a repeat, other content a fault.

Works on the table ``new_<stream>`` and leaves only the rows that are new in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from earnest.feed.checks import literal

_KNOWN: Final = """
CREATE OR REPLACE TEMP TABLE known_rows AS
SELECT event_id, any_value(payload_sha256) AS payload_sha256
FROM read_parquet([{files}])
WHERE event_id IN (SELECT event_id FROM new_{stream})
GROUP BY event_id
"""
_JUDGED: Final = """
CREATE OR REPLACE TEMP TABLE judged_rows AS
SELECT position, batch_row,
       coalesce(known.payload_sha256, one.first_payload) = one.payload_sha256 AS same
FROM (
    SELECT position, batch_row, event_id, payload_sha256,
           first_value(payload_sha256) OVER arrival AS first_payload,
           row_number() OVER arrival AS turn
    FROM new_{stream}
    WINDOW arrival AS (PARTITION BY event_id ORDER BY position
                       ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
) one LEFT JOIN known_rows known USING (event_id)
WHERE known.event_id IS NOT NULL OR one.turn > 1
"""


@dataclass(frozen=True)
class Repeats:
    """Rows that are not new.

    Attributes:
        duplicate_rows: the numbers of rows the feed has with the same content.
        conflicts: position in the batch and number of rows with other content.
    """

    duplicate_rows: tuple[int, ...] = ()
    conflicts: tuple[tuple[int, int], ...] = ()


def repeats_take_out(con: duckdb.DuckDBPyConnection, stream: str, files: Sequence[str]) -> Repeats:
    """Take the rows that are not new out of ``new_<stream>`` and return them.

    Args:
        con: the connection that holds the table.
        stream: the stream.
        files: the live files in which an earlier event of the same key would lie.
    """
    if files:
        names = ", ".join(literal(file) for file in files)
        con.execute(_KNOWN.format(files=names, stream=stream))
    else:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE known_rows (event_id VARCHAR, payload_sha256 VARCHAR)"
        )
    if not _any_repeat(con, stream):
        return Repeats()
    con.execute(_JUDGED.format(stream=stream))
    duplicates = con.sql("SELECT batch_row FROM judged_rows WHERE same ORDER BY 1").fetchall()
    conflicts = con.sql(
        "SELECT position, batch_row FROM judged_rows WHERE NOT same ORDER BY 1"
    ).fetchall()
    con.execute(
        f"DELETE FROM new_{stream} WHERE position IN (SELECT position FROM judged_rows)"  # noqa: S608 - a name of ours
    )
    return Repeats(tuple(row for (row,) in duplicates), tuple(conflicts))


def _any_repeat(con: duckdb.DuckDBPyConnection, stream: str) -> bool:
    """Tell cheaply whether there is anything to judge; most batches are all new."""
    ((found,),) = con.sql(
        f"SELECT count(*) > count(DISTINCT event_id) OR (SELECT count(*) FROM known_rows) > 0"  # noqa: S608 - a name of ours
        f" FROM new_{stream}"
    ).fetchall()
    return bool(found)
