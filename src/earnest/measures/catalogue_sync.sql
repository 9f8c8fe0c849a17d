-- S0-2.2.1f, S0-2.2.1g: of the changes of goods in the window, those that the platform was told of
-- in time. One row per change. A publication tells of the change that it names by its number, or,
-- without one, of the newest change of the same item, SKU and field before it; telling of a change
-- tells of every earlier one of the same item, SKU and field. A change that nobody tells of stays
-- stale, and its age grows. $listings_only: 1 for new listings told by a system, 0 for every change.
WITH change_taken_back AS (
  SELECT corrects_event_id
  FROM catalogue_change
  WHERE kind IN ('correction', 'retraction') AND corrects_event_id IS NOT NULL
  GROUP BY corrects_event_id
),
publish_taken_back AS (
  SELECT corrects_event_id
  FROM catalogue_publish
  WHERE kind IN ('correction', 'retraction') AND corrects_event_id IS NOT NULL
  GROUP BY corrects_event_id
),
changes AS (
  SELECT
    c.event_id,
    COALESCE(c.provider_id, '') AS provider_id,
    c.source_item_id,
    COALESCE(c.sku_id, '') AS sku_id,
    c.field,
    COALESCE(c.change_no, '') AS change_no,
    c.changed_us
  FROM catalogue_change c
  LEFT JOIN change_taken_back t ON t.corrects_event_id = c.event_id
  WHERE t.corrects_event_id IS NULL
    AND COALESCE(c.kind, 'observation') <> 'retraction'
    AND c.changed_us <= $as_of_us
    AND ($listings_only = 0 OR c.field = 'on_shelf')
),
told AS (
  SELECT
    COALESCE(p.provider_id, '') AS provider_id,
    p.listing_id,
    COALESCE(p.sku_id, '') AS sku_id,
    p.field,
    COALESCE(p.reflects_change_no, '') AS change_no,
    p.published_us,
    CASE WHEN p.channel = 'manual' THEN 1 ELSE 0 END AS manually,
    CASE WHEN COALESCE(p.result, 'ok') IN ('ok', 'success', '') THEN 1 ELSE 0 END AS taken
  FROM catalogue_publish p
  LEFT JOIN publish_taken_back t ON t.corrects_event_id = p.event_id
  WHERE t.corrects_event_id IS NULL
    AND COALESCE(p.kind, 'observation') <> 'retraction'
    AND p.published_us <= $as_of_us
    AND ($listings_only = 0 OR COALESCE(p.channel, 'api') <> 'manual')
),
reflected AS (
  SELECT
    c.provider_id, c.source_item_id, c.sku_id, c.field, c.changed_us, p.published_us, p.manually,
    p.taken
  FROM told p
  JOIN changes c ON c.provider_id = p.provider_id AND c.field = p.field
   AND c.change_no = p.change_no
   AND (c.sku_id = p.sku_id OR p.sku_id = '' OR c.sku_id = '')
   AND c.changed_us <= p.published_us
  WHERE p.change_no <> ''
  UNION ALL
  SELECT
    c.provider_id, c.source_item_id, c.sku_id, c.field, c.changed_us, p.published_us, p.manually,
    p.taken
  FROM told p
  JOIN changes c ON c.provider_id = p.provider_id AND c.field = p.field
   AND c.source_item_id = p.listing_id AND c.sku_id = p.sku_id
   AND c.changed_us <= p.published_us
  WHERE p.change_no = ''
),
wanted AS (
  SELECT
    event_id, provider_id, source_item_id, sku_id, field, changed_us,
    changed_us + CAST($within AS BIGINT) * $unit_us AS due_us
  FROM changes
  WHERE changed_us >= $first_us AND changed_us < $end_us
),
answered AS (
  SELECT
    w.event_id,
    MIN(CASE WHEN r.taken = 1 THEN r.published_us END) AS told_us,
    MIN(CASE WHEN r.taken = 1 AND r.manually = 0 THEN r.published_us END) AS by_system_us,
    SUM(1 - r.taken) AS refused
  FROM wanted w
  JOIN reflected r ON r.provider_id = w.provider_id AND r.source_item_id = w.source_item_id
   AND r.sku_id = w.sku_id AND r.field = w.field
   AND r.changed_us >= w.changed_us AND r.published_us >= w.changed_us
  GROUP BY w.event_id
),
judged AS (
  SELECT
    CASE WHEN $by = 1 THEN w.provider_id ELSE 'all' END AS subject,
    w.source_item_id, w.field, w.changed_us, w.due_us, a.told_us, a.by_system_us,
    CASE WHEN w.due_us <= $as_of_us THEN 1 ELSE 0 END AS due,
    CASE WHEN a.told_us <= w.due_us THEN 1 ELSE 0 END AS in_time,
    CASE WHEN a.refused > 0 AND a.told_us IS NULL THEN 1 ELSE 0 END AS refused
  FROM wanted w
  LEFT JOIN answered a ON a.event_id = w.event_id
)
SELECT
  subject,
  source_item_id AS entity,
  due * in_time AS numerator,
  due AS denominator,
  due AS sample,
  1 - due AS pending,
  CASE WHEN due = 0 THEN 'pending'
       WHEN in_time = 1 THEN 'told_in_time'
       WHEN told_us IS NOT NULL THEN 'told_late'
       WHEN refused = 1 THEN 'telling_refused'
       ELSE 'still_stale' END AS why,
  changed_us AS started_us,
  due_us,
  told_us AS done_us,
  CASE WHEN told_us IS NULL THEN due ELSE 0 END AS still_stale,
  CASE WHEN told_us IS NOT NULL AND (by_system_us IS NULL OR by_system_us > told_us) THEN due
       ELSE 0 END AS told_by_hand,
  CASE WHEN told_us IS NULL THEN $as_of_us - changed_us ELSE 0 END AS oldest_stale_us,
  CASE WHEN told_us IS NULL THEN 0 ELSE 1 END AS told,
  CASE WHEN told_us IS NULL THEN 0 ELSE told_us - changed_us END AS took_us,
  field
FROM judged
