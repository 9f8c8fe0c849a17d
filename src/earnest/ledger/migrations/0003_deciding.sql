-- What is known of each transfer before any is decided: whether its id was used, what is wrong with
-- it by itself, and where its accounts and the transfers it names stand in the given lists.
CREATE FUNCTION ledger_asked_v2(
    p_tenant text, p_now timestamptz, p_id uuid[], p_group_id uuid[], p_kind text[],
    p_debit_code text[], p_credit_code text[], p_amount_fen bigint[], p_effective_at timestamptz[],
    p_pending_id uuid[], p_final boolean[], p_expires_at timestamptz[], p_reason_id uuid[],
    p_debit bigint[], p_credit bigint[], p_clauseless uuid[], p_account bigint[], p_named uuid[]
) RETURNS TABLE (
    ord integer, group_id uuid, kind text, amount_fen bigint, final boolean, pending_id uuid,
    expires_at timestamptz, debit bigint, credit bigint, debit_at integer, credit_at integer,
    named_at integer, self_at integer, stored text, stored_code text, stored_amount_fen bigint,
    fault text, first_ord integer, repeats_first boolean, group_spoiled boolean
)
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off SET jit = off  -- arrays as tables: a nested loop would be quadratic
AS $$
#variable_conflict use_column
DECLARE
    v_open_from timestamptz := (SELECT max(c.ends_at) FROM ledger_closing c
                                WHERE c.tenant_id = p_tenant);
