-- S0-2.1-cs3: of the merchants' questions asked in the window, those answered in time. A question
-- is what a merchant says until somebody answers; its clock runs from its first message, or from
-- the next opening when it is asked outside the service hours. A session is taken from its messages
-- where there are any, else from what its source sums up. One row per question, or per session that
-- is summed up. $robots: 1 where a robot's answer counts. $left_out: 1 where questions outside the
-- service hours do not count.
WITH message_taken_back AS (
  SELECT corrects_event_id
  FROM service_message
  WHERE kind IN ('correction', 'retraction') AND corrects_event_id IS NOT NULL
  GROUP BY corrects_event_id
),
session_taken_back AS (
  SELECT corrects_event_id
  FROM service_session
  WHERE kind IN ('correction', 'retraction') AND corrects_event_id IS NOT NULL
  GROUP BY corrects_event_id
),
messages AS (
  SELECT
    m.session_id, m.message_no, m.provider_id, m.resolved_us,
    COALESCE(m.sent_us, m.occurred_us) AS sent_us,
    CASE WHEN m.sender_role = 'merchant' THEN 1 ELSE 0 END AS asks,
    CASE WHEN m.sender_role IN ('provider_agent', 'supplier_agent')
          AND COALESCE(CAST(m.is_auto AS BIGINT), 0) = 0 THEN 1 ELSE 0 END AS by_a_person,
    CASE WHEN m.sender_role = 'provider_bot'
           OR (m.sender_role IN ('provider_agent', 'supplier_agent')
               AND COALESCE(CAST(m.is_auto AS BIGINT), 0) = 1) THEN 1 ELSE 0 END AS by_a_robot
  FROM service_message m
  LEFT JOIN message_taken_back t ON t.corrects_event_id = m.event_id
  WHERE t.corrects_event_id IS NULL
    AND COALESCE(m.kind, 'observation') <> 'retraction'
    AND COALESCE(m.sent_us, m.occurred_us) <= $as_of_us
),
told_by_message AS (
  SELECT
    session_id,
    MAX(COALESCE(provider_id, '')) AS provider_id,
    MAX(resolved_us) AS resolved_us
  FROM messages
  GROUP BY session_id
),
numbered AS (
  SELECT
    session_id, sent_us, asks, by_a_robot,
    CASE WHEN by_a_person = 1 OR (by_a_robot = 1 AND $robots = 1) THEN 1 ELSE 0 END AS answers,
    SUM(CASE WHEN by_a_person = 1 OR (by_a_robot = 1 AND $robots = 1) THEN 1 ELSE 0 END) OVER (
      PARTITION BY session_id ORDER BY sent_us, LENGTH(message_no), message_no
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS turn
  FROM messages
),
turns AS (
  SELECT session_id, turn, MIN(sent_us) AS asked_us
  FROM numbered
  WHERE asks = 1
  GROUP BY session_id, turn
),
answers AS (
  SELECT session_id, turn - 1 AS turn, MIN(sent_us) AS answered_us
  FROM numbered
  WHERE answers = 1
  GROUP BY session_id, turn
),
robots AS (
  SELECT q.session_id, q.turn, MIN(n.sent_us) AS robot_us
  FROM turns q
  JOIN numbered n ON n.session_id = q.session_id AND n.turn = q.turn
   AND n.by_a_robot = 1 AND n.sent_us >= q.asked_us
  GROUP BY q.session_id, q.turn
),
versions AS (
  SELECT
    s.session_id, s.provider_id, s.first_inquiry_us, s.first_human_reply_us, s.first_any_reply_us,
    s.inquiries, s.answered, s.answered_within_s, s.occurred_us,
    ROW_NUMBER() OVER (
      PARTITION BY s.session_id
      ORDER BY LENGTH(COALESCE(s.version, '')) DESC, COALESCE(s.version, '') DESC,
        s.recorded_us DESC, s.event_id
    ) AS place
  FROM service_session s
  LEFT JOIN session_taken_back t ON t.corrects_event_id = s.event_id
  WHERE t.corrects_event_id IS NULL
    AND COALESCE(s.kind, 'observation') <> 'retraction'
    AND s.occurred_us <= $as_of_us
),
summed_up AS (
  SELECT
    v.session_id,
    COALESCE(v.provider_id, '') AS provider_id,
    COALESCE(v.first_inquiry_us, v.occurred_us) AS asked_us,
    CASE WHEN $robots = 1 THEN COALESCE(v.first_any_reply_us, v.first_human_reply_us)
         ELSE v.first_human_reply_us END AS answered_us,
    v.first_any_reply_us AS robot_us,
    COALESCE(v.inquiries, 1) AS questions,
    CASE WHEN v.answered_within_s * 1000000 <= CAST($minutes AS BIGINT) * 60000000 THEN v.answered END AS quick
  FROM versions v
  LEFT JOIN told_by_message m ON m.session_id = v.session_id
  WHERE v.place = 1 AND m.session_id IS NULL AND COALESCE(v.inquiries, 1) > 0
),
asked AS (
  SELECT
    q.session_id, s.provider_id, q.asked_us, a.answered_us, r.robot_us, 1 AS questions,
    CAST(NULL AS BIGINT) AS quick,
    CASE WHEN q.asked_us >= s.resolved_us THEN 1 ELSE 0 END AS resolved
  FROM turns q
  JOIN told_by_message s ON s.session_id = q.session_id
  LEFT JOIN answers a ON a.session_id = q.session_id AND a.turn = q.turn
  LEFT JOIN robots r ON r.session_id = q.session_id AND r.turn = q.turn
  UNION ALL
  SELECT
    session_id, provider_id, asked_us, answered_us, robot_us, questions, quick, 0 AS resolved
  FROM summed_up
),
clocked AS (
  SELECT
    CASE WHEN $by = 1 THEN provider_id ELSE 'all' END AS subject,
    session_id, asked_us, robot_us, questions, quick, resolved,
    CASE WHEN answered_us <= $as_of_us THEN answered_us END AS answered_us,
    (asked_us + 28800000000) % 86400000000 AS since_midnight_us
  FROM asked
  WHERE asked_us >= $first_us AND asked_us < $end_us AND asked_us <= $as_of_us
),
started AS (
  SELECT
    subject, session_id, asked_us, answered_us, robot_us, questions, quick, resolved,
    CASE WHEN since_midnight_us >= $opens * 3600000000
          AND since_midnight_us < $closes * 3600000000 THEN 0 ELSE 1 END AS outside,
    CASE WHEN since_midnight_us < $opens * 3600000000
         THEN asked_us - since_midnight_us + $opens * 3600000000
         WHEN since_midnight_us >= $closes * 3600000000
         THEN asked_us - since_midnight_us + 86400000000 + $opens * 3600000000
         ELSE asked_us END AS started_us
  FROM clocked
),
timed AS (
  SELECT
    subject, session_id, asked_us, answered_us, robot_us, questions, quick, resolved, outside,
    started_us,
    started_us + CAST($minutes AS BIGINT) * 60000000 AS due_us,
    CASE WHEN started_us + CAST($minutes AS BIGINT) * 60000000 <= $as_of_us THEN 1 ELSE 0 END AS due,
    CASE WHEN resolved = 1 OR (outside = 1 AND $left_out = 1) THEN 0 ELSE 1 END AS kept,
    CASE WHEN answered_us <= started_us + CAST($minutes AS BIGINT) * 60000000 THEN 1 ELSE 0 END AS first_in_time,
    CASE WHEN questions = 1 OR quick IS NOT NULL THEN questions ELSE 1 END AS known
  FROM started
),
judged AS (
  SELECT
    subject, session_id, started_us, due_us, answered_us, robot_us, questions, resolved, outside,
    due, kept, known,
    CASE WHEN known = 1 OR quick IS NULL THEN first_in_time
         WHEN quick > questions THEN questions
         ELSE quick END AS hits
  FROM timed
)
SELECT
  subject,
  session_id AS entity,
  kept * due * hits AS numerator,
  kept * due * known AS denominator,
  kept * due * known AS sample,
  kept * (1 - due) * known AS pending,
  CASE WHEN resolved = 1 THEN 'after_resolution'
       WHEN kept = 0 THEN 'outside_hours'
       WHEN due = 0 THEN 'pending'
       WHEN hits = known THEN 'answered_in_time'
       WHEN hits > 0 THEN 'some_answered_in_time'
       WHEN answered_us IS NOT NULL THEN 'answered_late'
       WHEN robot_us <= due_us THEN 'only_a_robot'
       ELSE 'not_answered' END AS why,
  started_us,
  due_us,
  answered_us AS done_us,
  outside * (1 - resolved) AS outside_hours,
  resolved AS after_resolution,
  kept * due * CASE WHEN hits = 0 AND answered_us IS NULL AND robot_us <= due_us THEN 1 ELSE 0 END
    AS only_a_robot,
  kept * due * (questions - known) AS not_told,
  kept * due * CASE WHEN answered_us IS NOT NULL AND questions = 1 THEN 1 ELSE 0 END AS replied,
  CASE WHEN answered_us > started_us THEN answered_us - started_us ELSE 0 END AS waited_us
FROM judged
