-- Chains the batches that are not sealed yet and whose transactions have ended, in the order of
-- their ids, and says how many. By membership, never by a high-water mark: a batch with a low id
-- that commits late is sealed late, but it is sealed.
CREATE FUNCTION ledger_seal_v1(p_tenant text, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_number bigint;
    v_hash bytea;
    v_sealed integer := 0;
    v_xmin bigint;
    v_batch record;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'sealing needs READ COMMITTED' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    -- One at a time; the reads below see what the one before has written.
    PERFORM pg_advisory_xact_lock(hashtextextended('earnest.ledger.seal.' || p_tenant, 0));
    SELECT s.number, s.hash INTO v_number, v_hash FROM ledger_seal s
    WHERE s.tenant_id = p_tenant ORDER BY s.number DESC LIMIT 1;
    v_number := coalesce(v_number, 0);
    v_hash := coalesce(v_hash, decode(repeat('00', 32), 'hex'));
    v_xmin := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    FOR v_batch IN
        SELECT b.id, b.digest FROM ledger_batch b
        WHERE b.tenant_id = p_tenant AND b.xid < v_xmin
            AND NOT EXISTS (SELECT FROM ledger_seal s
                            WHERE s.tenant_id = p_tenant AND s.batch_id = b.id)
        ORDER BY b.id
    LOOP
        v_number := v_number + 1;
        INSERT INTO ledger_seal AS s (tenant_id, number, batch_id, previous, hash, sealed_at)
        VALUES (p_tenant, v_number, v_batch.id, v_hash,
            ledger_seal_hash_v1(v_hash, v_number, v_batch.id, v_batch.digest, p_now), p_now)
        RETURNING s.hash INTO v_hash;
        v_sealed := v_sealed + 1;
    END LOOP;
    RETURN v_sealed;
END $$;
