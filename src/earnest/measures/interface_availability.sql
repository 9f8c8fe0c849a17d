-- S0-2.2.2a, S0-2.2.2b: of the minutes of an interface in which the provider was called, those in
-- which at least one call came through. One row per subject, interface, direction and minute. An
-- outage runs from the first minute without a success to the last one before the next success.
-- Whose failure a call was is told as in interface_success.sql.
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
    a.interface, a.direction, a.outcome, 'unknown' AS attributed, '' AS shop_id,
    a.minute_us - a.minute_us % 60000000 AS minute_us,
    CASE WHEN COALESCE(a.n, 0) > 0 THEN 1 ELSE 0 END AS called,
    1 AS decides
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
    COALESCE(c.shop_id, '') AS shop_id,
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
  SELECT
    provider_id, interface, direction, outcome, attributed, shop_id, minute_us, called, decides
  FROM summed
  UNION ALL
  SELECT
    c.provider_id, c.interface, c.direction, c.outcome, c.attributed, c.shop_id, c.minute_us,
    1 AS called,
    CASE WHEN m.minute_us IS NULL THEN 1 ELSE 0 END AS decides
  FROM single c
  LEFT JOIN summed_minutes m ON m.provider_id = c.provider_id AND m.interface = c.interface
   AND m.direction = c.direction AND m.minute_us = c.minute_us
),
attributed AS (
  SELECT
    provider_id, interface, direction, shop_id, minute_us, decides,
    CASE WHEN outcome = 'ok' THEN 1
         WHEN attributed = 'unknown' AND outcome = 'biz_error' THEN 1
         ELSE 0 END AS succeeded,
    CASE WHEN outcome = 'ok' OR attributed IN ('platform', 'third_party') THEN 0
         WHEN attributed = 'provider' THEN 1
         WHEN outcome IS NULL OR outcome IN ('biz_error', 'throttled') THEN 0
         WHEN direction = 'platform_to_provider' AND outcome <> 'client_error' THEN 1
         WHEN direction = 'provider_to_platform' AND outcome = 'client_error' THEN 1
         ELSE 0 END AS failed
  FROM calls
  WHERE called = 1
),
slots AS (
  SELECT
    provider_id, interface, direction, minute_us,
    MAX(succeeded * decides) AS up,
    MAX(failed * decides) AS failed
  FROM attributed
  GROUP BY provider_id, interface, direction, minute_us
),
observed AS (
  SELECT
    provider_id, interface, direction, minute_us, up,
    SUM(up) OVER (
      PARTITION BY provider_id, interface, direction ORDER BY minute_us
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS ups
  FROM slots
  WHERE up + failed > 0
),
outages AS (
  SELECT provider_id, interface, direction, ups, MIN(minute_us) AS began_us
  FROM observed
  WHERE up = 0
  GROUP BY provider_id, interface, direction, ups
),
hit_shops AS (
  SELECT
    a.provider_id, a.interface, a.direction, a.minute_us,
    ROW_NUMBER() OVER (
      PARTITION BY CASE WHEN $by = 1 THEN a.provider_id ELSE 'all' END, a.shop_id
      ORDER BY a.minute_us, a.interface, a.direction, a.provider_id
    ) AS place
  FROM attributed a
  JOIN observed o ON o.provider_id = a.provider_id AND o.interface = a.interface
   AND o.direction = a.direction AND o.minute_us = a.minute_us AND o.up = 0
  WHERE a.failed = 1 AND a.shop_id <> ''
),
new_shops AS (
  SELECT provider_id, interface, direction, minute_us, COUNT(*) AS shops
  FROM hit_shops
  WHERE place = 1
  GROUP BY provider_id, interface, direction, minute_us
)
SELECT
  CASE WHEN $by = 1 THEN o.provider_id ELSE 'all' END AS subject,
  o.interface AS entity,
  o.up AS numerator,
  1 AS denominator,
  1 AS sample,
  0 AS pending,
  CASE WHEN o.up = 1 THEN 'reachable' ELSE 'unreachable' END AS why,
  o.minute_us AS started_us,
  CAST(NULL AS BIGINT) AS due_us,
  CAST(NULL AS BIGINT) AS done_us,
  COALESCE(s.shops, 0) AS shops_affected,
  CASE WHEN o.up = 0 THEN o.minute_us + 60000000 - g.began_us ELSE 0 END AS longest_outage_us,
  o.minute_us - (o.minute_us + 28800000000) % 86400000000 AS day_us
FROM observed o
LEFT JOIN outages g ON o.up = 0 AND g.provider_id = o.provider_id AND g.interface = o.interface
 AND g.direction = o.direction AND g.ups = o.ups
LEFT JOIN new_shops s ON s.provider_id = o.provider_id AND s.interface = o.interface
 AND s.direction = o.direction AND s.minute_us = o.minute_us
