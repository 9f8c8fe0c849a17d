"""The two rules written by hand: as plain Python functions and as DuckDB SQL.

This is what the engine is held against, so it is written as somebody would write it who knows the
numbers of :file:`policy_pack.yaml` and nothing else: no facts are checked, nothing is refused.
"""

from datetime import date
from typing import Any

Facts = dict[str, Any]
Result = dict[str, Any]
Reasons = list[dict[str, Any]]

AMENDED = date(2026, 1, 15)
OLD_STANDARDS = {
    "apparel": (1_000_000, False), "food": (2_000_000, False), "beauty": (2_000_000, False),
    "home": (500_000, False), "digital": (3_000_000, False), "baby": (1_500_000, False),
    "sports": (800_000, False), "books": (200_000, False), "fresh": (2_500_000, False),
    "jewelry": (5_000_000, True), "wine": (3_000_000, True), "supplements": (4_000_000, True),
}  # fmt: skip
NEW_STANDARDS = {
    "apparel": (1_200_000, False), "food": (2_000_000, False), "beauty": (2_500_000, False),
    "home": (500_000, False), "digital": (3_500_000, False), "baby": (1_500_000, False),
    "sports": (1_000_000, False), "books": (200_000, False), "fresh": (3_000_000, True),
    "jewelry": (6_000_000, True), "wine": (3_000_000, True), "supplements": (5_000_000, True),
}  # fmt: skip
OLD_TIERS = ((100_000_000, 5_000_000), (50_000_000, 3_000_000), (10_000_000, 500_000),
             (5_000_000, 300_000))  # fmt: skip
NEW_TIERS = ((100_000_000, 6_000_000), (30_000_000, 3_000_000), (10_000_000, 600_000),
             (3_000_000, 300_000))  # fmt: skip
OLD_RUNGS = (("none", 0), ("hide", 250_000), ("delist", 500_000), ("remove", 1_000_000))
NEW_RUNGS = (("none", 0), ("hide", 300_000), ("hide", 300_000), ("delist", 600_000),
             ("remove", 1_000_000))  # fmt: skip


def deposit(facts: Facts) -> Result:
    """Return what a shop must deposit, and what is short of it."""
    if facts["adjusted_on"] >= AMENDED:
        standards, tiers, floor = NEW_STANDARDS, NEW_TIERS, 1_200_000
    else:
        standards, tiers, floor = OLD_STANDARDS, OLD_TIERS, 1_000_000
    general = special = tier = 0
    for category in facts["categories"]:
        amount, is_special = standards[category]
        if is_special:
            special = max(special, amount)
        else:
            general = max(general, amount)
    for least, amount in tiers:
        if facts["sales_fen"] >= least:
            tier = amount
            break
    required = max(floor, general, tier) + special + facts["raises_fen"]
    return {"required_fen": required, "shortfall_fen": max(0, required - facts["held_fen"])}


def ladder(facts: Facts) -> Result:
    """Return the rung for the latest low months in a row."""
    streak = 0
    for month, score in facts["months"]:
        if score is not None:
            low = score < (75 if month >= AMENDED else 70)
            streak = streak + 1 if low else 0
    rungs = NEW_RUNGS if facts["assessed_on"] >= AMENDED else OLD_RUNGS
    rung, fine = rungs[min(streak, len(rungs) - 1)]
    return {"rung": rung, "streak": streak, "fine_fen": fine}


def _reason(entry: str, name: str, value: object, source: tuple[str, str, str]) -> dict[str, Any]:
    clause, instrument, edition = source
    return {
        "entry": entry, "name": name, "value": value,
        "clause": clause, "instrument": instrument, "edition": edition,
    }  # fmt: skip


def deposit_with_reasons(facts: Facts) -> tuple[Result, Reasons]:
    """Return the same and why: each value used and each step, with clause, act and edition."""
    if facts["adjusted_on"] >= AMENDED:
        standards, tiers, floor, act = NEW_STANDARDS, NEW_TIERS, 1_200_000, ("B2", "2026-01-15")
    else:
        standards, tiers, floor, act = OLD_STANDARDS, OLD_TIERS, 1_000_000, ("B1", "2020-08-12")
    reasons: Reasons = []
    general = special = tier = 0
    for category in facts["categories"]:
        amount, is_special = standards[category]
        clause = "2.2" if is_special else "2.1"
        reasons.append(_reason("row", "category_standard", amount, (clause, *act)))
        if is_special:
            special = max(special, amount)
        else:
            general = max(general, amount)
    reasons.append(_reason("step", "general", general, ("2.1", *act)))
    for least, amount in tiers:
        if facts["sales_fen"] >= least:
            tier = amount
            break
    reasons.append(_reason("row", "sales_tier", tier, ("3.1", *act)))
    reasons.append(_reason("step", "tier", tier, ("3.1", *act)))
    standard = max(floor, general, tier)
    reasons.append(_reason("param", "floor", floor, ("3.1", *act)))
    reasons.append(_reason("step", "standard", standard, ("3.1", *act)))
    reasons.append(_reason("step", "special_fen", special, ("2.2", *act)))
    required = standard + special + facts["raises_fen"]
    reasons.append(_reason("step", "required_fen", required, ("3.3", *act)))
    shortfall = max(0, required - facts["held_fen"])
    reasons.append(_reason("step", "shortfall_fen", shortfall, ("5.1", *act)))
    return {"required_fen": required, "shortfall_fen": shortfall}, reasons


