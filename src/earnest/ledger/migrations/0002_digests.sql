-- What a digest covers: the rows of a batch as bytes, written by one function per table, so that
-- posting and verifying cannot disagree. Texts end with a zero byte, which no text contains;
-- everything else has a fixed length; a missing uuid is sixteen zero bytes.

CREATE FUNCTION ledger_text_v1(p_text text) RETURNS bytea
LANGUAGE sql STABLE
RETURN convert_to(p_text, 'UTF8') || '\x00'::bytea;

CREATE FUNCTION ledger_uuid_v1(p_id uuid) RETURNS bytea
LANGUAGE sql STABLE
RETURN coalesce(uuid_send(p_id), '\x00000000000000000000000000000000'::bytea);

-- A limit: a byte that says whether there is one, then the amount.
CREATE FUNCTION ledger_limit_v1(p_limit_fen bigint) RETURNS bytea
LANGUAGE sql STABLE
RETURN CASE WHEN p_limit_fen IS NULL THEN '\x00'::bytea ELSE '\x01'::bytea END
    || int8send(coalesce(p_limit_fen, 0));

CREATE FUNCTION ledger_batch_line_v1(
    p_tenant text, p_id bigint, p_kind text, p_size integer,
    p_stated_at timestamptz, p_recorded_at timestamptz, p_xid bigint
) RETURNS bytea
LANGUAGE sql STABLE
RETURN ledger_text_v1(p_tenant) || ledger_text_v1(p_kind) || int8send(p_id) || int4send(p_size)
    || timestamptz_send(p_stated_at) || timestamptz_send(p_recorded_at) || int8send(p_xid);

CREATE FUNCTION ledger_account_line_v1(
    p_ord integer, p_id bigint, p_code text, p_kind text, p_subject_kind text, p_subject_id text,
    p_floor_fen bigint, p_ceiling_fen bigint, p_opened_at timestamptz
) RETURNS bytea
LANGUAGE sql STABLE
RETURN int4send(p_ord) || int8send(p_id) || ledger_text_v1(p_code) || ledger_text_v1(p_kind)
    || ledger_text_v1(p_subject_kind) || ledger_text_v1(p_subject_id)
    || ledger_limit_v1(p_floor_fen) || ledger_limit_v1(p_ceiling_fen)
    || timestamptz_send(p_opened_at);

CREATE FUNCTION ledger_transfer_line_v1(
    p_ord integer, p_id uuid, p_group_id uuid, p_kind text, p_pending_id uuid,
    p_debit_account_id bigint, p_credit_account_id bigint, p_amount_fen bigint,
    p_reason_id uuid, p_effective_at timestamptz, p_recorded_at timestamptz
) RETURNS bytea
LANGUAGE sql STABLE
RETURN int4send(p_ord) || uuid_send(p_id) || ledger_uuid_v1(p_group_id) || ledger_text_v1(p_kind)
    || ledger_uuid_v1(p_pending_id) || int8send(p_debit_account_id)
    || int8send(p_credit_account_id) || int8send(p_amount_fen) || uuid_send(p_reason_id)
    || timestamptz_send(p_effective_at) || timestamptz_send(p_recorded_at);

CREATE FUNCTION ledger_entry_line_v1(
    p_account_id bigint, p_seq bigint, p_transfer_id uuid, p_amount_fen bigint,
    p_held_delta_fen bigint, p_balance_after_fen bigint, p_held_after_fen bigint,
    p_effective_at timestamptz, p_recorded_at timestamptz
) RETURNS bytea
LANGUAGE sql STABLE
RETURN int8send(p_account_id) || int8send(p_seq) || uuid_send(p_transfer_id)
    || int8send(p_amount_fen) || int8send(p_held_delta_fen) || int8send(p_balance_after_fen)
    || int8send(p_held_after_fen) || timestamptz_send(p_effective_at)
    || timestamptz_send(p_recorded_at);

