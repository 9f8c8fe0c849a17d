-- S0-2.2.1d: of the orders signed for in the window, those whose first refund application names
-- quality. One row per subject and order; an order is signed for when all its rows are.
WITH scoped AS (
  SELECT
    CASE WHEN $by = 1 THEN provider_id
         WHEN $by = 2 THEN shop_id
         WHEN $by = 3 THEN category_id
         ELSE 'all' END AS subject,
    order_id, provider_ord, paid_us, signed_us, first_refund_id, first_refund_reason_class,
    first_refund_certainty,
    CASE WHEN first_refund_us <= $as_of_us THEN first_refund_us END AS refund_us
  FROM order_facts
  WHERE provider_count > 1 OR (signed_us >= $first_us AND signed_us < $end_us)
),
ranked AS (
  SELECT
    subject, order_id, paid_us, signed_us, refund_us, first_refund_reason_class,
    first_refund_certainty,
    CASE WHEN signed_us IS NULL THEN 1 ELSE 0 END AS unsigned,
    ROW_NUMBER() OVER (
      PARTITION BY subject, order_id
      ORDER BY COALESCE(refund_us, 9223372036854775807), COALESCE(first_refund_id, ''), provider_ord
    ) AS place
  FROM scoped
),
orders AS (
  SELECT
    subject, order_id,
    MAX(signed_us) AS signed_us,
    SUM(unsigned) AS unsigned,
    MIN(refund_us) AS refund_us,
    MAX(CASE WHEN place = 1 THEN first_refund_reason_class END) AS reason_class,
    MAX(CASE WHEN place = 1 THEN COALESCE(first_refund_certainty, 2) END) AS certainty,
    MIN(paid_us) AS paid_us
  FROM ranked
  GROUP BY subject, order_id
),
judged AS (
  SELECT
    subject, order_id, signed_us, refund_us, reason_class,
    CASE WHEN COALESCE(reason_class, 'unknown') = 'unknown' THEN 0 ELSE certainty END AS certainty,
    CASE WHEN $sold_days > 0
          AND (paid_us IS NULL OR paid_us < $end_us - $sold_days * 86400000000) THEN 1
         ELSE 0 END AS sale_not_shown,
    CASE WHEN refund_us IS NULL THEN 0 ELSE 1 END AS refunded,
    CASE WHEN refund_us IS NOT NULL AND reason_class = 'quality' THEN 1 ELSE 0 END AS quality
  FROM orders
  WHERE unsigned = 0
    AND signed_us >= $first_us AND signed_us < $end_us AND signed_us <= $as_of_us
)
SELECT
  subject,
  order_id AS entity,
  quality AS numerator,
  1 AS denominator,
  1 AS sample,
  0 AS pending,
  CASE WHEN quality = 1 THEN 'first_reason_quality'
       WHEN refunded = 1 THEN 'first_reason_other'
       ELSE 'no_application' END AS why,
  signed_us AS started_us,
  CAST(NULL AS BIGINT) AS due_us,
  refund_us AS done_us,
  refunded AS applications,
  CASE WHEN refunded = 1 AND COALESCE(reason_class, 'unknown') = 'unknown' THEN 1 ELSE 0 END
    AS reason_unknown,
  CASE WHEN refunded = 1 AND certainty = 2 THEN 1 ELSE 0 END AS reason_certain,
  CASE WHEN refunded = 1 AND certainty = 1 THEN 1 ELSE 0 END AS reason_probable,
  CASE WHEN refunded = 1 AND certainty = 0 THEN 1 ELSE 0 END AS reason_uncertain,
  CASE WHEN refunded = 1 AND certainty = 0 AND quality = 0 THEN 1 ELSE 0 END AS maybe_quality,
  sale_not_shown
FROM judged
