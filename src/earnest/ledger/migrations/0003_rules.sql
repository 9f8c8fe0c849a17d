-- The rules of the kinds, one transfer at a time: what may be asked, what it may name, what it does.
-- These functions read no table; who calls them holds the state.

-- Whether the fields that are given are those of the kind.
CREATE FUNCTION ledger_fields_fit_v2(
    p_kind text, p_credit_code text, p_amount_fen bigint, p_pending_id uuid, p_final boolean,
    p_expires_at timestamptz
) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN (p_credit_code = '') = (p_kind IN ('void', 'expire', 'freeze', 'unfreeze'))
    AND (p_kind = 'up_to' OR (p_pending_id IS NOT NULL)
        = (p_kind IN ('capture', 'void', 'expire', 'remainder', 'unfreeze', 'reverse')))
    AND (NOT p_final OR p_kind = 'capture')
    AND (p_expires_at IS NULL OR p_kind = 'hold')
    AND (p_amount_fen = 0 OR p_kind IN ('post', 'hold', 'capture', 'reverse')
        OR (p_kind = 'up_to' AND p_pending_id IS NULL));

-- What is wrong with the transfer that is named by `pending_id`; null when nothing is.
-- `p_named_left_fen`: of a hold what remains; of an up_to what it left, null once that is taken on.
CREATE FUNCTION ledger_named_fault_v2(
    p_now timestamptz, p_kind text, p_debit bigint, p_credit bigint, p_amount_fen bigint,
    p_group_id uuid, p_named_kind text, p_named_debit bigint, p_named_credit bigint,
    p_named_amount_fen bigint, p_named_group_id uuid, p_named_left_fen bigint,
    p_named_open boolean, p_named_expires_at timestamptz
) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
    WHEN p_kind IN ('capture', 'void', 'expire') THEN CASE
        WHEN p_named_kind IS DISTINCT FROM 'hold' OR p_named_debit <> p_debit THEN 'unknown_hold'
        WHEN NOT p_named_open THEN 'hold_closed'
        WHEN p_kind = 'capture' AND p_named_expires_at <= p_now THEN 'hold_expired'
        WHEN p_kind = 'capture' AND p_amount_fen > p_named_left_fen THEN 'hold_exceeded'
        WHEN p_kind = 'expire' AND (p_named_expires_at <= p_now) IS NOT TRUE
            THEN 'hold_not_expired' END
    WHEN p_kind = 'unfreeze' THEN CASE
        WHEN p_named_kind IS DISTINCT FROM 'freeze' OR p_named_debit <> p_debit
            THEN 'unknown_freeze'
        WHEN NOT p_named_open THEN 'freeze_lifted' END
    WHEN p_kind = 'reverse' THEN CASE
        WHEN p_named_kind IS NULL THEN 'unknown_original'
        WHEN p_named_kind NOT IN ('post', 'capture', 'up_to', 'remainder') THEN 'not_reversible'
        WHEN (p_debit, p_credit, p_amount_fen)
            IS DISTINCT FROM (p_named_credit, p_named_debit, p_named_amount_fen)
            THEN 'reversal_differs'
        WHEN NOT p_named_open THEN 'already_reversed' END
    ELSE CASE  -- up_to and remainder
        WHEN p_named_kind IS DISTINCT FROM 'up_to' OR p_named_group_id IS DISTINCT FROM p_group_id
            OR p_group_id IS NULL THEN 'unknown_up_to'
        WHEN p_named_left_fen IS NULL THEN 'remainder_taken' END
    END;

-- What a transfer does: `moved_fen` from the debit to the credit account, `held_delta_fen` on the
-- debit account; `amount_fen` is what is recorded as moved, held or released.
CREATE TYPE ledger_effect_v2 AS (
    fault text, asked_fen bigint, amount_fen bigint, moved_fen bigint, held_delta_fen bigint
);

-- Computes the effect, and the limit that it would break.
CREATE FUNCTION ledger_effect_of_v2(
    p_kind text, p_asked_fen bigint, p_final boolean, p_follows boolean, p_named_left_fen bigint,
    p_posted_fen bigint, p_held_fen bigint, p_floor_fen bigint, p_frozen integer,
    p_credit_posted_fen bigint, p_ceiling_fen bigint
) RETURNS ledger_effect_v2
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    c_max CONSTANT numeric := 9223372036854775807;
    c_min CONSTANT numeric := -9223372036854775808;
    -- Numeric, since sums of amounts may leave eight bytes before they are refused.
    v_free numeric := p_posted_fen::numeric - p_held_fen;
    v_effect ledger_effect_v2;
BEGIN
    IF p_frozen > 0 AND p_kind IN ('post', 'hold', 'capture', 'up_to', 'remainder', 'reverse') THEN
        v_effect.fault := 'account_frozen';
        RETURN v_effect;
    END IF;
    v_effect.asked_fen := CASE WHEN p_follows THEN p_named_left_fen ELSE p_asked_fen END;
    v_effect.amount_fen := v_effect.asked_fen;
    IF p_kind = 'up_to' THEN  -- least() passes over what is null: no limit
        v_effect.amount_fen := greatest(0, least(v_effect.asked_fen, v_free - p_floor_fen,
            p_ceiling_fen::numeric - p_credit_posted_fen));
    END IF;
    v_effect.moved_fen := CASE
        WHEN p_kind IN ('hold', 'void', 'expire', 'freeze', 'unfreeze') THEN 0
        ELSE v_effect.amount_fen END;
    v_effect.held_delta_fen := CASE
        WHEN p_kind = 'hold' THEN v_effect.amount_fen
        WHEN p_kind = 'capture' AND NOT p_final THEN -v_effect.amount_fen
        WHEN p_kind IN ('capture', 'void', 'expire') THEN -p_named_left_fen
        ELSE 0 END;
    v_free := v_free - v_effect.moved_fen - v_effect.held_delta_fen;
    v_effect.fault := CASE
        WHEN p_posted_fen::numeric - v_effect.moved_fen < c_min OR v_free < c_min
            OR p_held_fen::numeric + v_effect.held_delta_fen > c_max
            OR p_credit_posted_fen::numeric + v_effect.moved_fen > c_max THEN 'balance_too_large'
        WHEN v_free < p_floor_fen THEN 'floor_broken'
        WHEN p_credit_posted_fen::numeric + v_effect.moved_fen > p_ceiling_fen
            THEN 'ceiling_broken' END;
    RETURN v_effect;
END $$;
