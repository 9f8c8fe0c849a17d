"""The same two rules for zen-engine (JDM graphs) and common-expression-language.

Both get days as whole numbers like 20260115, as neither knows a day that can be compared in a
table or formula. What each cannot say is in :data:`GAPS`, and is left out on its side.
"""

import itertools
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import cel
import zen

from policy_plain import (
    AMENDED,
    NEW_RUNGS,
    NEW_STANDARDS,
    NEW_TIERS,
    OLD_RUNGS,
    OLD_STANDARDS,
    OLD_TIERS,
    Facts,
    Result,
)

Judge = Callable[[Facts], Result]

ZEN, CEL = "zen-engine", "common-expression-language"
GAPS = {
    ZEN: (
        "says both rules: tables, formulas, and a trace of its nodes. A value has no day from "
        "which it holds, so the edition is one more column of every table; neither table nor trace "
        "knows a clause or an act; there is no query over a population, only a batch."
    ),
    CEL: (
        "says both rules as formulas, with `max` lent by Python and the ladder cut into four; "
        "tables become chains of `?:`. There are no tables, no days from which a value holds, no "
        "trace, and no query over a population."
    ),
}


def number_of(day: date) -> int:
    """Return a day as both engines get it: 20260115."""
    return day.year * 10_000 + day.month * 100 + day.day


SINCE = number_of(AMENDED)
DAYS = (f">= {SINCE}", f"< {SINCE}")


def shop_form(facts: Facts) -> dict[str, Any]:
    """Return a shop's facts as both engines get them."""
    return {**facts, "adjusted_on": number_of(facts["adjusted_on"])}


def provider_form(facts: Facts) -> dict[str, Any]:
    """Return a provider's facts as both engines get them."""
    months = [{"at": number_of(at), "score": score} for at, score in facts["months"]]
    return {"assessed_on": number_of(facts["assessed_on"]), "months": months}


def _table(name: str, inputs: list[str], rules: list[tuple[list[str], dict[str, str]]]) -> Any:
    """Return a decision-table node; the outputs are named by the first rule."""
    outputs = list(rules[0][1])
    return {
        "id": name,
        "name": name,
        "type": "decisionTableNode",
        "content": {
            "hitPolicy": "first",
            "inputs": [{"id": f"in-{each}", "name": each, "field": each} for each in inputs],
            "outputs": [{"id": f"out-{each}", "name": each, "field": each} for each in outputs],
            "rules": [
                {
                    "_id": f"{name}-{index}",
                    **{f"in-{each}": cell for each, cell in zip(inputs, cells, strict=True)},
                    **{f"out-{each}": value for each, value in values.items()},
                }
                for index, (cells, values) in enumerate(rules)
            ],
            "executionMode": "single",
            "passThrough": True,
        },
    }


def _formulas(name: str, formulas: dict[str, str], *, keep: bool = True) -> Any:
    """Return an expression node; with ``keep`` what came in goes on as well."""
    said = [{"id": f"{name}-{key}", "key": key, "value": each} for key, each in formulas.items()]
    content = {"expressions": said, "passThrough": keep, "executionMode": "single"}
    return {"id": name, "name": name, "type": "expressionNode", "content": content}


def _engine(nodes: list[Any]) -> zen.ZenEngine:
    """Return an engine that knows one graph, ``rule``: the nodes one after the other."""
    chain = [
        {"id": "in", "name": "in", "type": "inputNode"},
        *nodes,
        {"id": "out", "name": "out", "type": "outputNode"},
    ]
    edges = [
        {"id": f"edge-{index}", "type": "edge", "sourceId": a["id"], "targetId": b["id"]}
        for index, (a, b) in enumerate(itertools.pairwise(chain))
    ]
    content = {"rule": {"nodes": chain, "edges": edges}}
    return zen.ZenEngine({"loader": {"type": "static", "content": content}})


def zen_deposit() -> zen.ZenEngine:
    """Return the engine with the deposit rule."""
    editions = zip(DAYS, (NEW_STANDARDS, OLD_STANDARDS), strict=True)
    standards = [
        (
            [day, json.dumps(name)],
            {"amount": str(amount), "special": "true" if special else "false"},
        )
        for day, rows in editions
        for name, (amount, special) in rows.items()
    ]
    tiers = [
        ([day, f">= {least}"], {"tier": str(amount)})
        for day, rows in zip(DAYS, (NEW_TIERS, OLD_TIERS), strict=True)
        for least, amount in (*rows, (-(10**15), 0))
    ]
    table = _table("standards", ["day", "category"], standards)
    table["content"].update(executionMode="loop", inputField="goods", outputPath="goods")
    highest = "len(filter(goods, {0})) > 0 ? max(map(filter(goods, {0}), #.amount)) : 0"
    nodes = [
        _formulas("each", {"goods": "map(categories, {category: #, day: adjusted_on})"}),
        table,
        _table("tiers", ["adjusted_on", "sales_fen"], tiers),
        _formulas(
            "sums",
            {
                "floor": f"adjusted_on >= {SINCE} ? 1200000 : 1000000",
                "general": highest.format("not #.special"),
                "special": highest.format("#.special"),
            },
        ),
        _formulas(
            "answer",
            {
                "required_fen": "max([floor, general, tier]) + special + raises_fen",
                "shortfall_fen": "max([0, $.required_fen - held_fen])",
            },
            keep=False,
        ),
    ]
    return _engine(nodes)


