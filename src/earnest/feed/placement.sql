-- Where the batch's events are stored, and which earlier ones have to move.
-- Given: known_place (places of orders before the batch), known_link (orders on waybills before
-- it), new_order_event and new_parcel (the new rows of these streams), asked_order, asked_waybill.

-- Every order of the batch: its place before and after. Day 0: no event of the order itself yet.
-- The first payment counts, so the place does not depend on the order of arrival.
CREATE OR REPLACE TEMP TABLE order_day AS
SELECT asked.order_id,
       coalesce(known.day, 0) AS old_day,
       known.paid_us AS old_paid_us,
       least(known.paid_us, told.paid_us) AS paid_us,
       least(known.started_us, told.started_us) AS started_us,
       least(known.shop_id, told.shop_id) AS shop_id,
       CASE WHEN known.order_id IS NULL AND told.order_id IS NULL THEN 0
            ELSE market_day(coalesce(least(known.paid_us, told.paid_us),
                                     least(known.started_us, told.started_us))) END AS new_day
FROM asked_order asked
LEFT JOIN known_place known ON known.order_id = asked.order_id
LEFT JOIN (
    SELECT order_id, min(paid_us) AS paid_us, min(occurred_us) AS started_us,
           min(shop_id) AS shop_id
    FROM new_order_event WHERE kind <> 'retraction' GROUP BY order_id
) told ON told.order_id = asked.order_id;
