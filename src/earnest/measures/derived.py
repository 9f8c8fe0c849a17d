"""Tables that a measure reads and the engine derives from a stream while it reads it.

``api_call_spread`` is ``api_call_agg`` with its sketches laid out: one row per bucket of each sum.
A sketch is the base64 of plain text such as ``100000:12,250000:3``: upper edges in whole
microseconds, rising, each with how many calls lie above the edge before and at or below this one.
Sums of sketches are sums by edge, so they merge exactly, in any order, on any engine. A sum without
a sketch, or with one that does not read or does not add up to ``n``, counts all its calls at their
mean, cut up to a whole microsecond (``by_mean`` 1).
"""

from typing import Final, NamedTuple


class Derived(NamedTuple):
    """A table made of a stream: the stream, and the query over its rows."""

    stream: str
    query: str


_SPREAD: Final = """
WITH sums AS MATERIALIZED (
  SELECT
    event_id, kind, corrects_event_id, provider_id, interface, direction, outcome, minute_us,
    COALESCE(n, 0) AS n, sum_us, COALESCE(TRY(decode(from_base64(sketch))), '') AS spread
  FROM {stream}
),
buckets AS MATERIALIZED (
  SELECT
    event_id,
    TRY_CAST(split_part(bucket, ':', 1) AS BIGINT) AS upto_us,
    TRY_CAST(split_part(bucket, ':', 2) AS BIGINT) AS calls
  FROM (SELECT event_id, unnest(string_split(spread, ',')) AS bucket FROM sums WHERE spread <> '')
),
readable AS (
  SELECT b.event_id
  FROM buckets b
  JOIN sums s ON s.event_id = b.event_id
  GROUP BY b.event_id, s.n
  HAVING COUNT(*) = COUNT(b.upto_us) AND COUNT(*) = COUNT(b.calls)
    AND MIN(b.calls) >= 0 AND MIN(b.upto_us) >= 0 AND SUM(b.calls) = s.n
),
laid_out AS (
  SELECT s.* EXCLUDE (n, sum_us, spread), b.upto_us, b.calls, CAST(0 AS BIGINT) AS by_mean
  FROM sums s
  JOIN readable r ON r.event_id = s.event_id
  JOIN buckets b ON b.event_id = s.event_id
  WHERE b.calls > 0
  UNION ALL
  SELECT
    s.* EXCLUDE (n, sum_us, spread),
    CASE WHEN s.n > 0 AND s.sum_us IS NOT NULL THEN (s.sum_us + s.n - 1) // s.n END AS upto_us,
    s.n AS calls, CAST(1 AS BIGINT) AS by_mean
  FROM sums s
  ANTI JOIN readable r ON r.event_id = s.event_id
)
SELECT * FROM laid_out
"""

DERIVED: Final = {
    "api_call_spread": Derived("api_call_agg", _SPREAD),
}
"""Derived tables by name."""