def zen_ladder() -> zen.ZenEngine:
    """Return the engine with the ladder."""
    rungs = [
        ([day, f">= {streak}"], {"rung": json.dumps(rung), "fine_fen": str(fine)})
        for day, rows in zip(DAYS, (NEW_RUNGS, OLD_RUNGS), strict=True)
        for streak, (rung, fine) in reversed(list(enumerate(rows)))
    ]
    good = f"#.score != null and #.score >= (#.at >= {SINCE} ? 75 : 70)"
    nodes = [
        _formulas("good", {"good": f"map(filter(months, {good}), #.at)"}),
        _formulas("last", {"last": "len(good) > 0 ? max(good) : 0"}),
        _formulas("count", {"streak": "count(months, #.score != null and #.at > last)"}),
        _table("rungs", ["assessed_on", "streak"], rungs),
        _formulas(
            "answer",
            {"rung": "rung", "streak": "streak", "fine_fen": "fine_fen"},
            keep=False,
        ),
    ]
    return _engine(nodes)


def zen_judge(engine: zen.ZenEngine, *, trace: bool = False) -> Judge:
    """Return a function that judges one subject's facts in their form."""
    options: Any = {"trace": True} if trace else {}
    return lambda facts: engine.evaluate("rule", facts, options)["result"]


def _chain(cases: list[tuple[str, int]], otherwise: str) -> str:
    return "(" + "".join(f"{test} ? {value} : " for test, value in cases) + otherwise + ")"


def cel_deposit() -> Judge:
    """Return the deposit rule as one formula; ``max`` is Python's."""

    def amounts(standards: dict[str, tuple[int, bool]], *, special: bool) -> str:
        named = {name: amount for name, (amount, is_it) in standards.items() if is_it == special}
        cases = [(f"c == '{name}'", amount) for name, amount in named.items()]
        # CEL has no error of one's own: an index out of range stands for an unknown category.
        return f"categories.filter(c, c in {list(named)}).map(c, {_chain(cases, '[][0]')})"

    def rule(
        standards: dict[str, tuple[int, bool]], tiers: tuple[tuple[int, int], ...], floor: int
    ) -> str:
        tier = _chain([(f"sales_fen >= {least}", amount) for least, amount in tiers], "0")
        known = f"categories.all(c, c in {list(standards)})"
        general, special = (amounts(standards, special=each) for each in (False, True))
        required = f"max([{floor}, {tier}] + {general}) + max([0] + {special}) + raises_fen"
        return f"({known} ? {required} : [][0])"

    new, old = rule(NEW_STANDARDS, NEW_TIERS, 1_200_000), rule(OLD_STANDARDS, OLD_TIERS, 1_000_000)
    required = cel.compile(f"adjusted_on >= {SINCE} ? {new} : {old}")
    shortfall = cel.compile("required_fen > held_fen ? required_fen - held_fen : 0")

    def judge(facts: Facts) -> Result:
        context = cel.Context(facts, {"max": max})
        found = required.execute(context)
        context.add_variable("required_fen", found)
        return {"required_fen": found, "shortfall_fen": shortfall.execute(context)}

    return judge


def cel_ladder() -> Judge:
    """Return the ladder as four formulas, as CEL can neither fold nor keep a value between."""
    good = f"m.score != null && m.score >= (m.at >= {SINCE} ? 75 : 70)"
    last = cel.compile(f"max([0] + months.filter(m, {good}).map(m, m.at))")
    count = cel.compile("months.filter(m, m.score != null && m.at > last).size()")

    def chosen(column: int, write: Callable[[object], str]) -> str:
        def chain(rungs: tuple[tuple[str, int], ...]) -> str:
            *lower, top = [write(rung[column]) for rung in rungs]
            said = "".join(f"streak == {index} ? {value} : " for index, value in enumerate(lower))
            return f"({said}{top})"

        return f"assessed_on >= {SINCE} ? {chain(NEW_RUNGS)} : {chain(OLD_RUNGS)}"

    rung, fine = cel.compile(chosen(0, repr)), cel.compile(chosen(1, str))

    def judge(facts: Facts) -> Result:
        context = cel.Context(facts, {"max": max})
        context.add_variable("last", last.execute(context))
        streak = count.execute(context)
        context.add_variable("streak", streak)
        return {
            "rung": rung.execute(context),
            "streak": streak,
            "fine_fen": fine.execute(context),
        }

    return judge
