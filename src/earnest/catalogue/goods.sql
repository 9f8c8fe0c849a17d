-- S0-2.2.1c, S0-2.2.1d: one row per provider and goods of orders paid in the window of files: how
-- many orders, the last day of a sale, and of those signed for from $since_day to $until_day how
-- many had quality as the first reason of a refund. Goods are known by their listing, else by
-- their id at the source.
WITH taken_back AS (
  SELECT corrects_event_id
  FROM order_line
  WHERE kind IN ('correction', 'retraction') AND corrects_event_id IS NOT NULL
  GROUP BY corrects_event_id
),
line AS (
  SELECT
    l.order_id, l.provider_id, COALESCE(l.item_id, l.source_item_id) AS item_id,
    l.item_id IS NOT NULL AS published,
    ROW_NUMBER() OVER (
      PARTITION BY l.order_id, l.line_no
      ORDER BY LENGTH(COALESCE(l.version, '')) DESC, l.version DESC, l.event_id
    ) AS newest
  FROM order_line l
  LEFT JOIN taken_back t ON t.corrects_event_id = l.event_id
  WHERE t.corrects_event_id IS NULL AND COALESCE(l.kind, 'observation') <> 'retraction'
),
goods AS (
  SELECT order_id, provider_id, item_id, BOOL_OR(published) AS published
  FROM line
  WHERE newest = 1 AND item_id IS NOT NULL
  GROUP BY order_id, provider_id, item_id
)
SELECT
  g.provider_id, g.item_id, BOOL_OR(g.published) AS published,
  COUNT(*) AS sold, MAX(o.paid_day) AS last_sold_day,
  COUNT(*) FILTER (o.signed_day BETWEEN $since_day AND $until_day) AS signed,
  COUNT(*) FILTER (
    o.signed_day BETWEEN $since_day AND $until_day
    AND o.first_refund_reason_class = 'quality' AND o.first_refund_us <= $as_of_us
  ) AS quality
FROM goods g
JOIN order_facts o ON o.order_id = g.order_id AND o.provider_id = g.provider_id
WHERE o.paid_us <= $as_of_us
GROUP BY g.provider_id, g.item_id
ORDER BY g.provider_id, g.item_id
