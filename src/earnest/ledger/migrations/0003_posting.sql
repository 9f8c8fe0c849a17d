-- Decides a batch one by one and writes what may be posted and what is refused. The caller holds the
-- tenant's ledger alone. One row for each transfer.
CREATE FUNCTION ledger_post_decided_v2(
    p_tenant text, p_now timestamptz, p_id uuid[], p_group_id uuid[], p_kind text[],
    p_debit_code text[], p_credit_code text[], p_amount_fen bigint[], p_effective_at timestamptz[],
    p_pending_id uuid[], p_final boolean[], p_expires_at timestamptz[], p_reason_id uuid[],
    p_debit bigint[], p_credit bigint[], p_clause text[], p_rulebook text[], p_decision_id uuid[],
    p_evidence text[], p_actor text[], p_note text[], p_clauseless uuid[]
) RETURNS TABLE (ord integer, status text, code text, moved_fen bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_ord integer[];
    v_status text[];
    v_code text[];
    v_new boolean[];
    v_asked bigint[];
    v_amount bigint[];
    v_held_delta bigint[];
    v_posted record;
    v_refused record;
BEGIN
    SELECT array_agg(d.ord), array_agg(d.status), array_agg(d.code), array_agg(d.is_new),
        array_agg(d.asked_fen), array_agg(d.amount_fen), array_agg(d.held_delta_fen)
    INTO v_ord, v_status, v_code, v_new, v_asked, v_amount, v_held_delta
    FROM (SELECT * FROM ledger_decide_v2(p_tenant, p_now, p_id, p_group_id, p_kind, p_debit_code,
            p_credit_code, p_amount_fen, p_effective_at, p_pending_id, p_final, p_expires_at,
            p_reason_id, p_debit, p_credit, p_clauseless) ORDER BY ord) d;

    PERFORM ledger_reasons_add_v1(p_tenant, array_agg(DISTINCT u.reason_id), p_clause, p_rulebook,
        p_decision_id, p_evidence, p_actor, p_note)
    FROM unnest(p_reason_id, v_status, v_new) AS u(reason_id, status, is_new)
    WHERE (u.status = 'posted' OR u.is_new)
        AND u.reason_id <> ALL (coalesce(p_clauseless, '{}'))
    HAVING count(*) > 0;

    SELECT array_agg(u.id ORDER BY u.o) AS id, array_agg(u.group_id ORDER BY u.o) AS group_id,
        array_agg(u.kind ORDER BY u.o) AS kind, array_agg(u.debit ORDER BY u.o) AS debit,
        array_agg(u.credit ORDER BY u.o) AS credit, array_agg(u.asked_fen ORDER BY u.o) AS asked,
        array_agg(u.amount_fen ORDER BY u.o) AS amount,
        array_agg(u.held_delta_fen ORDER BY u.o) AS held_delta,
        array_agg(u.effective_at ORDER BY u.o) AS effective_at,
        array_agg(u.pending_id ORDER BY u.o) AS pending_id,
        array_agg(u.final ORDER BY u.o) AS final,
        array_agg(u.expires_at ORDER BY u.o) AS expires_at,
        array_agg(u.reason_id ORDER BY u.o) AS reason_id
    INTO v_posted
    FROM unnest(v_status, p_id, p_group_id, p_kind, p_debit, p_credit, v_asked, v_amount,
            v_held_delta, p_effective_at, p_pending_id, p_final, p_expires_at, p_reason_id)
        WITH ORDINALITY AS u(status, id, group_id, kind, debit, credit, asked_fen, amount_fen,
            held_delta_fen, effective_at, pending_id, final, expires_at, reason_id, o)
    WHERE u.status = 'posted';
    IF v_posted.id IS NOT NULL THEN
        PERFORM ledger_open_items_v2(p_tenant, ledger_write_v2(p_tenant, p_now, v_posted.id,
                v_posted.group_id, v_posted.kind, v_posted.debit, v_posted.credit, v_posted.asked,
                v_posted.amount, v_posted.held_delta, v_posted.effective_at, v_posted.pending_id,
                v_posted.final, v_posted.expires_at, v_posted.reason_id),
            v_posted.id, v_posted.kind, v_posted.debit, v_posted.credit, v_posted.amount,
            v_posted.held_delta, v_posted.pending_id, v_posted.expires_at);
    END IF;

    PERFORM ledger_refuse_v2(p_tenant, p_now, array_agg(u.id ORDER BY u.o),
        array_agg(u.code ORDER BY u.o), array_agg(u.group_id ORDER BY u.o),
        array_agg(u.kind ORDER BY u.o), array_agg(u.debit_code ORDER BY u.o),
        array_agg(u.credit_code ORDER BY u.o), array_agg(u.amount_fen ORDER BY u.o),
        array_agg(u.effective_at ORDER BY u.o), array_agg(u.pending_id ORDER BY u.o),
        array_agg(u.final ORDER BY u.o), array_agg(u.expires_at ORDER BY u.o),
        array_agg(u.reason_id ORDER BY u.o))
    FROM unnest(v_new, p_id, v_code, p_group_id, p_kind, p_debit_code, p_credit_code, p_amount_fen,
            p_effective_at, p_pending_id, p_final, p_expires_at, p_reason_id)
        WITH ORDINALITY AS u(is_new, id, code, group_id, kind, debit_code, credit_code, amount_fen,
            effective_at, pending_id, final, expires_at, reason_id, o)
    WHERE u.is_new HAVING count(*) > 0;
    RETURN QUERY SELECT * FROM unnest(v_ord, v_status, v_code, v_amount);
END $$;

-- Posts a batch of transfers. A row for each that was not posted or is not a plain post; every other
-- was posted with the amount that was asked.
--
-- A batch of plain posts is first written at once, in the hope that nothing is wrong with it. If
-- something is, that is undone, each transfer is decided by itself, and what may be posted is
-- written; a batch of other kinds (the last three arrays are given) is always decided. A posting
-- shares the tenant's ledger with others (balances are locked row by row); deciding takes it
-- alone, for an id refused here must not be posted there at the same time.
CREATE FUNCTION ledger_post_v2(
    p_tenant text, p_now timestamptz, p_id uuid[], p_group_id uuid[], p_kind text[],
    p_debit_code text[], p_credit_code text[], p_amount_fen bigint[], p_effective_at timestamptz[],
    p_reason integer[], p_clause text[], p_rulebook text[], p_decision_id uuid[],
    p_evidence text[], p_actor text[], p_note text[],
    p_pending_id uuid[], p_final boolean[], p_expires_at timestamptz[]
) RETURNS TABLE (ord integer, status text, code text, moved_fen bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan  -- planning anew costs a small batch more than running
AS $$
#variable_conflict use_column
DECLARE
    v_lock bigint := hashtextextended('earnest.ledger.post.' || p_tenant, 0);
    v_size integer := cardinality(p_id);
    v_debit bigint[];
    v_credit bigint[];
    v_reason uuid[];
    v_reason_id uuid[];
    v_clauseless uuid[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'posting needs READ COMMITTED' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    SELECT array_agg(r.id ORDER BY r.o), array_agg(r.id) FILTER (WHERE r.clause !~ '\S')
    INTO v_reason, v_clauseless
    FROM (SELECT u.o, u.clause, ledger_reason_id_v1(u.clause, u.rulebook, u.decision_id,
                  u.evidence::uuid[], u.actor, u.note) AS id
          FROM unnest(p_clause, p_rulebook, p_decision_id, p_evidence, p_actor, p_note)
              WITH ORDINALITY AS u(clause, rulebook, decision_id, evidence, actor, note, o)) r;
    SELECT array_agg(d.id ORDER BY u.o), array_agg(c.id ORDER BY u.o),
        array_agg(v_reason[u.reason] ORDER BY u.o)
    INTO v_debit, v_credit, v_reason_id
    FROM unnest(p_debit_code, p_credit_code, p_reason) WITH ORDINALITY AS u(debit, credit, reason, o)
    LEFT JOIN ledger_account d ON d.tenant_id = p_tenant AND d.code = u.debit
    LEFT JOIN ledger_account c ON c.tenant_id = p_tenant AND c.code = u.credit;

    IF p_pending_id IS NULL THEN
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(v_lock);
            IF EXISTS (SELECT FROM ledger_refusal r
                       WHERE r.tenant_id = p_tenant AND r.id = ANY (p_id))
                OR EXISTS (
                    SELECT FROM unnest(p_effective_at) AS u(at),
                        (SELECT max(c.ends_at) AS at FROM ledger_closing c
                         WHERE c.tenant_id = p_tenant) AS open_from
                    WHERE u.at > p_now OR u.at < open_from.at)
            THEN
                RAISE EXCEPTION 'to be decided one by one' USING ERRCODE = 'EL001';
            END IF;
            PERFORM ledger_reasons_add_v1(p_tenant, NULL, p_clause, p_rulebook, p_decision_id,
                p_evidence, p_actor, p_note);
            PERFORM ledger_write_posts_v2(p_tenant, p_now, p_id, p_group_id, p_kind, v_debit,
                v_credit, p_amount_fen, p_effective_at, v_reason_id);
            RETURN;
        EXCEPTION
            WHEN SQLSTATE 'EL001' OR unique_violation OR check_violation OR not_null_violation
                OR numeric_value_out_of_range
            THEN NULL;  -- everything since BEGIN is undone, its locks are free again
        END;
    END IF;

    PERFORM pg_advisory_xact_lock(v_lock);
    RETURN QUERY SELECT d.* FROM ledger_post_decided_v2(p_tenant, p_now, p_id, p_group_id, p_kind,
        p_debit_code, p_credit_code, p_amount_fen, p_effective_at,
        coalesce(p_pending_id, array_fill(NULL::uuid, ARRAY[v_size])),
        coalesce(p_final, array_fill(false, ARRAY[v_size])),
        coalesce(p_expires_at, array_fill(NULL::timestamptz, ARRAY[v_size])), v_reason_id,
        v_debit, v_credit, p_clause, p_rulebook, p_decision_id, p_evidence, p_actor, p_note,
        v_clauseless) d;
END $$;

-- What is no longer called. Digests keep the lines of the first version.
DROP FUNCTION ledger_post_v1(text, timestamptz, uuid[], uuid[], text[], text[], text[], bigint[],
    timestamptz[], integer[], text[], text[], uuid[], text[], text[], text[]);
DROP FUNCTION ledger_decide_v1(text, timestamptz, uuid[], uuid[], text[], text[], text[], bigint[],
    timestamptz[], uuid[], bigint[], bigint[], uuid[]);
DROP FUNCTION ledger_write_v1(text, timestamptz, uuid[], uuid[], text[], bigint[], bigint[],
    bigint[], timestamptz[], uuid[]);
DROP FUNCTION ledger_refuse_v1(text, timestamptz, uuid[], text[], uuid[], text[], text[], text[],
    bigint[], uuid[], timestamptz[]);
DROP FUNCTION ledger_digests_v1(text);
