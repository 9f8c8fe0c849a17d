-- The functions that write. None of them decides anything: they write all of what they are given
-- or raise. They are called by the posting function only and hold no rights of their own.

-- sum(bigint) is numeric; this one stays integer and raises on overflow.
CREATE AGGREGATE ledger_sum8_v1(bigint) (SFUNC = int8pl, STYPE = bigint, INITCOND = '0');

-- Adds the reasons that are not there yet. The id is the content, so an existing row is the same.
CREATE FUNCTION ledger_reasons_add_v1(
    p_tenant text, p_needed uuid[], p_clause text[], p_rulebook text[], p_decision_id uuid[],
    p_evidence text[], p_actor text[], p_note text[]
) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp
AS $$
    INSERT INTO ledger_reason (tenant_id, id, clause, rulebook, decision_id, evidence, actor, note)
    SELECT DISTINCT ON (r.id) p_tenant, r.id, r.clause, r.rulebook, r.decision_id, r.evidence,
        r.actor, r.note
    FROM (
        SELECT u.clause, u.rulebook, u.decision_id, u.evidence::uuid[] AS evidence, u.actor, u.note,
            ledger_reason_id_v1(u.clause, u.rulebook, u.decision_id, u.evidence::uuid[], u.actor,
                u.note) AS id
        FROM unnest(p_clause, p_rulebook, p_decision_id, p_evidence, p_actor, p_note)
            AS u(clause, rulebook, decision_id, evidence, actor, note)
    ) r
    WHERE (p_needed IS NULL OR r.id = ANY (p_needed))
        AND NOT EXISTS (SELECT FROM ledger_reason l WHERE l.tenant_id = p_tenant AND l.id = r.id)
    ORDER BY r.id  -- one order for everyone, so that two callers cannot deadlock
    ON CONFLICT DO NOTHING
$$;

