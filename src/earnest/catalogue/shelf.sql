-- S0-2.2.1b: the last time that each of the goods went on or off the shelf, at its source or on
-- the listing, from $since_us on.
WITH told AS (
  SELECT
    event_id, kind, corrects_event_id, source_item_id AS item_id, field, changed_us AS at_us,
    COALESCE(provider_id, '') AS provider_id
  FROM catalogue_change
  UNION ALL
  SELECT
    event_id, kind, corrects_event_id, listing_id AS item_id, field, published_us AS at_us,
    COALESCE(provider_id, '') AS provider_id
  FROM catalogue_publish
),
taken_back AS (
  SELECT corrects_event_id
  FROM told
  WHERE kind IN ('correction', 'retraction') AND corrects_event_id IS NOT NULL
  GROUP BY corrects_event_id
)
SELECT t.item_id, t.provider_id, ARG_MAX(t.field, t.at_us) AS field, MAX(t.at_us) AS at_us
FROM told t
LEFT JOIN taken_back b ON b.corrects_event_id = t.event_id
WHERE b.corrects_event_id IS NULL
  AND COALESCE(t.kind, 'observation') <> 'retraction'
  AND t.field IN ('on_shelf', 'off_shelf')
  AND t.at_us >= $since_us AND t.at_us <= $as_of_us
GROUP BY t.item_id, t.provider_id
