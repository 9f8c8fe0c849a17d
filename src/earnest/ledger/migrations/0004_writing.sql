-- The functions that write, with a plan that does not depend on statistics: the tenant comes from
-- the side of the batch, so that balances and holds can only be reached by their whole key. Where
-- it is given as a constant, the planner may read all rows of the tenant instead. What is written,
-- and its digests, are as before.

-- Writes a batch of plain posts with both entries, running balances and the digest, in one
-- statement; raises EL001 when an account is missing or frozen or a limit would be broken at any
-- leg, and whatever a constraint raises.
--
-- The settings pin the plan: balances are reached by their key in the order of account ids, so that
-- two callers lock them in the same order.
CREATE OR REPLACE FUNCTION ledger_write_posts_v2(
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
        SELECT p_tenant AS tenant_id, r.account_id, count(*) AS legs,
            ledger_sum8_v1(r.amount_fen) AS total_fen,
            min(r.amount_fen) AS smallest_fen,
            min(r.running_fen) AS lowest_fen, max(r.running_fen) AS highest_fen,
            array_agg(r.o::integer ORDER BY r.o) AS ords,
            array_agg(r.amount_fen ORDER BY r.o) AS amounts,
            array_agg(r.running_fen ORDER BY r.o) AS runnings
        FROM running r GROUP BY r.account_id ORDER BY r.account_id
    ), updated AS (
        UPDATE ledger_balance AS b
        SET posted_fen = b.posted_fen + c.total_fen, seq = b.seq + c.legs
        FROM change c
        WHERE b.tenant_id = c.tenant_id AND b.account_id = c.account_id
            AND (b.frozen = 0 OR c.smallest_fen > 0)
            -- Whatever the floor, what is free is a number that can be stored.
            AND b.posted_fen - b.held_fen + c.lowest_fen
                >= coalesce(b.floor_fen, '-9223372036854775808'::bigint)
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
        RETURNING t.ord, t.id, t.group_id, t.kind, t.pending_id, t.debit_account_id,
            t.credit_account_id, t.amount_fen, t.reason_id, t.effective_at, t.recorded_at
    ), entry AS (
        -- The arrays travel with the account's row: a join back to the legs could be quadratic.
        INSERT INTO ledger_entry AS e (tenant_id, account_id, seq, transfer_id, amount_fen,
            held_delta_fen, balance_after_fen, held_after_fen, effective_at, recorded_at)
        SELECT p_tenant, u.account_id, u.seq_before + l.k, p_id[l.o], l.amount_fen, 0,
            u.posted_before_fen + l.running_fen, u.held_fen, p_effective_at[l.o], clock.at
        FROM clock, updated u, unnest(u.ords, u.amounts, u.runnings)
            WITH ORDINALITY AS l(o, amount_fen, running_fen, k)
        RETURNING e.account_id, e.seq, e.transfer_id, e.amount_fen, e.held_delta_fen,
            e.balance_after_fen, e.held_after_fen, e.effective_at, e.recorded_at
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

-- Writes a decided batch of any kinds, and gives the instant of recording. A transfer that moves
-- has an entry in both accounts; one that only holds or releases has one, in the debit account; one
-- that does neither has none.
CREATE OR REPLACE FUNCTION ledger_write_v2(
    p_tenant text, p_now timestamptz, p_id uuid[], p_group_id uuid[], p_kind text[],
    p_debit bigint[], p_credit bigint[], p_asked_fen bigint[], p_amount_fen bigint[],
    p_held_delta_fen bigint[], p_effective_at timestamptz[], p_pending_id uuid[],
    p_final boolean[], p_expires_at timestamptz[], p_reason_id uuid[]
) RETURNS timestamptz
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
    v_at timestamptz;
BEGIN
    WITH leg AS (
        SELECT u.o, u.account_id, u.held_delta_fen,
            CASE WHEN u.kind IN ('hold', 'void', 'expire') THEN 0 ELSE -u.amount_fen END
                AS amount_fen
        FROM unnest(p_kind, p_debit, p_amount_fen, p_held_delta_fen)
            WITH ORDINALITY AS u(kind, account_id, amount_fen, held_delta_fen, o)
        WHERE u.amount_fen <> 0
        UNION ALL
        SELECT u.o, u.account_id, 0, u.amount_fen
        FROM unnest(p_kind, p_credit, p_amount_fen)
            WITH ORDINALITY AS u(kind, account_id, amount_fen, o)
        WHERE u.amount_fen <> 0 AND u.kind NOT IN ('hold', 'void', 'expire')
    ), running AS (
        SELECT l.*, ledger_sum8_v1(l.amount_fen) OVER history AS running_fen,
            ledger_sum8_v1(l.held_delta_fen) OVER history AS running_held_fen
        FROM leg l
        WINDOW history AS (PARTITION BY l.account_id ORDER BY l.o ROWS UNBOUNDED PRECEDING)
    ), change AS MATERIALIZED (
        SELECT p_tenant AS tenant_id, r.account_id, count(*) AS legs,
            ledger_sum8_v1(r.amount_fen) AS total_fen,
            ledger_sum8_v1(r.held_delta_fen) AS held_total_fen,
            min(r.running_fen - r.running_held_fen) AS lowest_fen,
            max(r.running_fen) AS highest_fen,
            array_agg(r.o::integer ORDER BY r.o) AS ords,
            array_agg(r.amount_fen ORDER BY r.o) AS amounts,
            array_agg(r.running_fen ORDER BY r.o) AS runnings,
            array_agg(r.held_delta_fen ORDER BY r.o) AS held_deltas,
            array_agg(r.running_held_fen ORDER BY r.o) AS held_runnings
        FROM running r GROUP BY r.account_id ORDER BY r.account_id
    ), updated AS (
        UPDATE ledger_balance AS b
        SET posted_fen = b.posted_fen + c.total_fen, held_fen = b.held_fen + c.held_total_fen,
            seq = b.seq + c.legs
        FROM change c
        WHERE b.tenant_id = c.tenant_id AND b.account_id = c.account_id
            AND b.posted_fen - b.held_fen + c.lowest_fen
                >= coalesce(b.floor_fen, '-9223372036854775808'::bigint)
            AND (b.ceiling_fen IS NULL OR b.posted_fen + c.highest_fen <= b.ceiling_fen)
        RETURNING b.account_id, b.posted_fen - c.total_fen AS posted_before_fen,
            b.held_fen - c.held_total_fen AS held_before_fen, b.seq - c.legs AS seq_before,
            c.ords, c.amounts, c.runnings, c.held_deltas, c.held_runnings
    ), clock AS MATERIALIZED (
        SELECT clock_timestamp() AS at FROM (SELECT count(*) FROM updated) AS locked
    ), transfer AS (
        INSERT INTO ledger_transfer AS t (tenant_id, id, batch_id, ord, group_id, kind, pending_id,
            debit_account_id, credit_account_id, amount_fen, asked_fen, final, expires_at,
            reason_id, effective_at, recorded_at)
        SELECT p_tenant, u.id, v_batch, u.o, u.group_id, u.kind, u.pending_id, u.debit, u.credit,
            u.amount_fen, CASE WHEN u.kind <> 'post' THEN u.asked_fen END, u.final, u.expires_at,
            u.reason_id, u.effective_at, clock.at
        FROM clock, unnest(p_id, p_group_id, p_kind, p_pending_id, p_debit, p_credit, p_amount_fen,
                p_asked_fen, p_final, p_expires_at, p_reason_id, p_effective_at)
            WITH ORDINALITY AS u(id, group_id, kind, pending_id, debit, credit, amount_fen,
                asked_fen, final, expires_at, reason_id, effective_at, o)
        RETURNING t.*
    ), entry AS (
        INSERT INTO ledger_entry AS e (tenant_id, account_id, seq, transfer_id, amount_fen,
            held_delta_fen, balance_after_fen, held_after_fen, effective_at, recorded_at)
        SELECT p_tenant, u.account_id, u.seq_before + l.k, p_id[l.o], l.amount_fen,
            l.held_delta_fen, u.posted_before_fen + l.running_fen,
            u.held_before_fen + l.running_held_fen, p_effective_at[l.o], clock.at
        FROM clock, updated u, unnest(u.ords, u.amounts, u.runnings, u.held_deltas,
                u.held_runnings)
            WITH ORDINALITY AS l(o, amount_fen, running_fen, held_delta_fen, running_held_fen, k)
        RETURNING e.*
    ), batch AS (
        INSERT INTO ledger_batch (tenant_id, id, kind, size, stated_at, recorded_at, xid, digest)
        SELECT p_tenant, v_batch, 'transfers', v_size, p_now, clock.at, v_xid, sha256(
            ledger_batch_line_v1(p_tenant, v_batch, 'transfers', v_size, p_now, clock.at, v_xid)
            || (SELECT string_agg(ledger_transfer_line_v2(t.ord, t.id, t.group_id, t.kind,
                    t.pending_id, t.debit_account_id, t.credit_account_id, t.amount_fen,
                    t.asked_fen, t.final, t.expires_at, t.reason_id, t.effective_at,
                    t.recorded_at), ''::bytea ORDER BY t.ord)
                FROM transfer t)
            || coalesce((SELECT string_agg(ledger_entry_line_v1(e.account_id, e.seq, e.transfer_id,
                    e.amount_fen, e.held_delta_fen, e.balance_after_fen, e.held_after_fen,
                    e.effective_at, e.recorded_at), ''::bytea ORDER BY e.account_id, e.seq)
                FROM entry e), ''::bytea))
        FROM clock
    )
    SELECT (SELECT count(*) FROM change), (SELECT count(*) FROM updated), clock.at
    INTO v_wanted, v_updated, v_at
    FROM clock;
    IF v_updated <> v_wanted THEN
        RAISE EXCEPTION 'the books are not as they were decided on' USING ERRCODE = 'EL001';
    END IF;
    RETURN v_at;
END $$;

-- Carries a written batch over to what stands open: holds with what remains of them, and how many
-- freezes lie on each account. Both follow from the transfers; `verify` compares.
CREATE OR REPLACE FUNCTION ledger_open_items_v2(
    p_tenant text, p_at timestamptz, p_id uuid[], p_kind text[], p_debit bigint[],
    p_credit bigint[], p_amount_fen bigint[], p_held_delta_fen bigint[], p_pending_id uuid[],
    p_expires_at timestamptz[]
) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET enable_hashjoin = off SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
AS $$
BEGIN
    IF 'hold' = ANY (p_kind) THEN
        INSERT INTO ledger_hold (tenant_id, id, account_id, credit_account_id, amount_fen,
            remaining_fen, expires_at)
        SELECT p_tenant, u.id, u.debit, u.credit, u.amount_fen, u.amount_fen, u.expires_at
        FROM unnest(p_id, p_kind, p_debit, p_credit, p_amount_fen, p_expires_at)
            AS u(id, kind, debit, credit, amount_fen, expires_at)
        WHERE u.kind = 'hold';
    END IF;
    IF p_kind && ARRAY['capture', 'void', 'expire'] THEN
        UPDATE ledger_hold h
        SET remaining_fen = h.remaining_fen + c.delta_fen,
            closed_at = CASE WHEN h.remaining_fen + c.delta_fen = 0 THEN p_at END
        FROM (
            SELECT p_tenant AS tenant_id, u.pending_id,
                ledger_sum8_v1(u.held_delta_fen) AS delta_fen
            FROM unnest(p_kind, p_pending_id, p_held_delta_fen)
                AS u(kind, pending_id, held_delta_fen)
            WHERE u.kind IN ('capture', 'void', 'expire')
            GROUP BY u.pending_id
        ) c
        WHERE h.tenant_id = c.tenant_id AND h.id = c.pending_id;
    END IF;
    IF p_kind && ARRAY['freeze', 'unfreeze'] THEN
        UPDATE ledger_balance b
        SET frozen = b.frozen + c.delta
        FROM (
            SELECT p_tenant AS tenant_id, u.debit,
                sum(CASE u.kind WHEN 'freeze' THEN 1 ELSE -1 END)::integer AS delta
            FROM unnest(p_kind, p_debit) AS u(kind, debit)
            WHERE u.kind IN ('freeze', 'unfreeze')
            GROUP BY u.debit
        ) c
        WHERE b.tenant_id = c.tenant_id AND b.account_id = c.debit;
    END IF;
END $$;
