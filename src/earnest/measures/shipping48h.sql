-- S0-2.1-ship48-def: of the orders paid in the window, those whose first pick-up scan came in time.
-- One row per subject and order. An order whose deadline lies after the as-of instant is pending.
WITH paid AS (
  SELECT
    CASE WHEN $by = 1 THEN provider_id
         WHEN $by = 2 THEN shop_id
         WHEN $by = 3 THEN category_id
         ELSE 'all' END AS subject,
    order_id, paid_us, picked_us, closed_us, picked_before_paid, traced, declared_us,
    COALESCE(presale, 0) AS presale, COALESCE(held, 0) AS held
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
    MAX(traced) AS traced,
    MIN(declared_us) AS declared_us,
    MAX(presale) AS presale,
    MAX(held) AS held
  FROM paid
  GROUP BY subject, order_id
),
judged AS (
  SELECT
    subject, order_id, paid_us, due_us, picked_us, closed_us, picked_before_paid, traced,
    CASE WHEN due_us <= $as_of_us THEN 1 ELSE 0 END AS due,
    CASE WHEN picked_us <= due_us THEN 1 ELSE 0 END AS in_time,
    CASE WHEN declared_us <= due_us THEN 1 ELSE 0 END AS marked,
    CASE WHEN closed_us <= due_us THEN 1 ELSE 0 END AS closed_early,
    presale * (1 - CASE WHEN closed_us <= due_us THEN 1 ELSE 0 END) AS presale,
    held * (1 - presale) * (1 - CASE WHEN closed_us <= due_us THEN 1 ELSE 0 END) AS held
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
       WHEN presale = 1 THEN 'presale'
       WHEN held = 1 THEN 'held_by_the_platform'
       WHEN picked_us <= $as_of_us THEN 'picked_up_late'
       WHEN closed_early = 1 THEN 'closed_before_deadline'
       WHEN picked_before_paid = 1 THEN 'picked_up_before_payment'
       WHEN traced = 0 THEN 'no_trace'
       ELSE 'not_picked_up' END AS why,
  paid_us AS started_us,
  due_us,
  CASE WHEN picked_us <= $as_of_us THEN picked_us END AS done_us,
  due * (1 - (closed_early + presale + held) * (1 - in_time)) AS adjusted_denominator,
  due * closed_early * (1 - in_time) AS excluded_closed,
  due * presale * (1 - in_time) AS excluded_presale,
  due * held * (1 - in_time) AS excluded_held,
  due * marked AS marked,
  due * (closed_early + presale + held) * (1 - in_time) * (1 - marked) AS excluded_unmarked,
  due * picked_before_paid AS picked_before_paid,
  due * (1 - traced) AS without_trace
FROM judged
