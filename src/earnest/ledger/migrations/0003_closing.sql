-- Closes a month: from then on nothing may count from before its end. Closing it again gives what
-- stands; `later` names a later month that is closed already, then nothing is written.
CREATE FUNCTION ledger_month_close_v2(
    p_tenant text, p_now timestamptz, p_month date, p_ends_at timestamptz, p_by text
) RETURNS TABLE (month date, ends_at timestamptz, closed_by text, closed_at timestamptz, later date)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_batch bigint := nextval('ledger_batch_id');
    v_xid bigint := pg_current_xact_id()::text::bigint;
    v_at timestamptz;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'closing needs READ COMMITTED' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    -- Alone, so that no posting under way can still write into the month.
    PERFORM pg_advisory_xact_lock(hashtextextended('earnest.ledger.post.' || p_tenant, 0));
    IF NOT EXISTS (SELECT FROM ledger_closing c
                   WHERE c.tenant_id = p_tenant AND c.ends_at >= p_ends_at)
    THEN
        v_at := clock_timestamp();
        INSERT INTO ledger_closing (tenant_id, month, ends_at, closed_by, closed_at, batch_id, ord)
        VALUES (p_tenant, p_month, p_ends_at, p_by, p_now, v_batch, 1);
        INSERT INTO ledger_batch (tenant_id, id, kind, size, stated_at, recorded_at, xid, digest)
        VALUES (p_tenant, v_batch, 'closings', 1, p_now, v_at, v_xid, sha256(
            ledger_batch_line_v1(p_tenant, v_batch, 'closings', 1, p_now, v_at, v_xid)
            || ledger_closing_line_v2(1, p_month, p_ends_at, p_by, p_now)));
    END IF;
    RETURN QUERY
    SELECT c.month, c.ends_at, c.closed_by, c.closed_at,
        CASE WHEN c.month <> p_month THEN c.month END
    FROM ledger_closing c WHERE c.tenant_id = p_tenant AND c.ends_at >= p_ends_at
    ORDER BY c.month LIMIT 1;
END $$;
