-- What must always hold, looked at every few minutes. Each query returns one row, a text, for each
-- thing that breaks it. Parameters: the tenant; the last daily look and its market day, for what a
-- daily look puts right: only what is older than that look can break it.

-- name: money_conserved
-- All balances together are nothing.
SELECT 'sum ' || sum(posted_fen) || ' fen' AS id
FROM ledger_balance WHERE tenant_id = %(tenant)s HAVING sum(posted_fen) <> 0

-- name: floors_kept
-- No balance is beyond the limits that its account opened with.
SELECT 'account ' || a.code AS id
FROM ledger_account a
LEFT JOIN ledger_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
WHERE a.tenant_id = %(tenant)s AND (b.account_id IS NULL
    OR b.posted_fen - b.held_fen < a.floor_fen OR b.posted_fen > a.ceiling_fen)

-- name: holds_covered
-- What is held is what remains of the open holds, and no more than is there where there is a floor.
SELECT 'account ' || coalesce(a.code, coalesce(b.account_id, h.account_id)::text) AS id
FROM (SELECT * FROM ledger_balance WHERE tenant_id = %(tenant)s) b
FULL JOIN (
    SELECT account_id, sum(remaining_fen) AS held_fen FROM ledger_hold
    WHERE tenant_id = %(tenant)s AND closed_at IS NULL GROUP BY account_id
) h ON h.account_id = b.account_id
LEFT JOIN ledger_account a ON a.tenant_id = %(tenant)s
    AND a.id = coalesce(b.account_id, h.account_id)
WHERE b.held_fen IS DISTINCT FROM coalesce(h.held_fen, 0) OR b.held_fen < 0
    OR (b.floor_fen >= 0 AND b.held_fen > b.posted_fen)

-- name: transfers_reasoned
-- Every transfer has a reason with a clause.
SELECT 'transfer ' || t.id AS id
FROM ledger_transfer t
LEFT JOIN ledger_reason r ON r.tenant_id = t.tenant_id AND r.id = t.reason_id
WHERE t.tenant_id = %(tenant)s AND (r.id IS NULL OR r.clause !~ '\S')

-- name: deductions_decided
-- What a subject loses to a penalty, a compensation or an advance was decided, and is in effect.
SELECT 'transfer ' || t.id AS id
FROM ledger_transfer t
JOIN ledger_account d ON d.tenant_id = t.tenant_id AND d.id = t.debit_account_id
    AND d.kind IN ('deposit', 'settlement', 'claim')
JOIN ledger_account c ON c.tenant_id = t.tenant_id AND c.id = t.credit_account_id
    AND c.kind IN ('penalty_income', 'compensation_payable', 'advance')
LEFT JOIN ledger_reason r ON r.tenant_id = t.tenant_id AND r.id = t.reason_id
LEFT JOIN decisions_decision e ON e.tenant_id = t.tenant_id AND e.id = r.decision_id
    AND e.state NOT IN ('waiting', 'refused')
WHERE t.tenant_id = %(tenant)s AND t.kind IN ('post', 'capture', 'up_to', 'remainder')
    AND t.amount_fen > 0 AND e.id IS NULL

-- name: payouts_settled_once
-- A part that was paid has its own capture of the payout's hold, of its amount, which is reversed
-- exactly when the money came back; a capture of such a hold is one paid part's. The last that was
-- heard of a part does not contradict what is settled, and is not left unbooked.
SELECT 'payout part ' || p.business_no AS id
FROM payouts_payoutpart p
JOIN payouts_payout o ON o.id = p.payout_id
LEFT JOIN ledger_transfer t ON t.tenant_id = p.tenant_id AND t.id = p.transfer_id
LEFT JOIN ledger_transfer r ON r.tenant_id = t.tenant_id AND r.pending_id = t.id
    AND r.kind = 'reverse'
