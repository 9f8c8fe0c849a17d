-- Pins the plans of posting. Without statistics (a new server, a new tenant) the planner takes a
-- tenant's accounts for a handful and reads all of them and their balances for every call, and a
-- session keeps such a plan. So accounts are reached by their code and balances by their key, one
-- by one: the time of a posting depends on its size, and not on the number of accounts. The
-- settings hold for all functions that posting calls; `0004_writing.sql` does the rest.

ALTER FUNCTION ledger_post_v2(text, timestamptz, uuid[], uuid[], text[], text[], text[], bigint[],
    timestamptz[], integer[], text[], text[], uuid[], text[], text[], text[], uuid[], boolean[],
    timestamptz[])
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_material = off
    SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off;

-- But these join arrays, which have no index: they keep the joins that are forbidden above.
ALTER FUNCTION ledger_asked_v2(text, timestamptz, uuid[], uuid[], text[], text[], text[], bigint[],
    timestamptz[], uuid[], boolean[], timestamptz[], uuid[], bigint[], bigint[], uuid[], bigint[],
    uuid[])
    SET enable_hashjoin = on SET enable_mergejoin = on;
ALTER FUNCTION ledger_named_v2(text, uuid[]) SET enable_hashjoin = on SET enable_mergejoin = on;
