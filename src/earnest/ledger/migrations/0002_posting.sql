-- Decides what becomes of each transfer of a batch, in the order given; changes nothing.
--
-- One row per transfer: `status` posted, exists, conflict or refused; `code` says why; `is_new` marks
-- a refusal that is to be recorded. The caller holds the tenant's ledger alone, so what is read
-- here stays true until it is written. Transfers of a group stand together in the batch.
CREATE FUNCTION ledger_decide_v1(
    p_tenant text, p_now timestamptz, p_id uuid[], p_group_id uuid[], p_kind text[],
    p_debit_code text[], p_credit_code text[], p_amount_fen bigint[], p_effective_at timestamptz[],
    p_reason_id uuid[], p_debit bigint[], p_credit bigint[], p_clauseless uuid[]
) RETURNS TABLE (ord integer, status text, code text, is_new boolean)
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
SET enable_nestloop = off SET jit = off  -- arrays as tables: a nested loop would be quadratic
AS $$
DECLARE
    c_max CONSTANT bigint := 9223372036854775807;
    c_min CONSTANT bigint := -9223372036854775808;
    v_size integer := cardinality(p_id);
    v_status text[] := array_fill(NULL::text, ARRAY[cardinality(p_id)]);
    v_code text[] := array_fill(NULL::text, ARRAY[cardinality(p_id)]);
    v_new boolean[] := array_fill(true, ARRAY[cardinality(p_id)]);
    v_first integer[] := array_fill(0, ARRAY[cardinality(p_id)]);
    v_debit_at integer[] := array_fill(0, ARRAY[cardinality(p_id)]);
    v_credit_at integer[] := array_fill(0, ARRAY[cardinality(p_id)]);
    -- The accounts' state, one place per account.
    v_account bigint[];
    v_posted bigint[];
    v_held bigint[];
    v_floor bigint[];
    v_ceiling bigint[];
    v_item record;
    v_fault text;
    v_group uuid;
    v_group_from integer;
    v_group_fault boolean;
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
        array_agg(b.floor_fen ORDER BY b.account_id),
        array_agg(b.ceiling_fen ORDER BY b.account_id)
    INTO v_account, v_posted, v_held, v_floor, v_ceiling
    FROM ledger_balance b
    WHERE b.tenant_id = p_tenant AND b.account_id = ANY (p_debit || p_credit);

    FOR v_item IN
        WITH place AS (
            SELECT u.account_id, u.at::integer AS at
            FROM unnest(v_account) WITH ORDINALITY AS u(account_id, at)
        ), asked AS (
            SELECT u.*, u.o::integer AS ord, jsonb_build_array(u.kind, u.debit_code, u.credit_code,
                u.amount_fen, u.effective_at, u.reason_id, u.group_id)::text AS content
            FROM unnest(p_id, p_group_id, p_kind, p_debit_code, p_credit_code, p_amount_fen,
                    p_effective_at, p_reason_id, p_debit, p_credit)
                WITH ORDINALITY AS u(id, group_id, kind, debit_code, credit_code, amount_fen,
                    effective_at, reason_id, debit, credit, o)
        ), known AS (
            SELECT a.ord, a.id, a.group_id, a.amount_fen, a.content,
                d.at AS debit_at, c.at AS credit_at,
                CASE
                    WHEN t.id IS NOT NULL AND (t.kind, t.debit_account_id, t.credit_account_id,
                            t.amount_fen, t.effective_at, t.reason_id, t.group_id)
                        IS NOT DISTINCT FROM (a.kind, a.debit, a.credit, a.amount_fen,
                            a.effective_at, a.reason_id, a.group_id) THEN 'exists'
                    WHEN r.id IS NOT NULL AND (r.kind, r.debit_code, r.credit_code, r.amount_fen,
                            r.effective_at, r.reason_id, r.group_id)
                        IS NOT DISTINCT FROM (a.kind, a.debit_code, a.credit_code, a.amount_fen,
                            a.effective_at, a.reason_id, a.group_id) THEN 'refused'
                    WHEN t.id IS NOT NULL OR r.id IS NOT NULL THEN 'conflict'
                END AS stored,
                r.code AS stored_code,
                CASE
                    WHEN a.kind <> 'post' THEN 'unknown_kind'
                    WHEN a.reason_id = ANY (p_clauseless) THEN 'clause_missing'
                    WHEN a.amount_fen <= 0 THEN 'amount_not_positive'
                    WHEN a.debit_code = a.credit_code THEN 'accounts_same'
                    WHEN a.debit IS NULL OR a.credit IS NULL THEN 'unknown_account'
                    WHEN a.effective_at > p_now THEN 'effective_in_future'
                END AS fault,
                min(a.ord) OVER same_id AS first_ord,
                first_value(a.content) OVER (same_id ORDER BY a.ord) = a.content AS repeats_first
            FROM asked a
            LEFT JOIN (SELECT l.* FROM ledger_transfer l
                       WHERE l.tenant_id = p_tenant AND l.id = ANY (p_id)) t ON t.id = a.id
            LEFT JOIN (SELECT l.* FROM ledger_refusal l
                       WHERE l.tenant_id = p_tenant AND l.id = ANY (p_id)) r ON r.id = a.id
            LEFT JOIN place d ON d.account_id = a.debit
            LEFT JOIN place c ON c.account_id = a.credit
            WINDOW same_id AS (PARTITION BY a.id)
        )
        SELECT k.*, k.group_id IS NOT NULL AND bool_or(k.stored IS NOT NULL OR k.fault IS NOT NULL
            OR NOT k.repeats_first) OVER (PARTITION BY k.group_id) AS group_spoiled
        FROM known k ORDER BY k.ord
    LOOP
        v_first[v_item.ord] := v_item.first_ord;
        v_debit_at[v_item.ord] := v_item.debit_at;
        v_credit_at[v_item.ord] := v_item.credit_at;
        IF v_item.stored IS NOT NULL THEN
            v_new[v_item.ord] := false;
            v_status[v_item.ord] := v_item.stored;
            v_code[v_item.ord] := CASE v_item.stored WHEN 'exists' THEN ''
                WHEN 'conflict' THEN 'id_used_before' ELSE v_item.stored_code END;
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
        v_fault := v_item.fault;
        IF v_fault IS NULL AND v_group IS NOT NULL AND v_group_fault THEN
            v_fault := 'group_broken';
        ELSIF v_fault IS NULL THEN
            v_fault := CASE
                WHEN v_posted[v_item.debit_at] < c_min + v_item.amount_fen
                    OR v_posted[v_item.credit_at] > c_max - v_item.amount_fen
                    THEN 'balance_too_large'
                WHEN v_posted[v_item.debit_at] - v_held[v_item.debit_at] - v_item.amount_fen
                    < v_floor[v_item.debit_at] THEN 'floor_broken'
                WHEN v_posted[v_item.credit_at] + v_item.amount_fen
                    > v_ceiling[v_item.credit_at] THEN 'ceiling_broken'
            END;
            IF v_fault IS NOT NULL AND v_group IS NOT NULL THEN
                v_group_fault := true;
                FOR k IN v_group_from .. v_item.ord - 1 LOOP
                    CONTINUE WHEN v_status[k] IS DISTINCT FROM 'posted';
                    v_posted[v_debit_at[k]] := v_posted[v_debit_at[k]] + p_amount_fen[k];
                    v_posted[v_credit_at[k]] := v_posted[v_credit_at[k]] - p_amount_fen[k];
                    v_status[k] := 'refused';
                    v_code[k] := 'group_broken';
                END LOOP;
            END IF;
        END IF;
        IF v_fault IS NULL THEN
            v_posted[v_item.debit_at] := v_posted[v_item.debit_at] - v_item.amount_fen;
            v_posted[v_item.credit_at] := v_posted[v_item.credit_at] + v_item.amount_fen;
        END IF;
        v_status[v_item.ord] := CASE WHEN v_fault IS NULL THEN 'posted' ELSE 'refused' END;
        v_code[v_item.ord] := coalesce(v_fault, '');
    END LOOP;

    -- A repeat within the batch shares the fate of the first, once that is certain.
    FOR k IN 1 .. v_size LOOP
        ord := k;
        status := v_status[k];
        code := v_code[k];
        is_new := v_status[k] = 'refused' AND v_new[k];
        IF v_status[k] = 'repeat' THEN
            status := CASE v_status[v_first[k]] WHEN 'posted' THEN 'exists' ELSE 'refused' END;
            code := v_code[v_first[k]];
            is_new := false;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;

