"""The measures' texts keep to the SQL that every engine counts the same way."""

import re

import pytest

from earnest.measures import MEASURES

CALLS = frozenset({"CAST", "COALESCE", "COUNT", "LENGTH", "MAX", "MIN", "ROW_NUMBER", "SUM"})
BEFORE_BRACKET = CALLS | {"AS", "AND", "BY", "IN", "ON", "OR", "OVER", "THEN", "WHERE"}
WORDS = BEFORE_BRACKET | {
    *("ALL", "BETWEEN", "BIGINT", "CASE", "DESC", "ELSE", "END", "FROM", "GROUP", "IS", "JOIN"),
    *("LEFT", "NOT", "NULL", "ORDER", "PARTITION", "SELECT", "UNION", "WHEN", "WITH"),
    *("ROWS", "UNBOUNDED", "PRECEDING", "CURRENT", "ROW"),  # the frame of a running sum
}

_TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*) | (?P<text>'[^']*') | (?P<float>\d+\.\d*|\d+[eE]\d+) | (?P<int>\d+)
    | (?P<parameter>\$[a-z_]+) | (?P<word>[A-Za-z_][A-Za-z_0-9]*) | (?P<sign><=|>=|<>|[-+*%=<>(),.])
    | (?P<space>\s+) | (?P<other>.)""",
    re.VERBOSE,
)


def faults(sql: str) -> list[str]:
    """Return what does not belong to the portable subset."""
    found = []
    previous = ""
    for match in _TOKEN.finditer(sql):
        kind, token = str(match.lastgroup), match.group()
        if kind in {"comment", "space"}:
            continue
        if kind in {"float", "other"}:
            found.append(f"{kind} {token}")
        if kind == "word" and token not in WORDS and token != token.lower():
            found.append(f"word {token}")
        called = previous[:1].isalpha() and previous not in BEFORE_BRACKET
        if token == "(" and called:
            found.append(f"call {previous}")
        previous = token
    if any("ORDER BY" not in window for window in sql.split("OVER (")[1:]):
        found.append("a window without an order")
    outer = sql[sql.rindex("\nSELECT") :]
    if outer.count("SUM(") != outer.count("CAST(SUM("):
        found.append("a sum leaves the engine without being cast")
    return found


@pytest.mark.parametrize("name", MEASURES)
def test_a_measures_text_is_portable(name: str) -> None:
    """No division, no float, no date function, no FILTER, no window without a total order."""
    assert faults(MEASURES[name].sql) == []


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("SELECT a / b FROM t", "other /"),
        ("SELECT a * 0.97 FROM t", "float 0.97"),
        ("SELECT COUNT(*) FILTER (WHERE a = 1) FROM t", "word FILTER"),
        ("SELECT COUNT_IF(a = 1) FROM t", "word COUNT_IF"),
        ("SELECT DISTINCT ON (a) a FROM t", "word DISTINCT"),
        ("SELECT date_trunc(a) FROM t", "call date_trunc"),
        ("SELECT a::BIGINT FROM t", "other :"),
        ("SELECT quantile(a) FROM t LIMIT 3", "word LIMIT"),
        ("SELECT ROW_NUMBER() OVER (PARTITION BY a) FROM t", "a window without an order"),
        ("SELECT SUM(a) FROM t", "a sum leaves the engine without being cast"),
    ],
)
def test_the_lint_finds_what_engines_disagree_on(sql: str, fault: str) -> None:
    """Each forbidden form is named."""
    assert fault in faults(f"\n{sql}")


@pytest.mark.parametrize("name", MEASURES)
def test_parameters_named_in_a_text_are_integers_that_are_bound(name: str) -> None:
    """Nothing is bound that the definition does not know."""
    definition = MEASURES[name]
    bound = {"by", "first_us", "end_us", "first_day", "last_day", "as_of_us"}
    bound |= {parameter.name for parameter in definition.parameters} | set(definition.constants)
    text = re.sub(r"--[^\n]*", "", definition.sql)
    assert set(re.findall(r"\$([a-z_]+)", text)) <= bound
