-- What must hold of the books. Each query returns one row, a text, for each thing that does not;
-- one parameter, the tenant. Nothing here trusts a stored sum.

-- name: debits_equal_credits
-- A transfer that moves has two entries of its amount, on the accounts that it names; a hold and its
-- end have one, on the debit account; what neither moves nor holds has none.
SELECT 'transfer ' || coalesce(t.id, e.transfer_id) AS id
FROM (
    SELECT *, CASE
        WHEN amount_fen = 0 THEN '{}'
        WHEN kind IN ('hold', 'void', 'expire') THEN ARRAY[debit_account_id]
        ELSE ARRAY[debit_account_id, credit_account_id] END AS accounts, CASE
        WHEN amount_fen = 0 THEN '{}'
        WHEN kind IN ('hold', 'void', 'expire') THEN ARRAY[0::bigint]
        ELSE ARRAY[-amount_fen, amount_fen] END AS amounts
    FROM ledger_transfer WHERE tenant_id = %(tenant)s
) t
FULL JOIN (
    SELECT transfer_id, array_agg(account_id ORDER BY amount_fen) AS accounts,
        array_agg(amount_fen ORDER BY amount_fen) AS amounts
    FROM ledger_entry WHERE tenant_id = %(tenant)s GROUP BY transfer_id
) e ON e.transfer_id = t.id
WHERE t.id IS NULL OR (coalesce(e.accounts, '{}'), coalesce(e.amounts, '{}'))
    IS DISTINCT FROM (t.accounts, t.amounts)

-- name: holds_equal_entries
-- A hold sets its amount aside, a capture releases what it moves (a final one all that remains),
-- void and expire release what remains, and nothing else touches what is held.
SELECT 'transfer ' || t.id AS id
FROM (
    SELECT e.transfer_id, sum(e.held_delta_fen) FILTER (WHERE e.account_id = t.debit_account_id)
            AS held_delta_fen,
        bool_or(e.held_delta_fen <> 0 AND e.account_id <> t.debit_account_id) AS elsewhere
    FROM ledger_entry e
    JOIN ledger_transfer t ON t.tenant_id = e.tenant_id AND t.id = e.transfer_id
    WHERE e.tenant_id = %(tenant)s GROUP BY e.transfer_id
) e
JOIN ledger_transfer t ON t.tenant_id = %(tenant)s AND t.id = e.transfer_id
WHERE e.elsewhere OR NOT coalesce(CASE
    WHEN t.kind = 'hold' THEN e.held_delta_fen = t.amount_fen
    WHEN t.final THEN e.held_delta_fen <= -t.amount_fen
    WHEN t.kind IN ('capture', 'void', 'expire') THEN e.held_delta_fen = -t.amount_fen
    ELSE e.held_delta_fen = 0 END, false)

-- name: holds_followed
-- A hold remains what its captures and its end left of it, on its own account; nothing came after
-- its end or beyond its amount; a transfer that ends a hold names one.
SELECT 'hold ' || coalesce(o.id, h.id, e.pending_id) AS id
FROM (SELECT * FROM ledger_transfer WHERE tenant_id = %(tenant)s AND kind = 'hold') o
FULL JOIN (SELECT * FROM ledger_hold WHERE tenant_id = %(tenant)s) h ON h.id = o.id
FULL JOIN (
    SELECT t.pending_id, -sum(n.held_delta_fen) AS ended_fen,
        array_agg(DISTINCT t.debit_account_id) AS accounts,
        -- The end is the last of them: void, expire, or a final capture.
        (array_agg(t.kind IN ('void', 'expire') OR t.final ORDER BY n.seq DESC))[2:] AS ends_before,
        bool_or(t.kind = 'expire' AND b.stated_at < w.expires_at IS NOT FALSE) AS too_early,
        bool_or(t.kind = 'capture' AND b.stated_at >= w.expires_at) AS too_late
    FROM ledger_transfer t
    JOIN ledger_entry n ON n.tenant_id = t.tenant_id AND n.transfer_id = t.id
        AND n.account_id = t.debit_account_id
    LEFT JOIN ledger_batch b ON b.tenant_id = t.tenant_id AND b.id = t.batch_id
    LEFT JOIN ledger_transfer w ON w.tenant_id = t.tenant_id AND w.id = t.pending_id
    WHERE t.tenant_id = %(tenant)s AND t.kind IN ('capture', 'void', 'expire')
    GROUP BY t.pending_id
) e ON e.pending_id = o.id
WHERE o.id IS NULL OR h.id IS NULL OR true = ANY (e.ends_before) OR e.too_early OR e.too_late
    OR (h.account_id, h.credit_account_id, h.amount_fen, h.expires_at)
        IS DISTINCT FROM (o.debit_account_id, o.credit_account_id, o.amount_fen, o.expires_at)
    OR h.remaining_fen <> o.amount_fen - coalesce(e.ended_fen, 0)
    OR h.remaining_fen < 0 OR (h.remaining_fen = 0) <> (h.closed_at IS NOT NULL)
    OR e.accounts <> ARRAY[o.debit_account_id]

