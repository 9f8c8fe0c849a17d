"""Decisions compiled to one DuckDB query that judges a whole population of facts.

The query says what the interpreter says, row by row: the same values, and where the interpreter
refuses, the same refusal in the column ``unresolved``. Every expression becomes a pair, its value
and its refusal; the refusal follows the same left-to-right, only-as-far-as-needed order.
"""

from earnest.policy.decision import DecisionSpec
from earnest.policy.kinds import NUMBER_MAX
from earnest.policy.refusal import SUSPENDED
from earnest.policy.sql_expressions import FORMS
from earnest.policy.sql_facts import checked, column_type, last_days
from earnest.policy.sql_tables import first, literal, quoted, suspended_when
from earnest.policy.sql_writer import GOVERNING, Pair, Writer, bounded, when
from earnest.policy.steps import StepSpec, StepSuspension


def facts_table(spec: DecisionSpec, table: str) -> str:
    """Return the statement that makes an empty table of facts for a decision."""
    columns = ['"subject" VARCHAR']
    columns += [f"{quoted(name)} {column_type(fact)}" for name, fact in spec.facts.items()]
    return f"CREATE TABLE {quoted(table)} ({', '.join(columns)})"


def write_sql(spec: DecisionSpec, table: str) -> str:
    """Return the query over a table of facts; see :meth:`earnest.policy.Pack.sql`."""
    writer = Writer(FORMS, spec.since)
    writer.layers.append(_facts_layer(spec, table))
    reasons: list[str | None] = ['"__why"']
    for step in spec.steps:
        pair = _step(writer, step)
        columns = [(step.name, pair.value)]
        if pair.refusal is not None:
            reason = f"__why_{step.name}"
            columns.append((reason, pair.refusal))
            reasons.append(quoted(reason))
        writer.add(columns)
        if step.gate:
            reasons.append(f"CASE WHEN NOT {quoted(step.name)} THEN '{step.gate}:{step.name}' END")
    writer.add([("unresolved", first(*reasons) or "NULL")])
    outcome = [
        f'CASE WHEN "unresolved" IS NULL THEN {quoted(step)} END AS {quoted(name)}'
        for name, step in spec.outcome.items()
    ]
    selected = ['"subject"', f'{GOVERNING} AS "governing_on"', *outcome, '"unresolved"']
    layers = ",\n".join(writer.layers)
    return f"WITH {layers}\nSELECT {', '.join(selected)}\nFROM {writer.last}"


def _facts_layer(spec: DecisionSpec, table: str) -> str:
    """Return the layer of checked facts, with the governing day and what is wrong with them."""
    columns, wrong = checked(spec.facts, spec.governed_by)
    governing = quoted(spec.governed_by)
    early = f"CASE WHEN {governing} < DATE '{spec.since}' THEN 'no_rule:{spec.name}' END"
    why = f'{first(wrong, early)} AS "__why"'
    said = ",\n  ".join(['"subject"', f"{governing} AS {GOVERNING}", *columns, why])
    order = ", ".join(["*", *last_days(spec.facts)])
    # Names are checked identifiers of the pack, and values are literals: nothing comes in.
    source = f"SELECT {order} FROM {quoted(table)}"  # noqa: S608
    return f"layer1 AS (SELECT {said}\n FROM ({source}))"  # noqa: S608 - as above


def _step(writer: Writer, step: StepSpec) -> Pair:
    """Write a step: its expression, held to its range, and what a suspension makes of it."""
    with writer.governed(step.governed_by):
        pair = writer.pair(step.node)
        if step.wide:
            pair = _in_range(writer, step.name, pair)
        if step.suspension is not None:
            pair = _unless_suspended(writer, step.suspension, pair)
    return pair


def _in_range(writer: Writer, name: str, pair: Pair) -> Pair:
    value = writer.once(pair.value)
    inside = bounded(value, NUMBER_MAX)
    wrong = f"CASE WHEN NOT ({inside}) THEN 'out_of_range:{name}' END"
    return Pair(f"CASE WHEN {inside} THEN CAST({value} AS BIGINT) END", first(pair.refusal, wrong))


def _unless_suspended(writer: Writer, suspension: StepSuspension, pair: Pair) -> Pair:
    own = suspended_when(writer.on, suspension.own)
    refusal = f"CASE {own} ELSE {pair.refusal or 'NULL'} END" if own else pair.refusal
    if suspension.value is None or refusal is None:
        return Pair(pair.value, refusal)
    refusal = writer.once(refusal, "refused")
    held = f"coalesce(starts_with({refusal}, '{SUSPENDED}:'), FALSE)"
    value = f"CASE WHEN {held} THEN {literal(suspension.value)} ELSE {pair.value} END"
    return Pair(value, when(f"NOT {held}", refusal))
