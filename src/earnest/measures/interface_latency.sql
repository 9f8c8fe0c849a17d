-- S0-2.2.2a: of the calls that the provider answered in the window, those that took no longer than
-- the limit. One row per subject, interface, minute, reason and duration. Where a source sums the
-- calls of a minute and interface up, its buckets count, and its single calls of that minute do
-- not; a call in a bucket took as long as the bucket's upper edge. What the provider calls itself
-- measures the platform, and is left out unless the source says otherwise.
WITH call_taken_back AS (
  SELECT corrects_event_id
  FROM api_call
  WHERE kind IN ('correction', 'retraction') AND corrects_event_id IS NOT NULL
  GROUP BY corrects_event_id
),
sum_taken_back AS (
  SELECT corrects_event_id
  FROM api_call_agg
  WHERE kind IN ('correction', 'retraction') AND corrects_event_id IS NOT NULL
  GROUP BY corrects_event_id
),
summed AS (
  SELECT
    COALESCE(a.provider_id, '') AS provider_id,
    a.interface, a.direction, a.outcome, 'unknown' AS attributed,
    a.minute_us - a.minute_us % 60000000 AS minute_us,
    a.upto_us AS took_us, a.calls, a.by_mean
  FROM api_call_spread a
  LEFT JOIN sum_taken_back t ON t.corrects_event_id = a.event_id
  WHERE t.corrects_event_id IS NULL
    AND COALESCE(a.kind, 'observation') <> 'retraction'
    AND a.minute_us >= $first_us AND a.minute_us < $end_us AND a.minute_us <= $as_of_us
),
summed_minutes AS (
  SELECT provider_id, interface, direction, minute_us
  FROM summed
  GROUP BY provider_id, interface, direction, minute_us
),
single AS (
  SELECT
    COALESCE(c.provider_id, '') AS provider_id,
    COALESCE(c.interface, '') AS interface,
    COALESCE(c.direction, '') AS direction,
    c.outcome,
    COALESCE(c.attributable_to, 'unknown') AS attributed,
    COALESCE(c.started_us, c.occurred_us) - COALESCE(c.started_us, c.occurred_us) % 60000000
      AS minute_us,
    c.duration_us AS took_us
  FROM api_call c
  LEFT JOIN call_taken_back t ON t.corrects_event_id = c.event_id
  WHERE t.corrects_event_id IS NULL
    AND COALESCE(c.kind, 'observation') <> 'retraction'
    AND COALESCE(c.started_us, c.occurred_us) >= $first_us
    AND COALESCE(c.started_us, c.occurred_us) < $end_us
    AND COALESCE(c.started_us, c.occurred_us) <= $as_of_us
),
calls AS (
  SELECT
    provider_id, interface, direction, outcome, attributed, minute_us, took_us, calls, by_mean
  FROM summed
  UNION ALL
  SELECT
    c.provider_id, c.interface, c.direction, c.outcome, c.attributed, c.minute_us, c.took_us,
    1 AS calls, 0 AS by_mean
  FROM single c
  LEFT JOIN summed_minutes m ON m.provider_id = c.provider_id AND m.interface = c.interface
   AND m.direction = c.direction AND m.minute_us = c.minute_us
  WHERE m.minute_us IS NULL
),
judged AS (
  SELECT
    CASE WHEN $by = 1 THEN provider_id ELSE 'all' END AS subject,
    interface, minute_us, took_us, calls, by_mean,
    CASE WHEN attributed IN ('platform', 'third_party') THEN 'not_the_providers'
         WHEN attributed <> 'provider' AND direction <> 'platform_to_provider'
         THEN 'not_the_providers'
         WHEN took_us IS NULL THEN 'no_duration'
         WHEN took_us <= CAST($limit_ms AS BIGINT) * 1000 THEN 'within_the_limit'
         ELSE 'over_the_limit' END AS why
  FROM calls
  WHERE outcome IN ('ok', 'biz_error')
),
told AS (
  SELECT
    subject, interface, minute_us, why, took_us,
    SUM(calls) AS calls,
    SUM(calls * by_mean) AS by_mean,
    MAX(CASE WHEN why = 'within_the_limit' THEN 1 ELSE 0 END) AS within,
    MAX(CASE WHEN why IN ('within_the_limit', 'over_the_limit') THEN 1 ELSE 0 END) AS counted
  FROM judged
  GROUP BY subject, interface, minute_us, why, took_us
)
SELECT
  subject,
  interface AS entity,
  CAST(calls * within AS BIGINT) AS numerator,
  CAST(calls * counted AS BIGINT) AS denominator,
  CAST(calls * counted AS BIGINT) AS sample,
  0 AS pending,
  why,
  minute_us AS started_us,
  CAST(NULL AS BIGINT) AS due_us,
  CAST(NULL AS BIGINT) AS done_us,
  CAST(by_mean * counted AS BIGINT) AS by_mean,
  CAST(CASE WHEN why = 'not_the_providers' THEN calls ELSE 0 END AS BIGINT) AS not_the_providers,
  CAST(CASE WHEN why = 'no_duration' THEN calls ELSE 0 END AS BIGINT) AS no_duration,
  COALESCE(took_us, 0) AS took_us,
  CAST(calls * counted AS BIGINT) AS timed
FROM told
