"""The facts of a decision in SQL: the columns of their table, and what can be wrong with them."""

from collections.abc import Mapping

from earnest.policy.fact_forms import FactSpec
from earnest.policy.kinds import NUMBER_MAX, Kind
from earnest.policy.nodes import Collection
from earnest.policy.sql_tables import TYPES, first, quoted, text_literal
from earnest.policy.sql_writer import ELEMENT, bounded, member


def column_type(fact: FactSpec) -> str:
    """Return the type of a fact's column."""
    collection = fact.collection
    if collection is None:
        return TYPES[fact.kind.name]
    if collection.form in ("each", "list"):
        return f"{TYPES[fact.kind.name]}[]"
    fields = [f"{quoted(name)} {TYPES[kind.name]}" for name, kind in collection.fields.items()]
    members = ", ".join(['"at" DATE', *fields] if collection.form == "series" else fields)
    return f"STRUCT({members})[]"


def checked(facts: Mapping[str, FactSpec], governed_by: str) -> tuple[list[str], str | None]:
    """Return the columns of facts, and what is wrong with them, in the interpreter's order.

    A number beyond what is computed with is given on as NULL, so that nothing overflows.
    """
    columns: list[str] = []
    reasons: list[str] = []
    later: list[str] = []
    for name, fact in facts.items():
        column = quoted(name)
        reasons.append(f"CASE WHEN {column} IS NULL THEN 'missing_fact:{name}' END")
        collection = fact.collection
        if collection is not None and collection.form in ("list", "records"):
            reasons.append(f"CASE WHEN {_holes(collection)} THEN 'missing_fact:{name}' END")
        beyond = beyond_test(fact.name, fact.collection or fact.kind)
        if beyond is not None:
            said = f"CASE WHEN {beyond} THEN 'out_of_range:{name}' END"
            if collection is not None and collection.form == "series":
                said = f"CASE WHEN {last_day(collection)} IS NULL THEN {said} END"
            reasons.append(said)
            # Copying rows is dear: a series and records are held back only where they are used.
            if collection is None or collection.form == "list":
                column = f"CASE WHEN {beyond} THEN NULL ELSE {column} END AS {column}"
        if fact.options:
            known = ", ".join(text_literal(each) for each in fact.options)
            wrong = f"{quoted(name)} NOT IN ({known})"
            reasons.append(f"CASE WHEN {wrong} THEN 'not_listed:{name}' END")
        if collection is not None and collection.dated:
            later.append(_out_of_time(collection, quoted(governed_by)))
            if collection.form == "series":
                columns.append(last_day(collection))
        columns.append(column)
    return columns, first(*reasons, *later)


def beyond_test(name: str, held: Collection | Kind) -> str | None:
    """Return the test that a number of a fact is larger than any amount; None if it has none."""
    if isinstance(held, Kind):
        return f"NOT ({bounded(quoted(name), NUMBER_MAX)})" if held.name == "int" else None
    values = _numbers(held)
    if not values:
        return None
    largest = least = values[0]
    if len(values) > 1:
        largest, least = f"greatest({', '.join(values)})", f"least({', '.join(values)})"
    if held.form == "series":
        largest, least = (f"CASE WHEN {_whole(held)} THEN {each} END" for each in (largest, least))
    largest, least = (
        f"list_{end}(list_transform({quoted(name)}, lambda {ELEMENT}: {each}))"
        for end, each in (("max", largest), ("min", least))
    )
    return f"({largest} > {NUMBER_MAX} OR {least} < {-NUMBER_MAX})"


def _numbers(collection: Collection) -> list[str]:
    """Return the values of an element that are numbers."""
    return [_said(collection, n) for n, kind in collection.fields.items() if kind.name == "int"]


def _whole(collection: Collection) -> str:
    return " AND ".join(f"{member(name)} IS NOT NULL" for name in collection.fields)


def _holes(collection: Collection) -> str:
    """Return the test that a value of an element is missing."""
    tests = [f"{_said(collection, name)} IS NULL" for name in collection.fields]
    return _any(collection, " OR ".join(tests))


def _any(collection: Collection, test: str) -> str:
    """Return the test that something holds of an element."""
    return f"len(list_filter({quoted(collection.name)}, lambda {ELEMENT}: {test})) > 0"


def _said(collection: Collection, name: str) -> str:
    return ELEMENT if collection.form == "list" else member(name)


def last_day(collection: Collection) -> str:
    """Return the column with a series' last day.

    It is NULL when something about the series is unusual: its days are not in order, one stands
    twice, or a number is too large. Then, and only then, each of these is looked for.
    """
    return quoted(f"__last_{collection.name}")


def last_days(facts: Mapping[str, FactSpec]) -> list[str]:
    """Return the columns of :func:`last_day`, found by going through each series once."""
    columns = []
    for fact in facts.values():
        collection = fact.collection
        if collection is None or collection.form != "series":
            continue
        day, numbers = member("at"), _numbers(collection)
        if numbers:
            wide = " OR ".join(f"{n} > {NUMBER_MAX} OR {n} < {-NUMBER_MAX}" for n in numbers)
            day = f"CASE WHEN {wide} THEN NULL ELSE {day} END"
        days = f"list_transform({quoted(fact.name)}, lambda {ELEMENT}: {day})"
        later = "lambda a, b: CASE WHEN b > a THEN b END"
        last = f"list_reduce({days}, {later}, DATE '-infinity')"
        columns.append(f"{last} AS {last_day(collection)}")
    return columns


def _days(collection: Collection) -> str:
    return f"list_transform({quoted(collection.name)}, lambda {ELEMENT}: {member(collection.at)})"


def _out_of_time(collection: Collection, governing: str) -> str:
    """Return the refusal of elements after the governing day, or of a day given twice."""
    name, days = collection.name, _days(collection)
    later = f"WHEN list_max({days}) > {governing} THEN 'later_element:{name}'"
    if collection.form != "series":
        return f"CASE {later} END"
    twice = f"WHEN len(list_distinct({days})) <> len({days}) THEN 'duplicate_element:{name}'"
    last = last_day(collection)
    return (
        f"CASE WHEN {last} > {governing} THEN 'later_element:{name}' "
        f"WHEN {last} IS NULL THEN CASE {later} {twice} END END"
    )
