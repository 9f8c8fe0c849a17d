-- S0-2.2.5-3: the weighted mean of the scores given in the window, in tenths of a point, over
-- every dimension but `overall`. One row per subject and respondent. The last version of an answer
-- counts; an excluded answer does not. Weights count in millionths where a subject has an answer
-- whose weight is not one, else each answer counts one.
WITH taken_back AS (
  SELECT corrects_event_id
  FROM survey_answer
  WHERE kind IN ('correction', 'retraction') AND corrects_event_id IS NOT NULL
  GROUP BY corrects_event_id
),
versions AS (
  SELECT
    a.campaign_id, a.respondent_id, a.provider_id, a.dimension, a.score_tenths, a.excluded_reason,
    COALESCE(a.weight_ppm, 1000000) AS weight_ppm,
    COALESCE(a.answered_us, a.occurred_us) AS answered_us,
    ROW_NUMBER() OVER (
      PARTITION BY a.campaign_id, a.respondent_id, a.provider_id, a.dimension
      ORDER BY LENGTH(COALESCE(a.version, '')) DESC, COALESCE(a.version, '') DESC,
        COALESCE(a.answered_us, a.occurred_us) DESC, a.event_id
    ) AS place
  FROM survey_answer a
  LEFT JOIN taken_back t ON t.corrects_event_id = a.event_id
  WHERE t.corrects_event_id IS NULL
    AND COALESCE(a.kind, 'observation') <> 'retraction'
    AND COALESCE(a.answered_us, a.occurred_us) <= $as_of_us
),
answers AS (
  SELECT
    CASE WHEN $by = 1 THEN provider_id ELSE 'all' END AS subject,
    respondent_id, score_tenths, weight_ppm, answered_us,
    CASE WHEN COALESCE(excluded_reason, '') = '' THEN 1 ELSE 0 END AS kept
  FROM versions
  WHERE place = 1 AND dimension <> 'overall'
    AND answered_us >= $first_us AND answered_us < $end_us
),
units AS (
  SELECT
    subject,
    MAX(CASE WHEN kept = 1 AND weight_ppm <> 1000000 THEN 1 ELSE 0 END) AS weighted
  FROM answers
  GROUP BY subject
),
weighed AS (
  SELECT
    a.subject, a.respondent_id, a.score_tenths, a.answered_us, a.kept,
    a.kept * CASE WHEN u.weighted = 1 THEN a.weight_ppm ELSE 1 END AS weight
  FROM answers a
  JOIN units u ON u.subject = a.subject
)
SELECT
  subject,
  respondent_id AS entity,
  CAST(SUM(weight * score_tenths) AS BIGINT) AS numerator,
  CAST(SUM(weight) AS BIGINT) AS denominator,
  MAX(kept) AS sample,
  0 AS pending,
  CASE WHEN MAX(kept) = 1 THEN 'answered' ELSE 'excluded' END AS why,
  MIN(answered_us) AS started_us,
  CAST(NULL AS BIGINT) AS due_us,
  MAX(answered_us) AS done_us,
  CAST(SUM(kept) AS BIGINT) AS answers,
  CAST(SUM(1 - kept) AS BIGINT) AS excluded
FROM weighed
GROUP BY subject, respondent_id
