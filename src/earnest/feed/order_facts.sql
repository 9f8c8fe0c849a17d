-- Order facts and after-sales facts, made from the live rows of the five order streams.
-- Every table is keyed by storage day first: waybill numbers are used again after months, and an
-- order's events all lie on one storage day. Versions are texts of numbers or of instants, so a
-- shorter text is an earlier one.

CREATE OR REPLACE TEMP TABLE line AS
SELECT
  storage_day, order_id, line_no, provider_id, COALESCE(category_id, '') AS category_id,
  line_paid_fen,
  ROW_NUMBER() OVER (PARTITION BY storage_day, order_id ORDER BY LENGTH(line_no), line_no) AS place
FROM (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY storage_day, order_id, line_no
      ORDER BY LENGTH(COALESCE(version, '')) DESC, version DESC, event_id
    ) AS newest
  FROM order_line
)
WHERE newest = 1;

CREATE OR REPLACE TEMP TABLE share AS
SELECT
  storage_day, order_id, provider_id, category_id, amount_fen, unpriced,
  ROW_NUMBER() OVER (PARTITION BY storage_day, order_id ORDER BY place) - 1 AS provider_ord,
  COUNT(*) OVER (PARTITION BY storage_day, order_id) AS provider_count
FROM (
  SELECT
    storage_day, order_id, provider_id,
    MIN(place) AS place,
    ARG_MAX(category_id, ROW(COALESCE(line_paid_fen, 0), -place)) AS category_id,
    CAST(COALESCE(SUM(line_paid_fen), 0) AS BIGINT) AS amount_fen,
    COUNT(*) - COUNT(line_paid_fen) AS unpriced
  FROM line
  GROUP BY storage_day, order_id, provider_id
);

-- The payment is the one told first: the lowest version in state `paid`, else the lowest version
-- that names a payment. A later version does not move it; a correction does.
CREATE OR REPLACE TEMP TABLE purchase AS
SELECT
  storage_day, order_id,
  ARG_MIN(COALESCE(paid_us, occurred_us), told) FILTER (state = 'paid' OR paid_us IS NOT NULL)
    AS paid_us,
  ARG_MIN(amount_paid_fen, told) FILTER (amount_paid_fen IS NOT NULL) AS amount_paid_fen,
  ARG_MIN(shop_id, told) FILTER (shop_id IS NOT NULL) AS shop_id,
  ARG_MIN(provider_id, told) FILTER (provider_id IS NOT NULL) AS provider_id,
  MIN(occurred_us) FILTER (state = 'closed') AS closed_us,
  MAX(CASE WHEN presale THEN 1 ELSE 0 END) AS presale,
  MAX(CASE WHEN LEN(hold_codes) > 0 THEN 1 ELSE 0 END) AS held
FROM (
  SELECT
    *,
    ROW(
      CASE WHEN state = 'paid' THEN 0 ELSE 1 END,
      LENGTH(COALESCE(source_version, '')), COALESCE(source_version, ''), occurred_us, event_id
    ) AS told
  FROM order_event
)
GROUP BY storage_day, order_id;

CREATE OR REPLACE TEMP TABLE purchase_share AS
SELECT
  o.storage_day, o.order_id, o.paid_us, o.closed_us, o.presale, o.held,
  COALESCE(o.shop_id, '') AS shop_id,
  COALESCE(s.provider_id, o.provider_id, '') AS provider_id,
  COALESCE(s.category_id, '') AS category_id,
  COALESCE(s.provider_ord, 0) AS provider_ord,
  COALESCE(s.provider_count, 1) AS provider_count,
  CASE WHEN s.provider_id IS NULL OR (s.provider_count = 1 AND s.unpriced > 0)
       THEN COALESCE(o.amount_paid_fen, s.amount_fen, 0)
       ELSE s.amount_fen END AS amount_fen
FROM purchase o
LEFT JOIN share s ON s.storage_day = o.storage_day AND s.order_id = o.order_id;

-- Where an order has several providers, a parcel or a request that names a line (or a provider)
-- of it belongs to that provider alone; else it belongs to each of them.
CREATE OR REPLACE TEMP TABLE joint_line AS
SELECT l.storage_day, l.order_id, l.line_no, l.provider_id
FROM line l
JOIN share s
  ON s.storage_day = l.storage_day AND s.order_id = l.order_id AND s.provider_id = l.provider_id
WHERE s.provider_count > 1;

