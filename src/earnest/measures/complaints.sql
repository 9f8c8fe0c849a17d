-- S0-2.2.3b: of the complaints against a provider that fell due in the window, those that were not
-- answered and handled in time. One row per complaint that was opened by the window's end and not handled before
-- it began; a complaint that is reopened is another. An intervention is one opened in the window.
-- A complaint may wait less than so many days: one that has waited them in full is late.
WITH taken_back AS (
  SELECT corrects_event_id
  FROM case_event
  WHERE kind IN ('correction', 'retraction') AND corrects_event_id IS NOT NULL
  GROUP BY corrects_event_id
),
steps AS (
  SELECT
    CASE WHEN $by = 1 THEN COALESCE(c.provider_id, c.opened_against, '') ELSE 'all' END AS subject,
    c.case_id, c.action, c.occurred_us,
    SUM(CASE WHEN c.action IN ('opened', 'reopened') THEN 1 ELSE 0 END) OVER (
      PARTITION BY c.case_id ORDER BY c.occurred_us, LENGTH(c.seq), c.seq
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS round
  FROM case_event c
  LEFT JOIN taken_back t ON t.corrects_event_id = c.event_id
  WHERE t.corrects_event_id IS NULL
    AND COALESCE(c.kind, 'observation') <> 'retraction'
    AND c.case_kind IN ('complaint', 'dispute', 'rights_protection', 'refund_dispute')
    AND c.occurred_us <= $as_of_us
),
rounds AS (
  SELECT
    subject, case_id, round,
    MIN(CASE WHEN action IN ('opened', 'reopened') THEN occurred_us END) AS opened_us,
    MIN(CASE WHEN action IN ('responded', 'decided', 'closed') THEN occurred_us END)
      AS answered_us,
    MIN(CASE WHEN action IN ('decided', 'closed') THEN occurred_us END) AS handled_us
  FROM steps
  WHERE round > 0
  GROUP BY subject, case_id, round
),
clocked AS (
  SELECT
    subject, case_id, opened_us, answered_us, handled_us,
    opened_us + $answer_days * 86400000000 AS answer_due_us,
    opened_us + $handle_days * 86400000000 AS due_us,
    CASE WHEN $end_us < $as_of_us THEN $end_us ELSE $as_of_us END AS seen_us
  FROM rounds
  WHERE opened_us < $end_us AND (handled_us IS NULL OR handled_us >= $first_us)
),
judged AS (
  SELECT
    subject, case_id, opened_us, answered_us, handled_us, due_us, seen_us,
    CASE WHEN due_us >= $first_us AND due_us < $end_us THEN 1 ELSE 0 END AS falls_due,
    CASE WHEN due_us <= $as_of_us THEN 1 ELSE 0 END AS due,
    CASE WHEN answered_us < answer_due_us THEN 1 ELSE 0 END AS answered_in_time,
    CASE WHEN handled_us < due_us THEN 1 ELSE 0 END AS handled_in_time
  FROM clocked
)
SELECT
  subject,
  case_id AS entity,
  falls_due * due * (1 - answered_in_time * handled_in_time) AS numerator,
  falls_due * due AS denominator,
  falls_due * due AS sample,
  falls_due * (1 - due) AS pending,
  CASE WHEN falls_due = 0 THEN 'due_outside_the_window'
       WHEN due = 0 THEN 'pending'
       WHEN answered_in_time * handled_in_time = 1 THEN 'handled_in_time'
       WHEN answered_in_time = 0 THEN 'answered_late'
       WHEN handled_us IS NULL THEN 'not_handled'
       ELSE 'handled_late' END AS why,
  opened_us AS started_us,
  due_us,
  handled_us AS done_us,
  CASE WHEN opened_us >= $first_us THEN 1 ELSE 0 END AS interventions,
  CASE WHEN handled_us IS NULL OR handled_us > seen_us THEN 1 ELSE 0 END AS still_open,
  CASE WHEN answered_us < seen_us THEN answered_us ELSE seen_us END - opened_us
    AS longest_unanswered_us,
  CASE WHEN handled_us < seen_us THEN handled_us ELSE seen_us END - opened_us
    AS longest_unhandled_us
FROM judged
