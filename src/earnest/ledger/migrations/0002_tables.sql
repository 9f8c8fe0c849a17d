-- Limits, keys and guards of the ledger's tables.

CREATE SEQUENCE ledger_account_id AS bigint;
CREATE SEQUENCE ledger_batch_id AS bigint;

ALTER TABLE ledger_account
    ADD CONSTRAINT ledger_account_code_unique UNIQUE (tenant_id, code),
    ADD CONSTRAINT ledger_account_code_given CHECK (code ~ '\S' AND kind ~ '\S'),
    ADD CONSTRAINT ledger_account_opens_at_zero
        CHECK (coalesce(floor_fen, 0) <= 0 AND coalesce(ceiling_fen, 0) >= 0);

-- The second line of defence: whatever a function computes, a broken limit cannot be stored.
ALTER TABLE ledger_balance
    ADD CONSTRAINT ledger_balance_floor
        CHECK (floor_fen IS NULL OR posted_fen - held_fen >= floor_fen),
    ADD CONSTRAINT ledger_balance_ceiling CHECK (ceiling_fen IS NULL OR posted_fen <= ceiling_fen),
    ADD CONSTRAINT ledger_balance_held CHECK (held_fen >= 0),
    ADD CONSTRAINT ledger_balance_seq CHECK (seq >= 0);
-- Room in each page for the new version of a row, since every posting rewrites it.
ALTER TABLE ledger_balance SET (fillfactor = 50);

ALTER TABLE ledger_reason
    ADD CONSTRAINT ledger_reason_clause_given CHECK (clause ~ '\S');
CREATE INDEX ledger_reason_decision ON ledger_reason (tenant_id, decision_id)
    WHERE decision_id IS NOT NULL;

ALTER TABLE ledger_transfer
    ADD CONSTRAINT ledger_transfer_kind CHECK (kind IN ('post')),
    ADD CONSTRAINT ledger_transfer_amount_positive CHECK (amount_fen > 0),
    ADD CONSTRAINT ledger_transfer_accounts_differ CHECK (debit_account_id <> credit_account_id);
CREATE INDEX ledger_transfer_group ON ledger_transfer (tenant_id, group_id)
    WHERE group_id IS NOT NULL;

ALTER TABLE ledger_entry
    ADD CONSTRAINT ledger_entry_moves CHECK (amount_fen <> 0 OR held_delta_fen <> 0),
    ADD CONSTRAINT ledger_entry_held CHECK (held_after_fen >= 0),
    ADD CONSTRAINT ledger_entry_seq CHECK (seq > 0);

ALTER TABLE ledger_refusal
    ADD CONSTRAINT ledger_refusal_code_given CHECK (code ~ '\S');

ALTER TABLE ledger_batch
    ADD CONSTRAINT ledger_batch_kind CHECK (kind IN ('accounts', 'transfers', 'refusals')),
    ADD CONSTRAINT ledger_batch_size CHECK (size > 0),
    ADD CONSTRAINT ledger_batch_digest CHECK (octet_length(digest) = 32);

ALTER TABLE ledger_seal
    ADD CONSTRAINT ledger_seal_batch_once UNIQUE (tenant_id, batch_id),
    ADD CONSTRAINT ledger_seal_number CHECK (number > 0),
    ADD CONSTRAINT ledger_seal_hashes
        CHECK (octet_length(previous) = 32 AND octet_length(hash) = 32);

CREATE FUNCTION ledger_append_only_v1() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the ledger is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege',
              HINT = 'Write a transfer the other way instead.';
END $$;

-- ALWAYS: an ordinary trigger sleeps while session_replication_role is replica.
DO $$
DECLARE
    v_table text;
BEGIN
    FOREACH v_table IN ARRAY ARRAY['ledger_account', 'ledger_reason', 'ledger_transfer',
        'ledger_entry', 'ledger_refusal', 'ledger_batch', 'ledger_seal']
    LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only_v1()', v_table);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER append_only', v_table);
    END LOOP;
END $$;