CREATE FUNCTION ledger_refusal_line_v1(
    p_ord integer, p_id uuid, p_code text, p_group_id uuid, p_kind text, p_debit_code text,
    p_credit_code text, p_amount_fen bigint, p_reason_id uuid, p_effective_at timestamptz,
    p_recorded_at timestamptz
) RETURNS bytea
LANGUAGE sql STABLE
RETURN int4send(p_ord) || uuid_send(p_id) || ledger_text_v1(p_code) || ledger_uuid_v1(p_group_id)
    || ledger_text_v1(p_kind) || ledger_text_v1(p_debit_code) || ledger_text_v1(p_credit_code)
    || int8send(p_amount_fen) || uuid_send(p_reason_id) || timestamptz_send(p_effective_at)
    || timestamptz_send(p_recorded_at);

-- A reason's id is its content: the same reason is one row, and a changed row betrays itself.
CREATE FUNCTION ledger_reason_id_v1(
    p_clause text, p_rulebook text, p_decision_id uuid, p_evidence uuid[], p_actor text,
    p_note text
) RETURNS uuid
LANGUAGE sql STABLE
RETURN encode(substring(sha256(
    ledger_text_v1(p_clause) || ledger_text_v1(p_rulebook) || ledger_uuid_v1(p_decision_id)
    || ledger_text_v1(array_to_string(p_evidence, ',')) || ledger_text_v1(p_actor)
    || ledger_text_v1(p_note)) FROM 1 FOR 16), 'hex')::uuid;

CREATE FUNCTION ledger_seal_hash_v1(
    p_previous bytea, p_number bigint, p_batch_id bigint, p_digest bytea, p_sealed_at timestamptz
) RETURNS bytea
LANGUAGE sql STABLE
RETURN sha256(p_previous || int8send(p_number) || int8send(p_batch_id) || p_digest
    || timestamptz_send(p_sealed_at));

-- Every batch of a tenant with its digest computed anew from the rows; null where it has no rows.
-- Rows that name no batch come out under the batch id they name.
CREATE FUNCTION ledger_digests_v1(p_tenant text)
RETURNS TABLE (batch_id bigint, stored bytea, computed bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
    WITH account AS (
        SELECT a.batch_id, string_agg(ledger_account_line_v1(a.ord, a.id, a.code,
                a.kind, a.subject_kind, a.subject_id, a.floor_fen, a.ceiling_fen, a.opened_at),
            ''::bytea ORDER BY a.ord) AS lines
        FROM ledger_account a WHERE a.tenant_id = p_tenant GROUP BY a.batch_id
    ), refusal AS (
        SELECT r.batch_id, string_agg(ledger_refusal_line_v1(r.ord, r.id, r.code,
                r.group_id, r.kind, r.debit_code, r.credit_code, r.amount_fen, r.reason_id,
                r.effective_at, r.recorded_at), ''::bytea ORDER BY r.ord) AS lines
        FROM ledger_refusal r WHERE r.tenant_id = p_tenant GROUP BY r.batch_id
    ), transfer AS (
        SELECT t.batch_id, string_agg(ledger_transfer_line_v1(t.ord, t.id,
                t.group_id, t.kind, t.pending_id, t.debit_account_id, t.credit_account_id,
                t.amount_fen, t.reason_id, t.effective_at, t.recorded_at),
            ''::bytea ORDER BY t.ord) AS lines
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
        SELECT t.batch_id, t.lines || coalesce(e.lines, ''::bytea)
        FROM transfer t LEFT JOIN entry e ON e.batch_id = t.batch_id
    )
    SELECT coalesce(b.id, l.batch_id), b.digest,
        sha256(ledger_batch_line_v1(b.tenant_id, b.id, b.kind, b.size, b.stated_at, b.recorded_at,
            b.xid) || l.lines)
    FROM (SELECT * FROM ledger_batch WHERE tenant_id = p_tenant) b
    FULL JOIN line l ON l.batch_id = b.id
$$;
