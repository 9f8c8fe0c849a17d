-- What must hold of the books. Each query returns one row, a text, for each thing that does not;
-- one parameter, the tenant. Nothing here trusts a stored sum.

-- name: debits_equal_credits
-- A transfer has two entries, of the same amount, on the accounts that it names, and no others.
SELECT 'transfer ' || coalesce(t.id, e.transfer_id) AS id
FROM (SELECT * FROM ledger_transfer WHERE tenant_id = %(tenant)s) t
FULL JOIN (
    SELECT transfer_id, count(*) AS legs, sum(amount_fen) AS total_fen,
        array_agg(account_id ORDER BY amount_fen) AS accounts,
        array_agg(amount_fen ORDER BY amount_fen) AS amounts
    FROM ledger_entry WHERE tenant_id = %(tenant)s GROUP BY transfer_id
) e ON e.transfer_id = t.id
WHERE (e.legs, e.total_fen, e.accounts, e.amounts) IS DISTINCT FROM (2, 0,
    ARRAY[t.debit_account_id, t.credit_account_id], ARRAY[-t.amount_fen, t.amount_fen])

-- name: money_conserved
-- All balances together are nothing: no fen appeared, none vanished.
SELECT 'sum ' || sum(posted_fen) || ' fen' AS id
FROM ledger_balance WHERE tenant_id = %(tenant)s HAVING sum(posted_fen) <> 0

-- name: balances_equal_entries
-- A balance is the sum of its account's entries.
SELECT 'account ' || coalesce(a.code, e.account_id::text, b.account_id::text) AS id
FROM (SELECT * FROM ledger_balance WHERE tenant_id = %(tenant)s) b
FULL JOIN (
    SELECT account_id, sum(amount_fen) AS posted_fen, sum(held_delta_fen) AS held_fen,
        count(*) AS entries
    FROM ledger_entry WHERE tenant_id = %(tenant)s GROUP BY account_id
) e ON e.account_id = b.account_id
LEFT JOIN ledger_account a ON a.tenant_id = %(tenant)s
    AND a.id = coalesce(b.account_id, e.account_id)
WHERE (b.posted_fen, b.held_fen, b.seq) IS DISTINCT FROM
    (coalesce(e.posted_fen, 0), coalesce(e.held_fen, 0), coalesce(e.entries, 0))

-- name: entries_unbroken
-- Each entry carries on from the one before: number, balance, held, and never back in time.
SELECT 'entry ' || e.seq || ' of account ' || coalesce(a.code, e.account_id::text) AS id
FROM (
    SELECT *, lag(seq, 1, 0::bigint) OVER history AS seq_before,
        lag(balance_after_fen, 1, 0::bigint) OVER history AS balance_before_fen,
        lag(held_after_fen, 1, 0::bigint) OVER history AS held_before_fen,
        lag(recorded_at) OVER history AS recorded_before_at
    FROM ledger_entry WHERE tenant_id = %(tenant)s
    WINDOW history AS (PARTITION BY account_id ORDER BY seq)
) e
LEFT JOIN ledger_account a ON a.tenant_id = %(tenant)s AND a.id = e.account_id
WHERE (e.seq, e.balance_after_fen, e.held_after_fen) IS DISTINCT FROM (e.seq_before + 1,
        e.balance_before_fen + e.amount_fen, e.held_before_fen + e.held_delta_fen)
    OR e.recorded_at < e.recorded_before_at

-- name: floors_kept
-- No limit was broken, now or after any entry, and the limits are those the account opened with.
SELECT 'account ' || coalesce(a.code, b.account_id::text) AS id
FROM (SELECT * FROM ledger_account WHERE tenant_id = %(tenant)s) a
FULL JOIN (SELECT * FROM ledger_balance WHERE tenant_id = %(tenant)s) b ON b.account_id = a.id
LEFT JOIN (
    SELECT account_id, min(balance_after_fen - held_after_fen) AS lowest_fen,
        max(balance_after_fen) AS highest_fen
    FROM ledger_entry WHERE tenant_id = %(tenant)s GROUP BY account_id
) e ON e.account_id = a.id
WHERE a.id IS NULL OR b.account_id IS NULL
    OR (a.floor_fen, a.ceiling_fen) IS DISTINCT FROM (b.floor_fen, b.ceiling_fen)
    OR least(b.posted_fen - b.held_fen, e.lowest_fen) < a.floor_fen
    OR greatest(b.posted_fen, e.highest_fen) > a.ceiling_fen

-- name: reasons_named
-- Every transfer has a reason with a clause, and the reason is still the one it was posted with.
SELECT 'transfer ' || t.id AS id
FROM ledger_transfer t
LEFT JOIN ledger_reason r ON r.tenant_id = t.tenant_id AND r.id = t.reason_id
WHERE t.tenant_id = %(tenant)s AND (r.clause !~ '\S' OR r.id IS DISTINCT FROM
    ledger_reason_id_v1(r.clause, r.rulebook, r.decision_id, r.evidence, r.actor, r.note)
    OR r.id IS NULL)

-- name: refusals_kept
-- What was refused was never posted.
SELECT 'transfer ' || t.id AS id
FROM ledger_refusal r JOIN ledger_transfer t ON t.tenant_id = r.tenant_id AND t.id = r.id
WHERE r.tenant_id = %(tenant)s

-- name: digests_match
-- The rows of each batch still give the digest that was taken when they were written.
SELECT 'batch ' || batch_id AS id
FROM ledger_digests_v1(%(tenant)s) WHERE stored IS DISTINCT FROM computed

-- name: chain_intact
-- Each seal follows from the one before and from its batch, and none is missing between.
SELECT 'batch ' || s.batch_id AS id
FROM (
    SELECT *, row_number() OVER chain AS place,
        lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER chain AS hash_before
    FROM ledger_seal WHERE tenant_id = %(tenant)s WINDOW chain AS (ORDER BY number)
) s
LEFT JOIN ledger_batch b ON b.tenant_id = %(tenant)s AND b.id = s.batch_id
WHERE (s.number, s.previous, s.hash) IS DISTINCT FROM
    (s.place, s.hash_before, ledger_seal_hash_v1(s.hash_before, s.place, b.id, b.digest, s.sealed_at))