BEGIN
    RETURN QUERY
    WITH account AS (
        SELECT u.id, u.at::integer AS at FROM unnest(p_account) WITH ORDINALITY AS u(id, at)
    ), named AS (
        SELECT u.id, u.at::integer AS at FROM unnest(p_named) WITH ORDINALITY AS u(id, at)
    ), asked AS (
        SELECT u.*, u.o::integer AS ord, jsonb_build_array(u.kind, u.debit_code, u.credit_code,
            u.amount_fen, u.effective_at, u.reason_id, u.group_id, u.pending_id, u.final,
            u.expires_at)::text AS content
        FROM unnest(p_id, p_group_id, p_kind, p_debit_code, p_credit_code, p_amount_fen,
                p_effective_at, p_pending_id, p_final, p_expires_at, p_reason_id, p_debit, p_credit)
            WITH ORDINALITY AS u(id, group_id, kind, debit_code, credit_code, amount_fen,
                effective_at, pending_id, final, expires_at, reason_id, debit, credit, o)
    ), posted AS (
        SELECT t.*, CASE
            WHEN t.kind IN ('void', 'expire', 'remainder')
                OR (t.kind = 'up_to' AND t.pending_id IS NOT NULL) THEN 0
            ELSE coalesce(t.asked_fen, t.amount_fen) END AS given_fen
        FROM ledger_transfer t WHERE t.tenant_id = p_tenant AND t.id = ANY (p_id)
    ), known AS (
        SELECT a.*, d.at AS debit_at, c.at AS credit_at, n.at AS named_at, s.at AS self_at,
            CASE
                WHEN t.id IS NOT NULL AND (t.kind, t.debit_account_id, t.credit_account_id,
                        t.credit_account_id IS NULL, t.given_fen, t.effective_at, t.pending_id,
                        t.final, t.expires_at, t.reason_id, t.group_id)
                    IS NOT DISTINCT FROM (a.kind, a.debit, a.credit, a.credit_code = '',
                        a.amount_fen, a.effective_at, a.pending_id, a.final, a.expires_at,
                        a.reason_id, a.group_id) THEN 'exists'
                WHEN r.id IS NOT NULL AND (r.kind, r.debit_code, r.credit_code, r.amount_fen,
                        r.effective_at, r.pending_id, r.final, r.expires_at, r.reason_id,
                        r.group_id)
                    IS NOT DISTINCT FROM (a.kind, a.debit_code, a.credit_code, a.amount_fen,
                        a.effective_at, a.pending_id, a.final, a.expires_at, a.reason_id,
                        a.group_id) THEN 'refused'
                WHEN t.id IS NOT NULL OR r.id IS NOT NULL THEN 'conflict'
            END AS stored,
            r.code AS stored_code, t.amount_fen AS stored_amount_fen,
            CASE
                WHEN a.kind NOT IN ('post', 'hold', 'capture', 'void', 'expire', 'up_to',
                    'remainder', 'freeze', 'unfreeze', 'reverse') THEN 'unknown_kind'
                WHEN a.reason_id = ANY (p_clauseless) THEN 'clause_missing'
                WHEN NOT ledger_fields_fit_v2(a.kind, a.credit_code, a.amount_fen, a.pending_id,
                    a.final, a.expires_at) THEN 'fields_wrong'
                WHEN a.amount_fen <= 0 AND (a.kind IN ('post', 'hold', 'capture', 'reverse')
                    OR (a.kind = 'up_to' AND a.pending_id IS NULL)) THEN 'amount_not_positive'
                WHEN a.debit_code = a.credit_code THEN 'accounts_same'
                WHEN a.debit IS NULL OR (a.credit IS NULL AND a.credit_code <> '')
                    THEN 'unknown_account'
                WHEN a.effective_at > p_now THEN 'effective_in_future'
                WHEN a.effective_at < v_open_from THEN 'period_closed'
                WHEN a.expires_at <= p_now THEN 'expiry_passed'
            END AS fault,
            min(a.ord) OVER same_id AS first_ord,
            first_value(a.content) OVER (same_id ORDER BY a.ord) = a.content AS repeats_first
        FROM asked a
        LEFT JOIN posted t ON t.id = a.id
        LEFT JOIN (SELECT l.* FROM ledger_refusal l
                   WHERE l.tenant_id = p_tenant AND l.id = ANY (p_id)) r ON r.id = a.id
        LEFT JOIN account d ON d.id = a.debit
        LEFT JOIN account c ON c.id = a.credit
        LEFT JOIN named n ON n.id = a.pending_id
        LEFT JOIN named s ON s.id = a.id
        WINDOW same_id AS (PARTITION BY a.id)
    )
    SELECT k.ord, k.group_id, k.kind, k.amount_fen, k.final, k.pending_id, k.expires_at, k.debit,
        k.credit, k.debit_at, k.credit_at, k.named_at, k.self_at, k.stored, k.stored_code,
        k.stored_amount_fen, k.fault, k.first_ord, k.repeats_first,
        k.group_id IS NOT NULL AND bool_or(k.stored IS NOT NULL OR k.fault IS NOT NULL
            OR NOT k.repeats_first) OVER (PARTITION BY k.group_id)
    FROM known k ORDER BY k.ord;
END $$;

-- The transfers that a batch names by `pending_id`, each once, as they stand before the batch.
-- What is not in the books has no kind: it may still come in the batch itself.
CREATE FUNCTION ledger_named_v2(p_tenant text, p_pending_id uuid[])
RETURNS TABLE (
    id uuid, kind text, debit bigint, credit bigint, amount_fen bigint, left_fen bigint,
    is_open boolean, expires_at timestamptz
)
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off SET jit = off  -- as above
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT p.id, t.kind, t.debit_account_id, t.credit_account_id, t.amount_fen, h.remaining_fen,
        CASE t.kind WHEN 'hold' THEN h.closed_at IS NULL ELSE e.id IS NULL END, t.expires_at
    FROM (SELECT DISTINCT u.id FROM unnest(p_pending_id) AS u(id) WHERE u.id IS NOT NULL) p
    LEFT JOIN (SELECT l.* FROM ledger_transfer l
               WHERE l.tenant_id = p_tenant AND l.id = ANY (p_pending_id)) t ON t.id = p.id
    LEFT JOIN (SELECT l.* FROM ledger_hold l
               WHERE l.tenant_id = p_tenant AND l.id = ANY (p_pending_id)) h ON h.id = p.id
    LEFT JOIN (SELECT l.pending_id AS id FROM ledger_transfer l
               WHERE l.tenant_id = p_tenant AND l.pending_id = ANY (p_pending_id)
                   AND l.kind IN ('unfreeze', 'reverse')) e ON e.id = p.id
    ORDER BY p.id;
