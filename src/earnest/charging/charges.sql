-- S0-2.2.4d, S0-2.2.4e: what merchants were really charged. One row per order of a service: the
-- first event of it that took money, unless it was retracted or corrected since.
WITH taken_back AS (
  SELECT corrects_event_id
  FROM charge_event
  WHERE kind IN ('correction', 'retraction') AND corrects_event_id IS NOT NULL
  GROUP BY corrects_event_id
),
standing AS (
  SELECT
    c.event_id, c.service_order_id, COALESCE(c.provider_id, '') AS provider_id,
    COALESCE(c.plan_code, '') AS plan_code, COALESCE(c.version, '') AS version,
    c.unit_price_fen, c.paid_fen, COALESCE(c.channel, '') AS channel,
    COALESCE(c.filed_plan_ref, '') AS filed_plan_ref, c.occurred_us,
    ROW_NUMBER() OVER (
      PARTITION BY COALESCE(c.provider_id, ''), c.service_order_id
      ORDER BY c.occurred_us, c.event_id
    ) AS place
  FROM charge_event c
  LEFT JOIN taken_back t ON t.corrects_event_id = c.event_id
  WHERE t.corrects_event_id IS NULL
    AND COALESCE(c.kind, 'observation') <> 'retraction'
    AND c.paid_fen > 0
    AND c.occurred_us <= $as_of_us
)
SELECT
  event_id, service_order_id, provider_id, plan_code, version,
  COALESCE(unit_price_fen, paid_fen) AS price_fen, paid_fen, channel, filed_plan_ref, occurred_us
FROM standing
WHERE place = 1 AND occurred_us >= $first_us AND occurred_us < $end_us
ORDER BY provider_id, plan_code, occurred_us, service_order_id
