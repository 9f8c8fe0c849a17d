"""The report on clauses as a Markdown page, in Chinese or in English."""

from collections import Counter

from earnest.cli.clause_rows import LAW, STATES, ClauseCoverage, Coverage

PLACES_MAX = 4

AMBIGUITIES: tuple[tuple[int, tuple[str, ...]], ...] = (
    (1, ("shipping_event",)),
    (2, ("shipping_denominator",)),
    (3, ("measure_maturity",)),
    (4, ("ladder_rung",)),
    (5, ("ladder_gap",)),
    (6, ("hide_release",)),
    (7, ("short_balance",)),
    (8, ("one_fact_one_sanction",)),
    (9, ("second_lookback",)),
    (10, ("reentry_counted_from", "removal_bar")),
    (11, ("dispute_in_month",)),
    (12, ("special_combination",)),
    (13, ("tier_direction",)),
    (14, ("gate_compares",)),
    (15, ("hold_without_limit",)),
    (16, ("notice_days",)),
    (17, ("conduct_instant",)),
)
"""The open questions of the two texts, as the requirements number them, and their switches."""

_TITLE = {"en": "# Clause coverage", "zh": "# 条款对照表"}
_INTRODUCTION = {
    "en": """
Written by `./run earnest coverage --language en --write docs/clauses.md`; do not edit by hand.

{accounted} of {total} clauses of the two rules are accounted for. *Claimed by*: elements of the
rulebook's pack. *Decided by*: steps of the pack (`decision.step`) and functions of the program
that cite the clause or ask for its elements. *Proven by*: tests that name the clause (their place
below `tests/`), and golden cases of the pack that name it or rest on it; *tests* and *cases* count
them. *Shown on*: pages of the console. Every clause that is not encoded says why.
""",
    "zh": """
由 `./run earnest coverage --language zh --write docs/clauses.zh.md` 写成，请勿手改。

两部规则共 {total} 条，{accounted} 条已有交代。“由谁承担”为规则包中的要素；“由何处判定”为规则包的
步骤（`决定.步骤`）和引用该条款或使用其要素的程序函数；“由何证明”为写明该条款的测试（`tests/` 之下的
位置），以及写明或依据该条款的算例，“测试”“算例”为其数目；“何处显示”为控制台页面。未编码的条款都写明原因。
""",
}
_HEADINGS = {
    "en": (
        "clause", "what it asks", "status", "claimed by", "decided by", "proven by", "shown on",
        "tests", "cases", "state",
    ),
    "zh": (
        "条款", "内容", "状态", "由谁承担", "由何处判定", "由何证明", "何处显示", "测试", "算例",
        "结论",
    ),
}  # fmt: skip
_STATUSES = {
    "encoded": ("已编码", "encoded"),
    "human": ("由人判断", "human"),
    "definition": ("定义", "definition"),
    "external": ("其他文本", "external"),
    "missing_in_source": ("原文空白", "missing in the source"),
}
_LAW_NOTE = {
    "en": "The law that binds changes of the rules; not counted above.",
    "zh": "约束规则修改的法规，不计入上文条数。",
}
_OPEN = {
    "en": (
        "## Open questions and their switches",
        "Each is a named choice in the pack; `pack.read_as(Reading(choices=...))` runs another.",
        "| no. | switch | default | alternatives | tests |",
    ),
    "zh": (
        "## 原文未明之处与开关",
        "每一处都是规则包中有名字的选择；`pack.read_as(Reading(choices=...))` 换用其他选项。",
        "| 序号 | 开关 | 默认 | 其他选项 | 测试 |",
    ),
}  # fmt: skip
_CASES = {"en": "cases: {}", "zh": "算例：{}"}
_MORE = {"en": "and {} more", "zh": "另有 {} 项"}


def coverage_page(found: Coverage, language: str) -> str:
    """Return the report as a Markdown page; ``language`` is ``zh`` or ``en``."""
    accounted = sum(row.accounted for row in found.counted)
    introduction = _INTRODUCTION[language].format(accounted=accounted, total=len(found.counted))
    lines = [_TITLE[language], *introduction.rstrip().splitlines()]
    lines += _open_questions(found, language)
    for pack in sorted(found.packs, key=lambda each: each.rulebook in LAW):
        own = [row for row in found.rows if row.rulebook == pack.rulebook]
        lines += ["", f"## {pack.title[language]}", "", f"`{pack.rulebook}`", ""]
        lines += [_LAW_NOTE[language], ""] if pack.rulebook in LAW else []
        lines += [*_counted(own, language), "", *_table(own, language)]
    return "\n".join(lines) + "\n"


def _open_questions(found: Coverage, language: str) -> list[str]:
    known = {name: each for pack in found.packs for name, each in pack.interpretations.items()}
    title, said, heading = _OPEN[language]
    lines = ["", title, "", said, "", heading, "|---:|---|---|---|---|"]
    for number, names in AMBIGUITIES:
        for name in filter(known.__contains__, names):
            switch = known[name]
            options = {
                option: f"{words.get(language)} (`{option}`)"
                for option, words in switch.options.items()
            }
            others = "<br>".join(words for key, words in options.items() if key != switch.choice)
            question = switch.question.get(language) if switch.question else ""
            tests = _tests(found.switches.get(name, []), language)
            cells = (str(number), f"`{name}`: {question}", options[switch.choice], others, tests)
            lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return lines


def _counted(rows: list[ClauseCoverage], language: str) -> list[str]:
    headings = _HEADINGS[language]
    lines = [f"| {headings[2]} | {headings[-1]} | {headings[0]} |", "|---|---|---:|"]
    counts = Counter((row.status, row.state) for row in rows)
    english = language == "en"
    lines += [
        f"| {_STATUSES[status][english]} | {STATES[state][english]} | {count} |"
        for (status, state), count in sorted(counts.items())
    ]
    return lines


def _table(rows: list[ClauseCoverage], language: str) -> list[str]:
    headings = _HEADINGS[language]
    english = language == "en"
    lines = ["| " + " | ".join(headings) + " |", "|---|---|---|---|---|---|---|---:|---:|---|"]
    for row in rows:
        steps = [f"`{step}`" for step in row.steps]
        cells = (
            row.clause,
            row.en if english else row.zh,
            _STATUSES[row.status][english],
            ", ".join(row.by),
            "<br>".join(filter(None, (_places(steps, language), _places(row.code, language)))),
            "<br>".join(filter(None, (_tests(row.tests, language), _cases(row, language)))),
            ", ".join(screen[english] for screen in row.screens),
            str(len(row.tests)),
            str(row.cases),
            row.said(language),
        )
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return lines


def _tests(tests: list[str], language: str) -> str:
    """Name tests by their place below ``tests/``, as the introduction says."""
    return _places([test.removeprefix("tests/") for test in tests], language)


def _cases(row: ClauseCoverage, language: str) -> str:
    return _CASES[language].format(row.cases) if row.cases else ""


def _places(places: list[str], language: str) -> str:
    shown = places[:PLACES_MAX]
    rest = len(places) - len(shown)
    return "<br>".join([*shown, _MORE[language].format(rest)] if rest else shown)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