CREATE OR REPLACE TEMP TABLE delivery AS
SELECT
  p.storage_day, p.order_id, p.carrier, p.waybill_no, p.direction, p.line_no,
  p.replaced_by IS NOT NULL AS replaced,
  p.declared_us,
  COALESCE(l.provider_id, s.provider_id) AS owner_id,
  MIN(t.node_us) FILTER (t.node = 'picked_up' AND t.node_us >= o.paid_us) AS picked_us,
  MIN(t.node_us) FILTER (
    t.node = 'signed' AND (o.paid_us IS NULL OR t.node_us >= o.paid_us)
  ) AS signed_us,
  MAX(CASE WHEN t.node = 'picked_up' AND t.node_us < o.paid_us THEN 1 ELSE 0 END)
    AS picked_before_paid,
  MAX(CASE WHEN t.node IS NULL THEN 0 ELSE 1 END) AS traced
FROM parcel p
JOIN purchase o ON o.storage_day = p.storage_day AND o.order_id = p.order_id
LEFT JOIN joint_line l
  ON l.storage_day = p.storage_day AND l.order_id = p.order_id AND l.line_no = p.line_no
LEFT JOIN (SELECT DISTINCT storage_day, order_id, provider_id FROM joint_line) s
  ON s.storage_day = p.storage_day AND s.order_id = p.order_id AND s.provider_id = p.provider_id
LEFT JOIN parcel_trace t
  ON t.storage_day = p.storage_day AND t.carrier = p.carrier AND t.waybill_no = p.waybill_no
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE fulfilment AS
SELECT
  o.storage_day, o.order_id, o.provider_id,
  MIN(d.picked_us) AS picked_us,
  MIN(d.declared_us) AS declared_us,
  MAX(d.picked_before_paid) AS picked_before_paid,
  MAX(d.traced) AS traced,
  CASE WHEN COUNT(*) FILTER (NOT d.replaced) > 0
        AND COUNT(*) FILTER (NOT d.replaced AND d.signed_us IS NULL) = 0
       THEN MAX(d.signed_us) FILTER (NOT d.replaced) END AS signed_us
FROM purchase_share o
JOIN delivery d ON d.storage_day = o.storage_day AND d.order_id = o.order_id
 AND (d.owner_id IS NULL OR d.owner_id = o.provider_id)
WHERE d.direction = 'outbound'
GROUP BY o.storage_day, o.order_id, o.provider_id;

-- One row per request: what its first `applied` says. A later `modified` changes nothing.
CREATE OR REPLACE TEMP TABLE request AS
SELECT
  a.storage_day, a.aftersale_id, a.order_id, a.line_no, a.applied_us, a.aftersale_type,
  a.reason_class, a.shipped_at_apply, a.return_parcel, a.read_later,
  a.shop_id, a.provider_id,
  COALESCE(l.provider_id, s.provider_id) AS owner_id
FROM (
  SELECT
    storage_day, aftersale_id, order_id, line_no, aftersale_type,
    COALESCE(applied_us, occurred_us) AS applied_us,
    COALESCE(reason_class, 'unknown') AS reason_class,
    shipped_at_apply, return_parcel, shop_id, provider_id,
    COALESCE(time_quality, 'source_s') IN ('derived', 'observed') AS read_later,
    ROW_NUMBER() OVER (
      PARTITION BY storage_day, aftersale_id
      ORDER BY COALESCE(applied_us, occurred_us), LENGTH(COALESCE(version, '')), version, event_id
    ) AS place
  FROM aftersale_event
  WHERE action = 'applied'
) a
LEFT JOIN joint_line l
  ON l.storage_day = a.storage_day AND l.order_id = a.order_id AND l.line_no = a.line_no
LEFT JOIN (SELECT DISTINCT storage_day, order_id, provider_id FROM joint_line) s
  ON s.storage_day = a.storage_day AND s.order_id = a.order_id AND s.provider_id = a.provider_id
WHERE a.place = 1;

CREATE OR REPLACE TEMP TABLE modification AS
SELECT DISTINCT storage_day, aftersale_id FROM aftersale_event WHERE action = 'modified';

CREATE OR REPLACE TEMP TABLE first_refund AS
SELECT
  o.storage_day, o.order_id, o.provider_id,
  MIN(r.applied_us) AS first_refund_us,
  ARG_MIN(r.aftersale_id, ROW(r.applied_us, r.aftersale_id)) AS first_refund_id,
  ARG_MIN(r.reason_class, ROW(r.applied_us, r.aftersale_id)) AS first_refund_reason_class,
  ARG_MIN(
    CASE WHEN r.reason_class = 'unknown' THEN 0
         WHEN NOT r.read_later THEN 2
         WHEN m.aftersale_id IS NULL THEN 1
         ELSE 0 END,
    ROW(r.applied_us, r.aftersale_id)
  ) AS first_refund_certainty
FROM purchase_share o
JOIN request r ON r.storage_day = o.storage_day AND r.order_id = o.order_id
 AND (r.owner_id IS NULL OR r.owner_id = o.provider_id)
