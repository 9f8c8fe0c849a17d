-- Days of waybills before and after the batch. A waybill lies on the days of its orders, on day 0
-- when none of them is known; paid_us is the earliest known payment among them.
-- Given: order_day, known_link, new_parcel, asked_waybill.

CREATE OR REPLACE TEMP TABLE new_link AS
SELECT link.carrier, link.waybill_no, link.order_id,
       coalesce(o.new_day, known.day, 0) AS day, coalesce(o.paid_us, known.paid_us) AS paid_us
FROM (
    SELECT carrier, waybill_no, order_id FROM known_link
    UNION SELECT carrier, waybill_no, order_id FROM new_parcel
) link
LEFT JOIN known_link known USING (carrier, waybill_no, order_id)
LEFT JOIN order_day o USING (order_id);

CREATE OR REPLACE TEMP TABLE every_waybill AS
SELECT carrier, waybill_no FROM asked_waybill
UNION SELECT carrier, waybill_no FROM known_link;

CREATE OR REPLACE TEMP TABLE old_waybill_day AS
SELECT DISTINCT w.carrier, w.waybill_no, coalesce(link.day, 0) AS day
FROM every_waybill w
LEFT JOIN (SELECT * FROM known_link WHERE day > 0) link USING (carrier, waybill_no);

CREATE OR REPLACE TEMP TABLE new_waybill_day AS
SELECT DISTINCT w.carrier, w.waybill_no, coalesce(link.day, 0) AS day
FROM every_waybill w
LEFT JOIN (SELECT * FROM new_link WHERE day > 0) link USING (carrier, waybill_no);

CREATE OR REPLACE TEMP TABLE waybill_paid AS
SELECT w.carrier, w.waybill_no, earlier.paid_us AS old_paid_us, later.paid_us
FROM every_waybill w
LEFT JOIN (SELECT carrier, waybill_no, min(paid_us) AS paid_us FROM known_link GROUP BY ALL) earlier
     USING (carrier, waybill_no)
LEFT JOIN (SELECT carrier, waybill_no, min(paid_us) AS paid_us FROM new_link GROUP BY ALL) later
     USING (carrier, waybill_no);

-- Waybills whose earlier traces move, are repeated on another day, or can now be judged.
CREATE OR REPLACE TEMP TABLE touched_waybill AS
SELECT carrier, waybill_no FROM (
    (SELECT * FROM old_waybill_day EXCEPT SELECT * FROM new_waybill_day)
    UNION ALL (SELECT * FROM new_waybill_day EXCEPT SELECT * FROM old_waybill_day)
)
UNION
SELECT carrier, waybill_no FROM waybill_paid WHERE old_paid_us IS NULL AND paid_us IS NOT NULL;