def ladder_with_reasons(facts: Facts) -> tuple[Result, Reasons]:
    """Return the same and why: every month with its floor, the rung, and each step."""
    reasons: Reasons = []
    streak = 0
    for month, score in facts["months"]:
        if score is not None:
            floor, source = (
                (75, ("5.1", "B2", "2026-01-15"))
                if month >= AMENDED
                else (70, ("5.1", "B1", "2020-08-12"))
            )
            low = score < floor
            streak = streak + 1 if low else 0
            said = _reason("element", "months", low, source)
            said["on"], said["element"] = month.isoformat(), {"value": score}
            reasons.append(said)
    new = facts["assessed_on"] >= AMENDED
    rungs = NEW_RUNGS if new else OLD_RUNGS
    source = ("5.2", "B2", "2026-01-15") if new else ("5.2", "B1", "2020-08-12")
    rung, fine = rungs[min(streak, len(rungs) - 1)]
    reasons.append(_reason("step", "streak", streak, ("5.1", "", "")))
    reasons.append(_reason("row", "nps_rungs", rung, source))
    reasons.append(_reason("step", "rung", rung, source))
    reasons.append(_reason("row", "nps_rungs", fine, source))
    reasons.append(_reason("step", "fine_fen", fine, source))
    return {"rung": rung, "streak": streak, "fine_fen": fine}, reasons


def _standard_case(standards: dict[str, tuple[int, bool]], *, special: bool) -> str:
    whens = [
        f"WHEN '{name}' THEN {amount}"
        for name, (amount, is_special) in standards.items()
        if is_special == special
    ]
    return f"CASE c {' '.join(whens)} END"


def _tier_case(tiers: tuple[tuple[int, int], ...]) -> str:
    whens = [f"WHEN sales_fen >= {least} THEN {amount}" for least, amount in tiers]
    return f"CASE {' '.join(whens)} ELSE 0 END"


def _by_day(day: str, new: str, old: str) -> str:
    return f"CASE WHEN {day} >= DATE '{AMENDED}' THEN {new} ELSE {old} END"


def _standard_by_day(*, special: bool) -> str:
    new = _standard_case(NEW_STANDARDS, special=special)
    return _by_day("adjusted_on", new, _standard_case(OLD_STANDARDS, special=special))


_REQUIRED = f"""
    greatest({_by_day("adjusted_on", "1200000", "1000000")}, general,
        {_by_day("adjusted_on", _tier_case(NEW_TIERS), _tier_case(OLD_TIERS))})
    + special + raises_fen
"""
_ANSWER = """
    SELECT subject, adjusted_on AS governing_on, required_fen,
        greatest(0, required_fen - held_fen) AS shortfall_fen
    FROM required
"""


def deposit_by_lists(table: str) -> str:
    """Return the deposit rule as SQL that goes through each shop's list of categories in place."""

    def highest(*, special: bool) -> str:
        each = f"list_transform(categories, lambda c: {_standard_by_day(special=special)})"
        return f"coalesce(list_max({each}), 0)"

    return f"""
        WITH standards AS (SELECT *, {highest(special=False)} AS general,
            {highest(special=True)} AS special FROM {table}),
        required AS (SELECT *, {_REQUIRED} AS required_fen FROM standards)
        {_ANSWER}
    """


def deposit_by_rows(table: str) -> str:
    """Return the same as SQL that unnests the categories, groups them by shop, and joins back."""
    return f"""
        WITH each AS (SELECT subject, adjusted_on, unnest(categories) AS c FROM {table}),
        highest AS (SELECT subject, max({_standard_by_day(special=False)}) AS general_found,
            max({_standard_by_day(special=True)}) AS special_found FROM each GROUP BY subject),
        standards AS (SELECT shops.*, coalesce(general_found, 0) AS general,
            coalesce(special_found, 0) AS special
            FROM {table} AS shops LEFT JOIN highest USING (subject)),
        required AS (SELECT *, {_REQUIRED} AS required_fen FROM standards)
        {_ANSWER}
    """


def _rung_case(column: int) -> str:
    def chosen(rungs: tuple[tuple[str, int], ...]) -> str:
        values = [repr(rung[column]) for rung in rungs]
        whens = [f"WHEN {streak} THEN {value}" for streak, value in enumerate(values[:-1])]
        return f"CASE streak {' '.join(whens)} ELSE {values[-1]} END"

    return _by_day("assessed_on", chosen(NEW_RUNGS), chosen(OLD_RUNGS))


_RUNGS = f"""
    SELECT subject, assessed_on AS governing_on, {_rung_case(0)} AS rung, streak,
        {_rung_case(1)} AS fine_fen
    FROM streaks
"""


def ladder_by_lists(table: str) -> str:
    """Return the ladder as SQL over each list: the low months after the last good one."""
    floor = _by_day('e."at"', "75", "70")
    good = f'list_transform(months, lambda e: CASE WHEN e.value >= {floor} THEN e."at" END)'
    low = 'list_filter(months, lambda e: e.value IS NOT NULL AND e."at" > good_at)'
    return f"""
        WITH good AS (SELECT *, coalesce(list_max({good}), DATE '0001-01-01') AS good_at
            FROM {table}),
        streaks AS (SELECT *, len({low}) AS streak FROM good)
        {_RUNGS}
    """


def ladder_by_rows(table: str) -> str:
    """Return the same as SQL that unnests the months and takes two aggregates."""
    floor = _by_day('"at"', "75", "70")
    return f"""
        WITH each AS (SELECT subject, unnest(months, recursive := true) FROM {table}),
        good AS (SELECT subject, max("at") AS good_at FROM each
            WHERE value >= {floor} GROUP BY subject),
        low AS (SELECT each.subject, count(*) AS months_low FROM each LEFT JOIN good USING (subject)
            WHERE value IS NOT NULL AND (good_at IS NULL OR "at" > good_at)
            GROUP BY each.subject),
        streaks AS (SELECT providers.*, coalesce(months_low, 0) AS streak
            FROM {table} AS providers LEFT JOIN low USING (subject))
        {_RUNGS}
    """
