-- The digests' bytes for what migration 0003 adds. A row that uses nothing new has the bytes it
-- always had, so that older batches keep verifying; anything new follows behind a byte 01, with which
-- no line begins.

CREATE FUNCTION ledger_instant_v2(p_at timestamptz) RETURNS bytea
LANGUAGE sql STABLE
RETURN CASE WHEN p_at IS NULL THEN '\x00'::bytea ELSE '\x01'::bytea || timestamptz_send(p_at) END;

CREATE FUNCTION ledger_transfer_line_v2(
    p_ord integer, p_id uuid, p_group_id uuid, p_kind text, p_pending_id uuid,
    p_debit_account_id bigint, p_credit_account_id bigint, p_amount_fen bigint, p_asked_fen bigint,
    p_final boolean, p_expires_at timestamptz, p_reason_id uuid, p_effective_at timestamptz,
    p_recorded_at timestamptz
) RETURNS bytea
LANGUAGE sql STABLE
RETURN ledger_transfer_line_v1(p_ord, p_id, p_group_id, p_kind, p_pending_id, p_debit_account_id,
        coalesce(p_credit_account_id, 0), p_amount_fen, p_reason_id, p_effective_at, p_recorded_at)
    || CASE WHEN p_asked_fen IS NULL AND NOT p_final AND p_expires_at IS NULL THEN ''::bytea
        ELSE '\x01'::bytea || ledger_limit_v1(p_asked_fen) || boolsend(p_final)
            || ledger_instant_v2(p_expires_at) END;

CREATE FUNCTION ledger_refusal_line_v2(
    p_ord integer, p_id uuid, p_code text, p_group_id uuid, p_kind text, p_debit_code text,
    p_credit_code text, p_amount_fen bigint, p_pending_id uuid, p_final boolean,
    p_expires_at timestamptz, p_reason_id uuid, p_effective_at timestamptz,
    p_recorded_at timestamptz
) RETURNS bytea
LANGUAGE sql STABLE
RETURN ledger_refusal_line_v1(p_ord, p_id, p_code, p_group_id, p_kind, p_debit_code, p_credit_code,
        p_amount_fen, p_reason_id, p_effective_at, p_recorded_at)
    || CASE WHEN p_pending_id IS NULL AND NOT p_final AND p_expires_at IS NULL THEN ''::bytea
        ELSE '\x01'::bytea || ledger_uuid_v1(p_pending_id) || boolsend(p_final)
            || ledger_instant_v2(p_expires_at) END;

CREATE FUNCTION ledger_closing_line_v2(
    p_ord integer, p_month date, p_ends_at timestamptz, p_closed_by text, p_closed_at timestamptz
) RETURNS bytea
LANGUAGE sql STABLE
RETURN int4send(p_ord) || date_send(p_month) || timestamptz_send(p_ends_at)
    || ledger_text_v1(p_closed_by) || timestamptz_send(p_closed_at);

-- Every batch of a tenant with its digest computed anew from the rows; null where it has no rows.
-- Rows that name no batch come out under the batch id they name.
CREATE FUNCTION ledger_digests_v2(p_tenant text)
RETURNS TABLE (batch_id bigint, stored bytea, computed bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    WITH account AS (
        SELECT a.batch_id, string_agg(ledger_account_line_v1(a.ord, a.id, a.code,
                a.kind, a.subject_kind, a.subject_id, a.floor_fen, a.ceiling_fen, a.opened_at),
            ''::bytea ORDER BY a.ord) AS lines
        FROM ledger_account a WHERE a.tenant_id = p_tenant GROUP BY a.batch_id
    ), refusal AS (
        SELECT r.batch_id, string_agg(ledger_refusal_line_v2(r.ord, r.id, r.code,
                r.group_id, r.kind, r.debit_code, r.credit_code, r.amount_fen, r.pending_id,
                r.final, r.expires_at, r.reason_id, r.effective_at, r.recorded_at),
            ''::bytea ORDER BY r.ord) AS lines
        FROM ledger_refusal r WHERE r.tenant_id = p_tenant GROUP BY r.batch_id
    ), closing AS (
        SELECT c.batch_id, string_agg(ledger_closing_line_v2(c.ord, c.month, c.ends_at,
            c.closed_by, c.closed_at), ''::bytea ORDER BY c.ord) AS lines
        FROM ledger_closing c WHERE c.tenant_id = p_tenant GROUP BY c.batch_id
    ), transfer AS (
        SELECT t.batch_id, string_agg(ledger_transfer_line_v2(t.ord, t.id,
                t.group_id, t.kind, t.pending_id, t.debit_account_id, t.credit_account_id,
                t.amount_fen, t.asked_fen, t.final, t.expires_at, t.reason_id, t.effective_at,
                t.recorded_at), ''::bytea ORDER BY t.ord) AS lines
        FROM ledger_transfer t WHERE t.tenant_id = p_tenant GROUP BY t.batch_id
    ), entry AS (
        SELECT t.batch_id, string_agg(ledger_entry_line_v1(e.account_id, e.seq, e.transfer_id,
                e.amount_fen, e.held_delta_fen, e.balance_after_fen, e.held_after_fen,
                e.effective_at, e.recorded_at), ''::bytea ORDER BY e.account_id, e.seq) AS lines
        FROM ledger_entry e
        JOIN ledger_transfer t ON t.tenant_id = p_tenant AND t.id = e.transfer_id
        WHERE e.tenant_id = p_tenant GROUP BY t.batch_id
    ), line AS (
        SELECT a.batch_id, a.lines FROM account a
        UNION ALL
        SELECT r.batch_id, r.lines FROM refusal r
        UNION ALL
        SELECT c.batch_id, c.lines FROM closing c
        UNION ALL
        SELECT t.batch_id, t.lines || coalesce(e.lines, ''::bytea)
        FROM transfer t LEFT JOIN entry e ON e.batch_id = t.batch_id
    )
    SELECT coalesce(b.id, l.batch_id), b.digest,
        sha256(ledger_batch_line_v1(b.tenant_id, b.id, b.kind, b.size, b.stated_at, b.recorded_at,
            b.xid) || l.lines)
    FROM (SELECT * FROM ledger_batch WHERE tenant_id = p_tenant) b
    FULL JOIN line l ON l.batch_id = b.id
$$;
