-- S0-2.1-ship48-def: of the orders paid in the window, those whose first pick-up scan came in time.
-- One row per subject and order. An order whose deadline lies after the as-of instant is pending.
WITH paid AS (
  SELECT
    CASE WHEN $by = 1 THEN provider_id
         WHEN $by = 2 THEN shop_id
         WHEN $by = 3 THEN category_id
         ELSE 'all' END AS subject,
    order_id, paid_us, picked_us, closed_us, picked_before_paid, traced
  FROM order_facts
  WHERE paid_us >= $first_us AND paid_us < $end_us AND paid_us <= $as_of_us
),
orders AS (
  SELECT
    subject, order_id,
    MIN(paid_us) AS paid_us,
    MIN(paid_us) + $hours * 3600000000 AS due_us,
    MIN(picked_us) AS picked_us,
    MIN(closed_us) AS closed_us,
    MAX(picked_before_paid) AS picked_before_paid,
    MAX(traced) AS traced
  FROM paid
  GROUP BY subject, order_id
),
judged AS (
  SELECT
    subject, order_id, paid_us, due_us, picked_us, closed_us, picked_before_paid, traced,
    CASE WHEN due_us <= $as_of_us THEN 1 ELSE 0 END AS due,
    CASE WHEN picked_us <= due_us THEN 1 ELSE 0 END AS in_time,
    CASE WHEN closed_us <= due_us THEN 1 ELSE 0 END AS closed_early
  FROM orders
)
SELECT
  subject,
  order_id AS entity,
  due * in_time AS numerator,
  due AS denominator,
  due AS sample,
  1 - due AS pending,
  CASE WHEN due = 0 THEN 'pending'
       WHEN in_time = 1 THEN 'picked_up_in_time'
       WHEN picked_us <= $as_of_us THEN 'picked_up_late'
       WHEN closed_early = 1 THEN 'closed_before_deadline'
       WHEN picked_before_paid = 1 THEN 'picked_up_before_payment'
       WHEN traced = 0 THEN 'no_trace'
       ELSE 'not_picked_up' END AS why,
  paid_us AS started_us,
  due_us,
  CASE WHEN picked_us <= $as_of_us THEN picked_us END AS done_us,
  due * (1 - closed_early * (1 - in_time)) AS adjusted_denominator,
  due * picked_before_paid AS picked_before_paid,
  due * (1 - traced) AS without_trace
FROM judged
