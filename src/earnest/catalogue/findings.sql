-- S0-2.1-info2: the newest version of each finding that the sources tell of, unless taken back.
WITH taken_back AS (
  SELECT corrects_event_id
  FROM listing_finding
  WHERE kind IN ('correction', 'retraction') AND corrects_event_id IS NOT NULL
  GROUP BY corrects_event_id
),
standing AS (
  SELECT
    f.*,
    ROW_NUMBER() OVER (
      PARTITION BY COALESCE(f.provider_id, ''), f.finding_id
      ORDER BY LENGTH(COALESCE(f.version, '')) DESC, f.version DESC, f.occurred_us DESC, f.event_id
    ) AS place
  FROM listing_finding f
  LEFT JOIN taken_back t ON t.corrects_event_id = f.event_id
  WHERE t.corrects_event_id IS NULL
    AND COALESCE(f.kind, 'observation') <> 'retraction'
    AND f.occurred_us <= $as_of_us
)
SELECT
  finding_id, COALESCE(provider_id, '') AS provider_id, COALESCE(listing_id, '') AS listing_id,
  COALESCE(rule_ref, '') AS rule_ref, COALESCE(detected_us, occurred_us) AS detected_us,
  COALESCE(evidence_ref, '') AS evidence_ref, COALESCE(status, '') AS status, source
FROM standing
WHERE place = 1
ORDER BY provider_id, finding_id
