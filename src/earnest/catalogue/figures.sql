-- S0-2.1-qual3a: parcels sent out, by provider of their order, and how many had an e-waybill.
WITH sent AS (
  SELECT p.carrier, p.waybill_no, p.order_id, BOOL_OR(p.e_waybill) AS e_waybill
  FROM parcel p
  WHERE p.direction = 'outbound' AND p.e_waybill IS NOT NULL
    AND COALESCE(p.kind, 'observation') <> 'retraction'
    AND p.occurred_us <= $as_of_us
    AND p.event_id NOT IN (
      SELECT c.corrects_event_id FROM parcel c
      WHERE c.kind IN ('correction', 'retraction') AND c.corrects_event_id IS NOT NULL
    )
  GROUP BY p.carrier, p.waybill_no, p.order_id
)
SELECT
  o.provider_id,
  COUNT(DISTINCT (s.carrier, s.waybill_no)) FILTER (s.e_waybill) AS counted,
  COUNT(DISTINCT (s.carrier, s.waybill_no)) AS out_of
FROM sent s
JOIN order_facts o ON o.order_id = s.order_id
WHERE o.provider_id <> ''
GROUP BY o.provider_id
ORDER BY o.provider_id
