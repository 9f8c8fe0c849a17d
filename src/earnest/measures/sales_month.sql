-- S3-3.1: gross amount paid in the window, in fen. One row per subject, source and category: a
-- day's figure of the source where it gives any for that shop and natural month, else each order.
WITH taken_back AS (
  SELECT corrects_event_id
  FROM sales_fact
  WHERE kind IN ('correction', 'retraction') AND corrects_event_id IS NOT NULL
  GROUP BY corrects_event_id
),
told AS (
  SELECT
    f.event_id, f.day, f.shop_id, COALESCE(f.category_id, '') AS category_id,
    COALESCE(f.gross_fen, 0) AS gross_fen, COALESCE(f.orders, 0) AS orders,
    f.day - f.day % 100 AS month,
    ROW_NUMBER() OVER (
      PARTITION BY f.day, f.shop_id, COALESCE(f.category_id, '')
      ORDER BY COALESCE(f.as_of_recorded_us, 0) DESC, f.recorded_us DESC, f.event_id
    ) AS place
  FROM sales_fact f
  LEFT JOIN taken_back t ON t.corrects_event_id = f.event_id
  WHERE t.corrects_event_id IS NULL
    AND COALESCE(f.kind, 'observation') <> 'retraction'
    AND f.basis = 'paid'
    AND f.day BETWEEN $first_day AND $last_day
    AND COALESCE(f.as_of_recorded_us, 0) <= $as_of_us
),
told_months AS (
  SELECT shop_id, month FROM told GROUP BY shop_id, month
),
paid AS (
  SELECT o.order_id, o.shop_id, o.category_id, o.provider_ord, o.amount_fen, o.paid_us
  FROM order_facts o
  LEFT JOIN told_months m ON m.shop_id = o.shop_id AND m.month = o.paid_day - o.paid_day % 100
  WHERE m.shop_id IS NULL
    AND o.paid_us >= $first_us AND o.paid_us < $end_us AND o.paid_us <= $as_of_us
),
parts AS (
  SELECT
    shop_id, category_id, event_id AS entity, 'sales_fact' AS why, gross_fen AS amount_fen, orders,
    0 AS provider_ord, CAST(NULL AS BIGINT) AS paid_us
  FROM told
  WHERE place = 1
  UNION ALL
  SELECT
    shop_id, category_id, order_id AS entity, 'order' AS why, amount_fen, 1 AS orders,
    provider_ord, paid_us
  FROM paid
),
scoped AS (
  SELECT
    CASE WHEN $by = 2 THEN shop_id WHEN $by = 3 THEN category_id ELSE 'all' END AS subject,
    category_id, entity, why, amount_fen, orders, provider_ord, paid_us
  FROM parts
)
SELECT
  subject,
  entity,
  CAST(SUM(amount_fen) AS BIGINT) AS numerator,
  0 AS denominator,
  CASE WHEN $by = 3 OR MIN(provider_ord) = 0 THEN MAX(orders) ELSE 0 END AS sample,
  0 AS pending,
  why,
  MIN(paid_us) AS started_us,
  CAST(NULL AS BIGINT) AS due_us,
  CAST(NULL AS BIGINT) AS done_us,
  category_id
FROM scoped
GROUP BY subject, entity, why, category_id