-- name: held_equals_holds
-- What an account holds is what remains of its holds.
SELECT 'account ' || coalesce(a.code, h.account_id::text, b.account_id::text) AS id
FROM (SELECT * FROM ledger_balance WHERE tenant_id = %(tenant)s) b
FULL JOIN (
    SELECT account_id, sum(remaining_fen) AS held_fen FROM ledger_hold
    WHERE tenant_id = %(tenant)s GROUP BY account_id
) h ON h.account_id = b.account_id
LEFT JOIN ledger_account a ON a.tenant_id = %(tenant)s
    AND a.id = coalesce(b.account_id, h.account_id)
WHERE b.held_fen IS DISTINCT FROM coalesce(h.held_fen, 0)

-- name: freezes_kept
-- Nothing left an account between a freeze and its end; as many freezes lie on an account as were
-- not lifted; a freeze is lifted once, on its own account.
WITH spell AS (
    SELECT f.id, f.debit_account_id AS account_id, f.recorded_at AS from_at, f.batch_id, f.ord,
        u.recorded_at AS to_at, u.batch_id AS to_batch_id, u.ord AS to_ord,
        u.debit_account_id AS lifted_account_id
    FROM ledger_transfer f
    LEFT JOIN ledger_transfer u ON u.tenant_id = f.tenant_id AND u.pending_id = f.id
        AND u.kind = 'unfreeze'
    WHERE f.tenant_id = %(tenant)s AND f.kind = 'freeze'
)
SELECT 'transfer ' || t.id AS id
FROM spell f
JOIN ledger_transfer t ON t.tenant_id = %(tenant)s AND t.debit_account_id = f.account_id
WHERE t.kind IN ('post', 'hold', 'capture', 'up_to', 'remainder', 'reverse')
    AND (t.recorded_at, t.batch_id, t.ord) > (f.from_at, f.batch_id, f.ord)
    AND (f.to_at IS NULL
        OR (t.recorded_at, t.batch_id, t.ord) < (f.to_at, f.to_batch_id, f.to_ord))
UNION ALL
SELECT 'account ' || coalesce(a.code, f.account_id::text, b.account_id::text)
FROM (SELECT * FROM ledger_balance WHERE tenant_id = %(tenant)s) b
FULL JOIN (
    SELECT account_id, count(*) AS frozen FROM spell WHERE to_at IS NULL GROUP BY account_id
) f ON f.account_id = b.account_id
LEFT JOIN ledger_account a ON a.tenant_id = %(tenant)s
    AND a.id = coalesce(b.account_id, f.account_id)
WHERE b.frozen IS DISTINCT FROM coalesce(f.frozen, 0)
UNION ALL
SELECT 'transfer ' || u.id
FROM ledger_transfer u LEFT JOIN spell f ON f.id = u.pending_id
WHERE u.tenant_id = %(tenant)s AND u.kind = 'unfreeze'
    AND (f.id IS NULL OR f.account_id <> u.debit_account_id
        OR (SELECT count(*) FROM spell s WHERE s.id = u.pending_id) > 1)

-- name: reversals_mirrored
-- A reversal moves the amount of one movement back between its accounts, and only one does.
SELECT 'transfer ' || r.id AS id
FROM (
    SELECT *, count(*) OVER (PARTITION BY pending_id) AS times FROM ledger_transfer
    WHERE tenant_id = %(tenant)s AND kind = 'reverse'
) r
LEFT JOIN ledger_transfer o ON o.tenant_id = r.tenant_id AND o.id = r.pending_id
    AND o.kind IN ('post', 'capture', 'up_to', 'remainder')
WHERE r.times > 1 OR (o.debit_account_id, o.credit_account_id, o.amount_fen)
    IS DISTINCT FROM (r.credit_account_id, r.debit_account_id, r.amount_fen)

-- name: rests_taken_on
-- What takes on the rest of an up_to stands behind it in its group, asks for exactly what was left,
-- and is the only one; a remainder moves all that it asks for.
SELECT 'transfer ' || r.id AS id
FROM (
    SELECT *, count(*) OVER (PARTITION BY pending_id) AS times FROM ledger_transfer
    WHERE tenant_id = %(tenant)s AND kind IN ('up_to', 'remainder') AND pending_id IS NOT NULL
) r
LEFT JOIN ledger_transfer o ON o.tenant_id = r.tenant_id AND o.id = r.pending_id
    AND o.kind = 'up_to'
WHERE r.times > 1 OR (r.asked_fen, r.group_id, r.batch_id)
        IS DISTINCT FROM (o.asked_fen - o.amount_fen, o.group_id, o.batch_id)
    OR r.group_id IS NULL OR r.ord <= o.ord OR r.amount_fen > r.asked_fen
    OR (r.kind = 'remainder' AND r.amount_fen <> r.asked_fen)

-- name: periods_closed
-- Nothing that was recorded after a month was closed counts from before its end.
SELECT 'transfer ' || t.id AS id
FROM ledger_transfer t
WHERE t.tenant_id = %(tenant)s AND EXISTS (
    SELECT FROM ledger_closing c
    JOIN ledger_batch b ON b.tenant_id = c.tenant_id AND b.id = c.batch_id
    WHERE c.tenant_id = t.tenant_id AND t.effective_at < c.ends_at
        AND t.recorded_at > b.recorded_at)

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
FROM ledger_digests_v2(%(tenant)s) WHERE stored IS DISTINCT FROM computed

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