END $$;

-- Decides what becomes of each transfer of a batch, in the order given; changes nothing.
--
-- One row per transfer: `status` posted, exists, conflict or refused; `code` says why; `is_new` marks
-- a refusal that is to be recorded; the amounts are those of its effect. The caller holds the
-- tenant's ledger alone, so what is read here stays true until it is written. Transfers of a group
-- stand together in the batch.
CREATE FUNCTION ledger_decide_v2(
    p_tenant text, p_now timestamptz, p_id uuid[], p_group_id uuid[], p_kind text[],
    p_debit_code text[], p_credit_code text[], p_amount_fen bigint[], p_effective_at timestamptz[],
    p_pending_id uuid[], p_final boolean[], p_expires_at timestamptz[], p_reason_id uuid[],
    p_debit bigint[], p_credit bigint[], p_clauseless uuid[]
) RETURNS TABLE (
    ord integer, status text, code text, is_new boolean, asked_fen bigint, amount_fen bigint,
    held_delta_fen bigint
)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    v_size CONSTANT integer := cardinality(p_id);
    -- One place per transfer: what becomes of it, and what it did.
    v_status text[] := array_fill(NULL::text, ARRAY[v_size]);
    v_code text[] := array_fill(''::text, ARRAY[v_size]);
    v_new boolean[] := array_fill(false, ARRAY[v_size]);
    v_first integer[] := array_fill(0, ARRAY[v_size]);
    v_asked bigint[] := array_fill(0::bigint, ARRAY[v_size]);
    v_amount bigint[] := array_fill(0::bigint, ARRAY[v_size]);
    v_moved bigint[] := array_fill(0::bigint, ARRAY[v_size]);
    v_held_delta bigint[] := array_fill(0::bigint, ARRAY[v_size]);
    v_debit_at integer[] := array_fill(0, ARRAY[v_size]);
    v_credit_at integer[] := array_fill(0, ARRAY[v_size]);
    v_named_at integer[] := array_fill(0, ARRAY[v_size]);
    v_self_at integer[] := array_fill(0, ARRAY[v_size]);
    -- One place per account: its state so far.
    v_account bigint[];
    v_posted bigint[];
    v_held bigint[];
    v_frozen integer[];
    v_floor bigint[];
    v_ceiling bigint[];
    -- One place per transfer that is named by another: its state so far.
    v_named uuid[];
    v_named_kind text[];
    v_named_debit bigint[];
    v_named_credit bigint[];
    v_named_amount bigint[];
    v_named_left bigint[];
    v_named_open boolean[];
    v_named_expires timestamptz[];
    v_named_group uuid[];
    v_item record;
    v_effect ledger_effect_v2;
    v_fault text;
    v_group uuid;
    v_group_from integer;
    v_group_fault boolean;
    d integer;
    c integer;
    n integer;
