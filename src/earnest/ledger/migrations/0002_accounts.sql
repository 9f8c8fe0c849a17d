-- Opens the accounts that do not exist yet, as one batch, and says how many; `differing` lists the
-- codes that are open already with another kind, subject or limit.
CREATE FUNCTION ledger_accounts_open_v1(
    p_tenant text, p_now timestamptz, p_code text[], p_kind text[], p_subject_kind text[],
    p_subject_id text[], p_floor_fen bigint[], p_ceiling_fen bigint[]
) RETURNS TABLE (opened integer, differing text[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_batch bigint := nextval('ledger_batch_id');
BEGIN
    WITH wanted AS (
        SELECT DISTINCT ON (u.code) u.*
        FROM unnest(p_code, p_kind, p_subject_kind, p_subject_id, p_floor_fen, p_ceiling_fen)
            WITH ORDINALITY AS u(code, kind, subject_kind, subject_id, floor_fen, ceiling_fen, o)
        WHERE NOT EXISTS (SELECT FROM ledger_account a
                          WHERE a.tenant_id = p_tenant AND a.code = u.code)
        ORDER BY u.code, u.o  -- one order for everyone, so that two callers cannot deadlock
    ), account AS (
        INSERT INTO ledger_account AS a (tenant_id, id, code, kind, subject_kind, subject_id,
            floor_fen, ceiling_fen, opened_at, batch_id, ord)
        SELECT p_tenant, nextval('ledger_account_id'), w.code, w.kind, w.subject_kind,
            w.subject_id, w.floor_fen, w.ceiling_fen, p_now, v_batch, w.o
        FROM wanted w
        ON CONFLICT DO NOTHING  -- another caller opened it meanwhile: compared below
        RETURNING a.*
    ), balance AS (
        INSERT INTO ledger_balance (tenant_id, account_id, posted_fen, held_fen, floor_fen,
            ceiling_fen, seq)
        SELECT a.tenant_id, a.id, 0, 0, a.floor_fen, a.ceiling_fen, 0 FROM account a
    ), line AS (
        SELECT count(*)::integer AS size, clock_timestamp() AS at,
            string_agg(ledger_account_line_v1(a.ord, a.id, a.code, a.kind, a.subject_kind,
                a.subject_id, a.floor_fen, a.ceiling_fen, a.opened_at),
                ''::bytea ORDER BY a.ord) AS lines
        FROM account a
    ), batch AS (
        INSERT INTO ledger_batch (tenant_id, id, kind, size, stated_at, recorded_at, xid, digest)
        SELECT p_tenant, v_batch, 'accounts', l.size, p_now, l.at, x.xid,
            sha256(ledger_batch_line_v1(p_tenant, v_batch, 'accounts', l.size, p_now, l.at, x.xid)
                || l.lines)
        FROM line l, (SELECT pg_current_xact_id()::text::bigint AS xid) x
        WHERE l.size > 0
    )
    SELECT l.size INTO opened FROM line l;

    SELECT array_agg(DISTINCT u.code ORDER BY u.code) INTO differing
    FROM unnest(p_code, p_kind, p_subject_kind, p_subject_id, p_floor_fen, p_ceiling_fen)
        AS u(code, kind, subject_kind, subject_id, floor_fen, ceiling_fen)
    JOIN ledger_account a ON a.tenant_id = p_tenant AND a.code = u.code
    WHERE (a.kind, a.subject_kind, a.subject_id, a.floor_fen, a.ceiling_fen)
        IS DISTINCT FROM (u.kind, u.subject_kind, u.subject_id, u.floor_fen, u.ceiling_fen);
    RETURN NEXT;
END $$;
