"""The same facts through both back ends: the interpreter one by one, SQL for all at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from earnest.policy import Evaluation, Pack
from earnest.policy.facts import FactSpec

Answer = dict[str, Any]


def interpreted(evaluation: Evaluation) -> Answer:
    """Return what the interpreter said, in the form of a row of the query."""
    refusal = evaluation.refusal
    return {
        "governing_on": evaluation.governing_on,
        **{name: evaluation.result.get(name) for name in evaluation.spec.outcome},
        "unresolved": refusal.key if refusal else None,
    }


def by_query(pack: Pack, decision: str, facts: Sequence[Mapping[str, Any]]) -> list[Answer]:
    """Return what the query says of each subject, in the order given."""
    specs = pack.decisions[decision].facts
    rows = [
        {
            "subject": str(index),
            **{name: _column(spec, each.get(name)) for name, spec in specs.items()},
        }
        for index, each in enumerate(facts)
    ]
    with duckdb.connect() as connection:
        connection.execute(pack.facts_table(decision))
        shape = connection.table("facts").to_arrow_table().schema
        given = pa.Table.from_pylist(rows, schema=shape)
        connection.register("given", given)
        connection.execute("INSERT INTO facts FROM given")
        found = connection.execute(f"{pack.sql(decision)} ORDER BY CAST(subject AS INT)")
        names = [column[0] for column in found.description or ()]
        answers = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return [{name: value for name, value in each.items() if name != "subject"} for each in answers]


def both_agree(pack: Pack, decision: str, facts: Sequence[Mapping[str, Any]]) -> list[Evaluation]:
    """Assert that both back ends say the same, refusals included; return the evaluations."""
    evaluations = [pack.evaluate(decision, each) for each in facts]
    for evaluation, row in zip(evaluations, by_query(pack, decision, facts), strict=True):
        assert interpreted(evaluation) == row, evaluation.facts
    return evaluations


def _column(spec: FactSpec, value: Any) -> Any:
    collection = spec.collection
    if value is None or collection is None or collection.form in ("each", "list"):
        return value
    if collection.form == "records":
        return [
            None if each is None else {n: each.get(n) for n in collection.fields} for each in value
        ]
    return [{"at": at, **_fields(spec, element)} for at, element in value]


def _fields(spec: FactSpec, element: Any) -> dict[str, Any]:
    assert spec.collection is not None
    if spec.collection.single:
        return {"value": element}
    return {name: element[name] if element else None for name in spec.collection.fields}