BEGIN
    IF (SELECT count(DISTINCT r.g) <> count(*)
        FROM (SELECT u.g, u.g IS DISTINCT FROM lag(u.g) OVER (ORDER BY u.o) AS starts
              FROM unnest(p_group_id) WITH ORDINALITY AS u(g, o)) r
        WHERE r.starts AND r.g IS NOT NULL)
    THEN
        RAISE EXCEPTION 'the transfers of a group must stand together'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT array_agg(b.account_id ORDER BY b.account_id),
        array_agg(b.posted_fen ORDER BY b.account_id), array_agg(b.held_fen ORDER BY b.account_id),
        array_agg(b.frozen ORDER BY b.account_id), array_agg(b.floor_fen ORDER BY b.account_id),
        array_agg(b.ceiling_fen ORDER BY b.account_id)
    INTO v_account, v_posted, v_held, v_frozen, v_floor, v_ceiling
    FROM ledger_balance b
    WHERE b.tenant_id = p_tenant AND b.account_id = ANY (p_debit || p_credit);
    SELECT array_agg(r.id ORDER BY r.id), array_agg(r.kind ORDER BY r.id),
        array_agg(r.debit ORDER BY r.id), array_agg(r.credit ORDER BY r.id),
        array_agg(r.amount_fen ORDER BY r.id), array_agg(r.left_fen ORDER BY r.id),
        array_agg(r.is_open ORDER BY r.id), array_agg(r.expires_at ORDER BY r.id),
        array_agg(NULL::uuid)
    INTO v_named, v_named_kind, v_named_debit, v_named_credit, v_named_amount, v_named_left,
        v_named_open, v_named_expires, v_named_group
    FROM ledger_named_v2(p_tenant, p_pending_id) r;

    FOR v_item IN
        SELECT a.* FROM ledger_asked_v2(p_tenant, p_now, p_id, p_group_id, p_kind, p_debit_code,
            p_credit_code, p_amount_fen, p_effective_at, p_pending_id, p_final, p_expires_at,
            p_reason_id, p_debit, p_credit, p_clauseless, v_account, v_named) a
    LOOP
        -- An id that was used before, in the books or in this batch, is answered from there.
        v_first[v_item.ord] := v_item.first_ord;
        IF v_item.stored IS NOT NULL THEN
            v_status[v_item.ord] := v_item.stored;
            v_code[v_item.ord] := CASE v_item.stored WHEN 'exists' THEN ''
                WHEN 'conflict' THEN 'id_used_before' ELSE v_item.stored_code END;
            IF v_item.stored = 'exists' THEN
                v_amount[v_item.ord] := v_item.stored_amount_fen;
            END IF;
            CONTINUE;
        ELSIF v_item.first_ord < v_item.ord THEN
            v_status[v_item.ord] := CASE WHEN v_item.repeats_first THEN 'repeat'
                ELSE 'conflict' END;
            v_code[v_item.ord] := 'id_used_before';
            CONTINUE;
        END IF;
        IF v_item.group_id IS DISTINCT FROM v_group THEN
            v_group := v_item.group_id;
            v_group_from := v_item.ord;
            v_group_fault := v_item.group_spoiled;
        END IF;
        d := v_item.debit_at;
        c := v_item.credit_at;
        n := v_item.named_at;
        v_fault := v_item.fault;
        IF v_fault IS NULL AND v_group IS NOT NULL AND v_group_fault THEN
            v_fault := 'group_broken';
        ELSIF v_fault IS NULL THEN
            IF n IS NOT NULL THEN
                v_fault := ledger_named_fault_v2(p_now, v_item.kind, v_item.debit, v_item.credit,
                    v_item.amount_fen, v_item.group_id, v_named_kind[n], v_named_debit[n],
                    v_named_credit[n], v_named_amount[n], v_named_group[n], v_named_left[n],
                    v_named_open[n], v_named_expires[n]);
            END IF;
            IF v_fault IS NULL THEN
                v_effect := ledger_effect_of_v2(v_item.kind, v_item.amount_fen, v_item.final,
                    n IS NOT NULL AND v_item.kind IN ('void', 'expire', 'up_to', 'remainder'),
                    v_named_left[n], v_posted[d], v_held[d], v_floor[d], v_frozen[d],
                    v_posted[c], v_ceiling[c]);
                v_fault := v_effect.fault;
            END IF;
            -- A group that breaks here gives back what its earlier members did.
            IF v_fault IS NOT NULL AND v_group IS NOT NULL THEN
                v_group_fault := true;
                FOR k IN v_group_from .. v_item.ord - 1 LOOP
                    CONTINUE WHEN v_status[k] IS DISTINCT FROM 'posted';
                    v_status[k] := 'refused';
                    v_code[k] := 'group_broken';
                    v_new[k] := true;
                    d := v_debit_at[k];
                    c := v_credit_at[k];
                    n := v_named_at[k];
                    v_posted[d] := v_posted[d] + v_moved[k];
                    v_held[d] := v_held[d] - v_held_delta[k];
                    IF c IS NOT NULL THEN
                        v_posted[c] := v_posted[c] - v_moved[k];
                    END IF;
                    IF v_self_at[k] IS NOT NULL THEN
                        v_named_kind[v_self_at[k]] := NULL;
                    END IF;
                    IF p_kind[k] = 'freeze' THEN
                        v_frozen[d] := v_frozen[d] - 1;
                    ELSIF p_kind[k] = 'unfreeze' THEN
                        v_frozen[d] := v_frozen[d] + 1;
                        v_named_open[n] := true;
                    ELSIF p_kind[k] = 'reverse' THEN
                        v_named_open[n] := true;
                    ELSIF p_kind[k] IN ('capture', 'void', 'expire') THEN
                        v_named_left[n] := v_named_left[n] - v_held_delta[k];
                        v_named_open[n] := true;
                    ELSIF n IS NOT NULL THEN  -- up_to and remainder: what they took on
                        v_named_left[n] := v_asked[k];
                    END IF;
                END LOOP;
            END IF;
        END IF;
        IF v_fault IS NOT NULL THEN
            v_status[v_item.ord] := 'refused';
            v_code[v_item.ord] := v_fault;
            v_new[v_item.ord] := true;
            CONTINUE;
        END IF;

        -- It will be posted: what it does, and what that changes for those after it.
        v_status[v_item.ord] := 'posted';
        v_debit_at[v_item.ord] := d;
        v_credit_at[v_item.ord] := c;
        v_named_at[v_item.ord] := n;
        v_self_at[v_item.ord] := v_item.self_at;
        v_asked[v_item.ord] := v_effect.asked_fen;
        v_amount[v_item.ord] := v_effect.amount_fen;
        v_moved[v_item.ord] := v_effect.moved_fen;
        v_held_delta[v_item.ord] := v_effect.held_delta_fen;
        v_posted[d] := v_posted[d] - v_effect.moved_fen;
        v_held[d] := v_held[d] + v_effect.held_delta_fen;
        IF c IS NOT NULL THEN
            v_posted[c] := v_posted[c] + v_effect.moved_fen;
        END IF;
        IF v_item.kind = 'freeze' THEN
            v_frozen[d] := v_frozen[d] + 1;
        ELSIF v_item.kind = 'unfreeze' THEN
            v_frozen[d] := v_frozen[d] - 1;
            v_named_open[n] := false;
        ELSIF v_item.kind = 'reverse' THEN
            v_named_open[n] := false;
        ELSIF v_item.kind IN ('capture', 'void', 'expire') THEN
            v_named_left[n] := v_named_left[n] + v_effect.held_delta_fen;
            v_named_open[n] := v_named_left[n] > 0;
        ELSIF n IS NOT NULL THEN
            v_named_left[n] := NULL;
        END IF;
        n := v_item.self_at;
        IF n IS NOT NULL THEN
            v_named_kind[n] := v_item.kind;
            v_named_debit[n] := v_item.debit;
            v_named_credit[n] := v_item.credit;
            v_named_amount[n] := v_effect.amount_fen;
            v_named_left[n] := CASE v_item.kind WHEN 'hold' THEN v_effect.amount_fen
                ELSE v_effect.asked_fen - v_effect.amount_fen END;
            v_named_open[n] := true;
            v_named_expires[n] := v_item.expires_at;
            v_named_group[n] := v_item.group_id;
        END IF;
    END LOOP;

    -- A repeat within the batch shares the fate of the first, once that is certain.
    FOR k IN 1 .. v_size LOOP
        n := CASE v_status[k] WHEN 'repeat' THEN v_first[k] ELSE k END;
        ord := k;
        code := v_code[n];
        is_new := v_new[k];
        status := CASE WHEN n = k THEN v_status[k] WHEN v_status[n] = 'posted' THEN 'exists'
            ELSE 'refused' END;
        asked_fen := v_asked[n];
        amount_fen := CASE WHEN status IN ('posted', 'exists') THEN v_amount[n] ELSE 0 END;
        held_delta_fen := v_held_delta[n];
        RETURN NEXT;
    END LOOP;
END $$;