-- Posts a batch of transfers and returns a row for each that was not posted.
--
-- First the whole batch is written at once, in the hope that nothing is wrong with it. If something
-- is, that is undone, each transfer is decided by itself, and what may be posted is written. A posting
-- shares the tenant's ledger with others (balances are locked row by row); deciding takes it
-- alone, for an id refused here must not be posted there at the same time.
CREATE FUNCTION ledger_post_v1(
    p_tenant text, p_now timestamptz, p_id uuid[], p_group_id uuid[], p_kind text[],
    p_debit_code text[], p_credit_code text[], p_amount_fen bigint[], p_effective_at timestamptz[],
    p_reason integer[], p_clause text[], p_rulebook text[], p_decision_id uuid[],
    p_evidence text[], p_actor text[], p_note text[]
) RETURNS TABLE (ord integer, status text, code text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan  -- planning anew costs a small batch more than running
AS $$
DECLARE
    v_lock bigint := hashtextextended('earnest.ledger.post.' || p_tenant, 0);
    v_debit bigint[];
    v_credit bigint[];
    v_reason uuid[];
    v_reason_id uuid[];
    v_clauseless uuid[];
    v_all_ord integer[];
    v_all_status text[];
    v_all_code text[];
    v_posted integer[];
    v_refused integer[];
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

    BEGIN
        PERFORM pg_advisory_xact_lock_shared(v_lock);
        IF EXISTS (SELECT FROM ledger_refusal r WHERE r.tenant_id = p_tenant AND r.id = ANY (p_id))
            OR EXISTS (SELECT FROM unnest(p_effective_at) AS u(at) WHERE u.at > p_now)
        THEN
            RAISE EXCEPTION 'to be decided one by one' USING ERRCODE = 'EL001';
        END IF;
        PERFORM ledger_reasons_add_v1(p_tenant, NULL, p_clause, p_rulebook, p_decision_id,
            p_evidence, p_actor, p_note);
        PERFORM ledger_write_v1(p_tenant, p_now, p_id, p_group_id, p_kind, v_debit, v_credit,
            p_amount_fen, p_effective_at, v_reason_id);
        RETURN;
    EXCEPTION
        WHEN SQLSTATE 'EL001' OR unique_violation OR check_violation OR not_null_violation
            OR numeric_value_out_of_range
        THEN NULL;  -- everything since BEGIN is undone, its locks are free again
    END;

    PERFORM pg_advisory_xact_lock(v_lock);
    SELECT array_agg(d.ord ORDER BY d.ord), array_agg(d.status ORDER BY d.ord),
        array_agg(d.code ORDER BY d.ord),
        array_agg(d.ord ORDER BY d.ord) FILTER (WHERE d.status = 'posted'),
        array_agg(d.ord ORDER BY d.ord) FILTER (WHERE d.is_new)
    INTO v_all_ord, v_all_status, v_all_code, v_posted, v_refused
    FROM ledger_decide_v1(p_tenant, p_now, p_id, p_group_id, p_kind, p_debit_code, p_credit_code,
        p_amount_fen, p_effective_at, v_reason_id, v_debit, v_credit, v_clauseless) d;
    PERFORM ledger_reasons_add_v1(p_tenant, array_agg(v_reason_id[u.o]), p_clause, p_rulebook,
        p_decision_id, p_evidence, p_actor, p_note)
    FROM unnest(v_posted || v_refused) AS u(o)
    WHERE v_reason_id[u.o] <> ALL (coalesce(v_clauseless, '{}'))
    HAVING count(*) > 0;
    PERFORM ledger_write_v1(p_tenant, p_now, array_agg(p_id[u.o] ORDER BY u.o),
        array_agg(p_group_id[u.o] ORDER BY u.o), array_agg(p_kind[u.o] ORDER BY u.o),
        array_agg(v_debit[u.o] ORDER BY u.o), array_agg(v_credit[u.o] ORDER BY u.o),
        array_agg(p_amount_fen[u.o] ORDER BY u.o), array_agg(p_effective_at[u.o] ORDER BY u.o),
        array_agg(v_reason_id[u.o] ORDER BY u.o))
    FROM unnest(v_posted) AS u(o) HAVING count(*) > 0;
    PERFORM ledger_refuse_v1(p_tenant, p_now, array_agg(p_id[u.o] ORDER BY u.o),
        array_agg(v_all_code[u.o] ORDER BY u.o), array_agg(p_group_id[u.o] ORDER BY u.o),
        array_agg(p_kind[u.o] ORDER BY u.o), array_agg(p_debit_code[u.o] ORDER BY u.o),
        array_agg(p_credit_code[u.o] ORDER BY u.o), array_agg(p_amount_fen[u.o] ORDER BY u.o),
        array_agg(v_reason_id[u.o] ORDER BY u.o), array_agg(p_effective_at[u.o] ORDER BY u.o))
    FROM unnest(v_refused) AS u(o) HAVING count(*) > 0;
    RETURN QUERY SELECT u.o, u.s, u.c FROM unnest(v_all_ord, v_all_status, v_all_code) AS u(o, s, c)
        WHERE u.s <> 'posted' ORDER BY u.o;
END $$;
