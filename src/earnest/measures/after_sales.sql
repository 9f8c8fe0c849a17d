-- S0-2.1-as1..as4: of the requests whose deadline falls in the window, those handled in time.
-- One row per request. The clock is chosen by $clock: 1 refund only, not shipped; 2 refund only,
-- shipped; 3 return and refund, from the request; 4 return and refund, from the sign-for.
WITH clocks AS (
  SELECT
    CASE WHEN $by = 1 THEN provider_id
         WHEN $by = 2 THEN shop_id
         WHEN $by = 3 THEN category_id
         ELSE 'all' END AS subject,
    aftersale_id, withdrawn_us,
    CASE WHEN $clock = 4 THEN return_signed_us ELSE applied_us END AS started_us,
    CASE WHEN $clock = 4 THEN settled_us ELSE handled_us END AS done_us
  FROM aftersale_facts
  WHERE ($clock = 1 AND type = 'refund_only' AND shipped_at_apply = 0)
     OR ($clock = 2 AND type = 'refund_only' AND shipped_at_apply = 1)
     OR ($clock = 3 AND type = 'return_refund')
     OR ($clock = 4 AND type = 'return_refund' AND return_signed_us IS NOT NULL)
),
running AS (
  SELECT
    subject, aftersale_id, withdrawn_us, started_us, done_us,
    started_us + $hours * 3600000000 AS due_us
  FROM clocks
  WHERE started_us <= $as_of_us
),
judged AS (
  SELECT
    subject, aftersale_id, started_us, done_us, due_us,
    CASE WHEN due_us <= $as_of_us THEN 1 ELSE 0 END AS due,
    CASE WHEN done_us <= due_us THEN 1 ELSE 0 END AS in_time,
    CASE WHEN withdrawn_us <= due_us AND withdrawn_us <= $as_of_us
          AND (done_us IS NULL OR done_us > due_us) THEN 1 ELSE 0 END AS withdrawn
  FROM running
  WHERE due_us >= $first_us AND due_us < $end_us
)
SELECT
  subject,
  aftersale_id AS entity,
  due * in_time AS numerator,
  due * (1 - withdrawn) AS denominator,
  due * (1 - withdrawn) AS sample,
  (1 - due) * (1 - withdrawn) AS pending,
  CASE WHEN withdrawn = 1 THEN 'withdrawn_by_buyer'
       WHEN due = 0 THEN 'pending'
       WHEN in_time = 1 THEN 'handled_in_time'
       WHEN done_us <= $as_of_us THEN 'handled_late'
       ELSE 'not_handled' END AS why,
  started_us,
  due_us,
  CASE WHEN done_us <= $as_of_us THEN done_us END AS done_us,
  withdrawn
FROM judged