LEFT JOIN LATERAL (
    SELECT a.outcome FROM payouts_payoutattempt a
    WHERE a.tenant_id = p.tenant_id AND a.part_id = p.id ORDER BY a.n DESC LIMIT 1
) heard ON true
WHERE p.tenant_id = %(tenant)s AND (CASE WHEN p.state IN ('succeeded', 'returned')
        THEN (t.kind, t.pending_id, t.amount_fen, r.id IS NOT NULL)
            IS DISTINCT FROM ('capture', o.hold_id, p.amount_fen, p.state = 'returned')
        ELSE p.transfer_id IS NOT NULL END
    OR heard.outcome = 'not_booked'
    OR (heard.outcome = 'contradicts' AND p.state IN ('succeeded', 'failed', 'returned')))
UNION ALL
SELECT 'transfer ' || t.id
FROM payouts_payout o
JOIN ledger_transfer t ON t.tenant_id = o.tenant_id AND t.pending_id = o.hold_id
    AND t.kind = 'capture'
LEFT JOIN payouts_payoutpart p ON p.tenant_id = o.tenant_id AND p.payout_id = o.id
    AND p.transfer_id = t.id AND p.state IN ('succeeded', 'returned')
WHERE o.tenant_id = %(tenant)s GROUP BY t.id HAVING count(p.id) <> 1

-- name: restrictions_decided
-- Nothing is restricted without a decision that is in effect.
SELECT 'restriction ' || r.id AS id
FROM restrictions_restriction r
LEFT JOIN decisions_decision e ON e.tenant_id = r.tenant_id AND e.id = r.decision_id
    AND e.state NOT IN ('waiting', 'refused')
WHERE r.tenant_id = %(tenant)s AND r.released_at IS NULL AND e.id IS NULL

-- name: shortages_recorded
-- A shortage is open for exactly those whose free deposit is below what they must hold.
WITH required AS (
    SELECT DISTINCT ON (subject_kind, subject_id) subject_kind, subject_id, required_fen,
        decision_id
    FROM deposits_requirement WHERE tenant_id = %(tenant)s AND from_on <= %(looked_on)s
    ORDER BY subject_kind, subject_id, from_on DESC, id DESC
), standing AS (
    SELECT r.subject_kind, r.subject_id, r.decision_id, a.id AS account_id,
        r.required_fen > coalesce(b.posted_fen - b.held_fen, 0) AS short
    FROM required r
    LEFT JOIN ledger_account a ON a.tenant_id = %(tenant)s
        AND a.code = 'deposit:' || r.subject_kind || ':' || r.subject_id
    -- Who is still on its way in has a deposit to pay, and is not short before it is open.
    LEFT JOIN market_reservedprovider v ON v.tenant_id = %(tenant)s
        AND r.subject_kind = 'provider' AND v.provider_id = r.subject_id
    LEFT JOIN market_provider p ON p.tenant_id = %(tenant)s
        AND r.subject_kind = 'provider' AND p.provider_id = r.subject_id
    LEFT JOIN ledger_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
    WHERE v.provider_id IS NULL OR p.provider_id IS NOT NULL
), told AS (
    SELECT subject_kind, subject_id FROM deposits_shortage
    WHERE tenant_id = %(tenant)s AND closed_at IS NULL
)
SELECT coalesce(s.subject_kind, o.subject_kind) || ' ' || coalesce(s.subject_id, o.subject_id) AS id
FROM standing s
FULL JOIN told o ON o.subject_kind = s.subject_kind AND o.subject_id = s.subject_id
WHERE coalesce(s.short, false) <> (o.subject_id IS NOT NULL)
    AND NOT EXISTS (
        SELECT FROM ledger_entry e
        JOIN ledger_transfer t ON t.tenant_id = e.tenant_id AND t.id = e.transfer_id
        JOIN ledger_batch b ON b.tenant_id = t.tenant_id AND b.id = t.batch_id
        WHERE e.tenant_id = %(tenant)s AND e.account_id = s.account_id
            AND b.stated_at > %(looked_at)s)
    AND NOT EXISTS (
        SELECT FROM decisions_decision d
        WHERE d.tenant_id = %(tenant)s AND d.id = s.decision_id
            AND coalesce(d.settled_at, d.made_at) > %(looked_at)s)
