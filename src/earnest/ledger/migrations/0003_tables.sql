-- Limits, keys and guards of what migration 0003 adds.

-- What a kind may carry: the second line of defence behind the posting function.
ALTER TABLE ledger_transfer
    DROP CONSTRAINT ledger_transfer_kind,
    DROP CONSTRAINT ledger_transfer_amount_positive,
    ADD CONSTRAINT ledger_transfer_kind CHECK (kind IN ('post', 'hold', 'capture', 'void',
        'expire', 'up_to', 'remainder', 'freeze', 'unfreeze', 'reverse')),
    ADD CONSTRAINT ledger_transfer_amount CHECK (CASE
        WHEN kind IN ('up_to', 'remainder') THEN amount_fen >= 0
        WHEN kind IN ('freeze', 'unfreeze') THEN amount_fen = 0
        ELSE amount_fen > 0 END),
    -- Only what takes as much as is there can move less than was asked for.
    ADD CONSTRAINT ledger_transfer_asked CHECK (CASE kind
        WHEN 'post' THEN asked_fen IS NULL
        WHEN 'up_to' THEN asked_fen IS NOT NULL AND asked_fen >= amount_fen
        ELSE asked_fen IS NOT NULL AND asked_fen = amount_fen END),
    ADD CONSTRAINT ledger_transfer_pending CHECK (kind = 'up_to' OR (pending_id IS NOT NULL)
        = (kind IN ('capture', 'void', 'expire', 'remainder', 'unfreeze', 'reverse'))),
    ADD CONSTRAINT ledger_transfer_credit CHECK ((credit_account_id IS NULL)
        = (kind IN ('void', 'expire', 'freeze', 'unfreeze'))),
    ADD CONSTRAINT ledger_transfer_final CHECK (NOT final OR kind = 'capture'),
    ADD CONSTRAINT ledger_transfer_expires CHECK (expires_at IS NULL OR kind = 'hold');
CREATE INDEX ledger_transfer_named ON ledger_transfer (tenant_id, pending_id)
    WHERE pending_id IS NOT NULL;
CREATE INDEX ledger_transfer_freeze ON ledger_transfer (tenant_id, debit_account_id)
    WHERE kind = 'freeze';
-- What can be done once only is done once only: the index says so, whoever decides.
CREATE UNIQUE INDEX ledger_transfer_ended_once ON ledger_transfer (tenant_id, pending_id)
    WHERE kind IN ('void', 'expire', 'unfreeze', 'reverse');
CREATE UNIQUE INDEX ledger_transfer_continued_once ON ledger_transfer (tenant_id, pending_id)
    WHERE kind IN ('up_to', 'remainder') AND pending_id IS NOT NULL;

ALTER TABLE ledger_balance ADD CONSTRAINT ledger_balance_frozen CHECK (frozen >= 0);

ALTER TABLE ledger_hold
    ADD CONSTRAINT ledger_hold_amount CHECK (amount_fen > 0),
    ADD CONSTRAINT ledger_hold_remaining CHECK (remaining_fen BETWEEN 0 AND amount_fen),
    ADD CONSTRAINT ledger_hold_closed CHECK ((closed_at IS NULL) = (remaining_fen > 0));
CREATE INDEX ledger_hold_open ON ledger_hold (tenant_id, account_id) WHERE closed_at IS NULL;
CREATE INDEX ledger_hold_due ON ledger_hold (tenant_id, expires_at)
    WHERE closed_at IS NULL AND expires_at IS NOT NULL;

-- Balances by the date that movements count from. Without the tenant, since an account is of one tenant
-- only: every posting pays for this index, and a key of two numbers is cheap.
CREATE INDEX ledger_entry_effective ON ledger_entry (account_id, effective_at);

ALTER TABLE ledger_batch
    DROP CONSTRAINT ledger_batch_kind,
    ADD CONSTRAINT ledger_batch_kind
        CHECK (kind IN ('accounts', 'transfers', 'refusals', 'closings'));

ALTER TABLE ledger_closing
    ADD CONSTRAINT ledger_closing_month CHECK (extract(day FROM month) = 1),
    ADD CONSTRAINT ledger_closing_over CHECK (ends_at <= closed_at),
    ADD CONSTRAINT ledger_closing_named CHECK (closed_by ~ '\S');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_closing
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only_v1();
ALTER TABLE ledger_closing ENABLE ALWAYS TRIGGER append_only;
