-- S0-2.2.2a: of the calls in the window that the provider answers for, those that succeeded. One
-- row per subject, interface, minute and reason. Where a source sums the calls of a minute and
-- interface up, its single calls of that minute are not counted again. A failure counts against
-- the provider where the source says so; where it says nothing, by the outcome and the direction.
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
    COALESCE(a.n, 0) AS calls
  FROM api_call_agg a
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
      AS minute_us
  FROM api_call c
  LEFT JOIN call_taken_back t ON t.corrects_event_id = c.event_id
  WHERE t.corrects_event_id IS NULL
    AND COALESCE(c.kind, 'observation') <> 'retraction'
    AND COALESCE(c.started_us, c.occurred_us) >= $first_us
    AND COALESCE(c.started_us, c.occurred_us) < $end_us
    AND COALESCE(c.started_us, c.occurred_us) <= $as_of_us
),
calls AS (
  SELECT provider_id, interface, direction, outcome, attributed, minute_us, calls FROM summed
  UNION ALL
  SELECT
    c.provider_id, c.interface, c.direction, c.outcome, c.attributed, c.minute_us, 1 AS calls
  FROM single c
  LEFT JOIN summed_minutes m ON m.provider_id = c.provider_id AND m.interface = c.interface
   AND m.direction = c.direction AND m.minute_us = c.minute_us
  WHERE m.minute_us IS NULL
),
judged AS (
  SELECT
    CASE WHEN $by = 1 THEN provider_id ELSE 'all' END AS subject,
    interface, minute_us, calls,
    CASE WHEN outcome = 'ok' THEN 'succeeded'
         WHEN attributed IN ('platform', 'third_party') THEN 'not_the_providers'
         WHEN attributed = 'provider' THEN 'failed'
         WHEN outcome = 'biz_error' THEN 'business_answer'
         WHEN outcome = 'throttled' THEN 'throttled'
         WHEN outcome IS NULL THEN 'outcome_unknown'
         WHEN direction = 'platform_to_provider' AND outcome = 'client_error' THEN 'callers_error'
         WHEN direction = 'platform_to_provider' THEN 'failed'
         WHEN direction = 'provider_to_platform' AND outcome = 'client_error' THEN 'failed'
         ELSE 'not_the_providers' END AS why
  FROM calls
),
told AS (
  SELECT
    subject, interface, minute_us, why,
    SUM(calls) AS calls,
    MAX(CASE WHEN why IN ('succeeded', 'business_answer') THEN 1 ELSE 0 END) AS succeeded,
    MAX(CASE WHEN why IN ('succeeded', 'business_answer', 'failed') THEN 1 ELSE 0 END) AS counted
  FROM judged
  GROUP BY subject, interface, minute_us, why
)
SELECT
  subject,
  interface AS entity,
  CAST(calls * succeeded AS BIGINT) AS numerator,
  CAST(calls * counted AS BIGINT) AS denominator,
  CAST(calls * counted AS BIGINT) AS sample,
  0 AS pending,
  why,
  minute_us AS started_us,
  CAST(NULL AS BIGINT) AS due_us,
  CAST(NULL AS BIGINT) AS done_us,
  CAST(CASE WHEN why = 'business_answer' THEN calls ELSE 0 END AS BIGINT) AS business_answers,
  CAST(CASE WHEN why = 'throttled' THEN calls ELSE 0 END AS BIGINT) AS throttled,
  CAST(CASE WHEN why = 'callers_error' THEN calls ELSE 0 END AS BIGINT) AS callers_error,
  CAST(CASE WHEN why = 'not_the_providers' THEN calls ELSE 0 END AS BIGINT) AS not_the_providers,
  CAST(CASE WHEN why = 'outcome_unknown' THEN calls ELSE 0 END AS BIGINT) AS outcome_unknown
FROM told