-- Writes a batch of transfers with both entries, running balances and the digest, in one
-- statement; raises EL001 when an account is missing or a limit would be broken at any leg, and
-- whatever a constraint raises.
--
-- The settings pin the plan: balances are reached by their key in the order of account ids, so that
-- two callers lock them in the same order.
CREATE FUNCTION ledger_write_v1(
    p_tenant text, p_now timestamptz, p_id uuid[], p_group_id uuid[], p_kind text[],
    p_debit bigint[], p_credit bigint[], p_amount_fen bigint[], p_effective_at timestamptz[],
    p_reason_id uuid[]
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET enable_hashjoin = off SET enable_hashagg = off SET enable_seqscan = off
SET enable_bitmapscan = off SET jit = off
AS $$
DECLARE
    v_batch bigint := nextval('ledger_batch_id');
    v_size integer := cardinality(p_id);
    v_xid bigint := pg_current_xact_id()::text::bigint;
    v_wanted bigint;
    v_updated bigint;
BEGIN
    WITH leg AS (
        SELECT u.o, u.account_id, -u.amount_fen AS amount_fen
        FROM unnest(p_debit, p_amount_fen) WITH ORDINALITY AS u(account_id, amount_fen, o)
        UNION ALL
        SELECT u.o, u.account_id, u.amount_fen
        FROM unnest(p_credit, p_amount_fen) WITH ORDINALITY AS u(account_id, amount_fen, o)
    ), running AS (
        SELECT l.account_id, l.o, l.amount_fen, ledger_sum8_v1(l.amount_fen)
            OVER (PARTITION BY l.account_id ORDER BY l.o ROWS UNBOUNDED PRECEDING) AS running_fen
        FROM leg l
    ), change AS MATERIALIZED (
        SELECT r.account_id, count(*) AS legs, ledger_sum8_v1(r.amount_fen) AS total_fen,
            min(r.running_fen) AS lowest_fen, max(r.running_fen) AS highest_fen,
            array_agg(r.o::integer ORDER BY r.o) AS ords,
            array_agg(r.amount_fen ORDER BY r.o) AS amounts,
            array_agg(r.running_fen ORDER BY r.o) AS runnings
        FROM running r GROUP BY r.account_id ORDER BY r.account_id
    ), updated AS (
        UPDATE ledger_balance AS b
        SET posted_fen = b.posted_fen + c.total_fen, seq = b.seq + c.legs
        FROM change c
        WHERE b.tenant_id = p_tenant AND b.account_id = c.account_id
            AND (b.floor_fen IS NULL OR b.posted_fen - b.held_fen + c.lowest_fen >= b.floor_fen)
            AND (b.ceiling_fen IS NULL OR b.posted_fen + c.highest_fen <= b.ceiling_fen)
        RETURNING b.account_id, b.posted_fen - c.total_fen AS posted_before_fen, b.held_fen,
            b.seq - c.legs AS seq_before, c.ords, c.amounts, c.runnings
    ), clock AS MATERIALIZED (
        -- After the last row lock, so that an account's entries never go backwards in time.
        SELECT clock_timestamp() AS at FROM (SELECT count(*) FROM updated) AS locked
    ), transfer AS (
        INSERT INTO ledger_transfer AS t (tenant_id, id, batch_id, ord, group_id, kind,
            debit_account_id, credit_account_id, amount_fen, reason_id, effective_at, recorded_at)
        SELECT p_tenant, u.id, v_batch, u.o, u.group_id, u.kind, u.debit, u.credit, u.amount_fen,
            u.reason_id, u.effective_at, clock.at
        FROM clock, unnest(p_id, p_group_id, p_kind, p_debit, p_credit, p_amount_fen, p_reason_id,
                p_effective_at)
            WITH ORDINALITY AS u(id, group_id, kind, debit, credit, amount_fen, reason_id,
                effective_at, o)
        RETURNING t.*
    ), entry AS (
        -- The arrays travel with the account's row: a join back to the legs could be quadratic.
        INSERT INTO ledger_entry AS e (tenant_id, account_id, seq, transfer_id, amount_fen,
            held_delta_fen, balance_after_fen, held_after_fen, effective_at, recorded_at)
        SELECT p_tenant, u.account_id, u.seq_before + l.k, p_id[l.o], l.amount_fen, 0,
            u.posted_before_fen + l.running_fen, u.held_fen, p_effective_at[l.o], clock.at
        FROM clock, updated u, unnest(u.ords, u.amounts, u.runnings)
            WITH ORDINALITY AS l(o, amount_fen, running_fen, k)
        RETURNING e.*
    ), batch AS (
        INSERT INTO ledger_batch (tenant_id, id, kind, size, stated_at, recorded_at, xid, digest)
        SELECT p_tenant, v_batch, 'transfers', v_size, p_now, clock.at, v_xid, sha256(
            ledger_batch_line_v1(p_tenant, v_batch, 'transfers', v_size, p_now, clock.at, v_xid)
            || (SELECT string_agg(ledger_transfer_line_v1(t.ord, t.id, t.group_id, t.kind,
                    t.pending_id, t.debit_account_id, t.credit_account_id, t.amount_fen,
                    t.reason_id, t.effective_at, t.recorded_at), ''::bytea ORDER BY t.ord)
                FROM transfer t)
            || (SELECT string_agg(ledger_entry_line_v1(e.account_id, e.seq, e.transfer_id,
                    e.amount_fen, e.held_delta_fen, e.balance_after_fen, e.held_after_fen,
                    e.effective_at, e.recorded_at), ''::bytea ORDER BY e.account_id, e.seq)
                FROM entry e))
        FROM clock
        WHERE EXISTS (SELECT FROM updated)
    )
    SELECT (SELECT count(*) FROM change), (SELECT count(*) FROM updated)
    INTO v_wanted, v_updated;
    IF v_updated <> v_wanted THEN
        RAISE EXCEPTION 'not every transfer of the batch can be posted' USING ERRCODE = 'EL001';
    END IF;
END $$;

-- Writes a batch of refusals, as asked for, with its digest.
CREATE FUNCTION ledger_refuse_v1(
    p_tenant text, p_now timestamptz, p_id uuid[], p_code text[], p_group_id uuid[],
    p_kind text[], p_debit_code text[], p_credit_code text[], p_amount_fen bigint[],
    p_reason_id uuid[], p_effective_at timestamptz[]
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    v_batch bigint := nextval('ledger_batch_id');
    v_size integer := cardinality(p_id);
    v_at timestamptz := clock_timestamp();
    v_xid bigint := pg_current_xact_id()::text::bigint;
BEGIN
    WITH refusal AS (
        INSERT INTO ledger_refusal AS r (tenant_id, id, batch_id, ord, code, group_id, kind,
            debit_code, credit_code, amount_fen, reason_id, effective_at, recorded_at)
        SELECT p_tenant, u.id, v_batch, u.o, u.code, u.group_id, u.kind, u.debit_code,
            u.credit_code, u.amount_fen, u.reason_id, u.effective_at, v_at
        FROM unnest(p_id, p_code, p_group_id, p_kind, p_debit_code, p_credit_code, p_amount_fen,
                p_reason_id, p_effective_at)
            WITH ORDINALITY AS u(id, code, group_id, kind, debit_code, credit_code, amount_fen,
                reason_id, effective_at, o)
        RETURNING r.*
    )
    INSERT INTO ledger_batch (tenant_id, id, kind, size, stated_at, recorded_at, xid, digest)
    SELECT p_tenant, v_batch, 'refusals', v_size, p_now, v_at, v_xid, sha256(
        ledger_batch_line_v1(p_tenant, v_batch, 'refusals', v_size, p_now, v_at, v_xid)
        || string_agg(ledger_refusal_line_v1(r.ord, r.id, r.code, r.group_id, r.kind, r.debit_code,
            r.credit_code, r.amount_fen, r.reason_id, r.effective_at, r.recorded_at),
            ''::bytea ORDER BY r.ord))
    FROM refusal r;
END $$;