LEFT JOIN modification m ON m.storage_day = r.storage_day AND m.aftersale_id = r.aftersale_id
WHERE COALESCE(r.aftersale_type, 'refund_only') IN ('refund_only', 'return_refund')
GROUP BY o.storage_day, o.order_id, o.provider_id;

CREATE OR REPLACE TEMP TABLE order_facts AS
SELECT
  o.storage_day, o.order_id, o.provider_id, o.provider_ord, o.provider_count, o.shop_id,
  o.category_id, o.paid_us, market_day(o.paid_us) AS paid_day,
  f.picked_us, COALESCE(f.picked_before_paid, 0) AS picked_before_paid,
  COALESCE(f.traced, 0) AS traced,
  f.signed_us, market_day(f.signed_us) AS signed_day,
  o.amount_fen, o.closed_us,
  r.first_refund_us, r.first_refund_reason_class, r.first_refund_id,
  f.declared_us, o.presale, o.held, r.first_refund_certainty
FROM purchase_share o
LEFT JOIN fulfilment f
  ON f.storage_day = o.storage_day AND f.order_id = o.order_id AND f.provider_id = o.provider_id
LEFT JOIN first_refund r
  ON r.storage_day = o.storage_day AND r.order_id = o.order_id AND r.provider_id = o.provider_id;

-- The carrier's record of the returned parcel decides when it was signed for; the request's own
-- `return_signed` stands in only where there is no such record.
CREATE OR REPLACE TEMP TABLE returned AS
SELECT r.storage_day, r.aftersale_id, MIN(d.signed_us) AS signed_us
FROM request r
JOIN delivery d ON d.storage_day = r.storage_day AND d.order_id = r.order_id
 AND d.direction = 'return' AND d.signed_us >= r.applied_us
 AND (r.return_parcel IS NULL
      OR r.return_parcel IN (d.waybill_no, CONCAT(d.carrier, '/', d.waybill_no)))
 AND (r.line_no IS NULL OR d.line_no IS NULL OR r.line_no = d.line_no)
GROUP BY r.storage_day, r.aftersale_id;

CREATE OR REPLACE TEMP TABLE handling AS
SELECT
  e.storage_day, e.aftersale_id,
  MIN(e.occurred_us) FILTER (
    e.action IN ('agreed', 'refused', 'refunded') AND COALESCE(e.actor, 'merchant') NOT IN ('buyer', 'bot')
  ) AS handled_us,
  MIN(e.occurred_us) FILTER (e.action = 'closed' AND e.actor = 'buyer') AS withdrawn_us,
  MIN(e.occurred_us) FILTER (e.action = 'return_signed') AS return_signed_us
FROM aftersale_event e
GROUP BY e.storage_day, e.aftersale_id;

CREATE OR REPLACE TEMP TABLE settling AS
SELECT
  e.storage_day, e.aftersale_id,
  MIN(e.occurred_us) FILTER (
    e.action = 'refunded'
    OR (e.action IN ('inspected', 'refused')
        AND e.occurred_us >= COALESCE(t.signed_us, h.return_signed_us))
  ) AS settled_us
FROM aftersale_event e
JOIN handling h ON h.storage_day = e.storage_day AND h.aftersale_id = e.aftersale_id
LEFT JOIN returned t ON t.storage_day = e.storage_day AND t.aftersale_id = e.aftersale_id
WHERE COALESCE(e.actor, 'merchant') NOT IN ('buyer', 'bot')
GROUP BY e.storage_day, e.aftersale_id;

CREATE OR REPLACE TEMP TABLE aftersale_facts AS
SELECT
  r.storage_day, r.aftersale_id, r.order_id,
  COALESCE(o.provider_id, r.provider_id, '') AS provider_id,
  COALESCE(o.shop_id, r.shop_id, '') AS shop_id,
  COALESCE(o.category_id, '') AS category_id,
  r.aftersale_type AS type, r.reason_class, r.applied_us,
  CASE WHEN r.shipped_at_apply IS NOT NULL THEN CAST(r.shipped_at_apply AS BIGINT)
       WHEN o.picked_us <= r.applied_us THEN 1 ELSE 0 END AS shipped_at_apply,
  h.handled_us, h.withdrawn_us,
  COALESCE(t.signed_us, h.return_signed_us) AS return_signed_us,
  s.settled_us
FROM request r
LEFT JOIN order_facts o ON o.storage_day = r.storage_day AND o.order_id = r.order_id
 AND ((r.owner_id IS NULL AND o.provider_ord = 0) OR o.provider_id = r.owner_id)
LEFT JOIN handling h ON h.storage_day = r.storage_day AND h.aftersale_id = r.aftersale_id
LEFT JOIN returned t ON t.storage_day = r.storage_day AND t.aftersale_id = r.aftersale_id
LEFT JOIN settling s ON s.storage_day = r.storage_day AND s.aftersale_id = r.aftersale_id;
