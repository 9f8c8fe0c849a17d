"""A what-if report for people: tables on a screen, and flat rows for a spreadsheet."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from earnest.policy.kinds import CURRENCIES

Plain = dict[str, Any]
WIDTH: Final = 160
GROUPS_SHOWN: Final = 12
SIDES: Final = ("live", "draft")
SAID: Final[dict[str, tuple[str, str]]] = {
    "what": ("将发生的变化", "what would change"),
    "judged": ("重新判定", "judged again"),
    "as_if": ("假定草案自此日起生效", "the draft is taken to hold from"),
    "nothing": ("没有任何变化", "nothing would change"),
    "effects": ("影响", "who would be affected"),
    "money": ("金额", "money"),
    "pairs": ("由旧到新", "old → new"),
    "top": ("变化最大的主体", "the gravest changes"),
    "decision": ("判定", "decision"),
    "effect": ("变化", "change"),
    "rows": ("人次", "judgements"),
    "subjects": ("主体数", "subjects"),
    "amount": ("金额", "amount"),
    "over": ("统计期", "over"),
    "live": ("现行", "in force"),
    "draft": ("草案", "draft"),
    "difference": ("差额", "difference"),
    "more": ("增加", "more"),
    "less": ("减少", "less"),
    "subject": ("主体", "subject"),
    "period": ("期间", "period"),
    "changed": ("将变化", "would change"),
    "trace": ("计算过程", "trace"),
    "group": ("分组", "group"),
    "outcome": ("结果", "outcome"),
    "stored": ("取自凭证", "stored"),
    "rebuilt": ("重新取数", "rebuilt"),
    "not_compared": ("未能比较", "not compared"),
    "beyond": ("未体现", "not shown by this"),
    "not_assessed": ("未考核、未判定的月份", "months never assessed, and so left out"),
}


def report_print(report: Plain, language: str, traces: int) -> None:
    """Print a report to standard output, with both traces of so many subjects per decision."""
    width = None if sys.stdout.isatty() else WIDTH
    console = Console(file=sys.stdout, width=width, highlight=False)
    printer = _Printer(console, language)
    printer.head(report)
    changed = [each for each in report["decisions"] if each["changed"]["rows"]]
    if not changed:
        console.print(f"[bold]{printer.said('nothing')}[/bold]")
    printer.effects(changed)
    printer.money(changed)
    printer.pairs(changed)
    for decision in changed:
        printer.groups(decision)
    printer.top(changed)
    for decision in changed:
        for top in decision["top"][:traces]:
            printer.explained(decision, top)
    printer.remarks(report)


def amount_said(value: int | None, unit: str, *, sign: bool = False) -> str:
    """Write an amount in major units, as ``-1,234.50``; nothing for None."""
    if value is None:
        return ""
    decimals = CURRENCIES.get(unit, 0)
    whole, rest = divmod(abs(value), 10**decimals)
    mark = "-" if value < 0 else "+" if sign and value > 0 else ""
    return f"{mark}{whole:,}" + (f".{rest:0{decimals}d}" if decimals else "")


class _Printer:
    def __init__(self, console: Console, language: str) -> None:
        self._console = console
        self._language = language

    def said(self, word: str) -> str:
        return SAID[word][0 if self._language == "zh" else 1]

    def _words(self, words: Plain) -> str:
        return escape(str(words[self._language]))

    def _table(self, title: str, *columns: str) -> Table:
        """Make a table; a column that begins with ``>`` is of figures."""
        table = Table(title=title, title_justify="left", header_style="bold")
        for column in columns:
            name = column.removeprefix(">")
            justify: Any = "right" if column.startswith(">") else "left"
            said = SAID.get(name, (name, name))[self._language == "en"]
            tight = column.startswith(">") or name in ("over", "period")
            table.add_column(said, justify=justify, no_wrap=tight)
        return table

    def head(self, report: Plain) -> None:
        """Say what was compared with what, and over which judgements."""
        judged, changed = report["judged"], report["changed"]
        span = report["period"]
        new = [a for a in report["draft"]["instruments"] if a not in report["live"]["instruments"]]
        over = f"{span['from']}..{span['to']} ({len(span['months'])})" if span["from"] else ""
        about = [self._words(report["title"]), over, report["subject"], " ".join(new)]
        self._console.print(
            f"[bold]{self.said('what')}[/bold] · " + " · ".join(each for each in about if each)
        )
        kept = " ({} {:,}, {} {:,})".format(
            self.said("stored"), judged["stored"], self.said("rebuilt"), judged["rebuilt"]
        )
        self._console.print(
            f"{self.said('judged')}: {judged['rows']:,}"
            + (kept if judged["stored"] or judged["rebuilt"] else "")
            + f", {self.said('subjects')} {judged['subjects']:,}; "
            f"{self.said('changed')}: {changed['rows']:,}, "
            f"{self.said('subjects')} {changed['subjects']:,}"
        )
        if report.get("as_if_from"):
            self._console.print(f"{self.said('as_if')}: {report['as_if_from']}")
        if span["not_assessed"]:
            self._console.print(f"{self.said('not_assessed')}: {', '.join(span['not_assessed'])}")

    def effects(self, decisions: Sequence[Plain]) -> None:
        """Print who would be affected, and how."""
        table = self._table(
            self.said("effects"), "decision", "effect", ">rows", ">subjects", ">amount", "over"
        )
        for decision in decisions:
            for each in decision["effects"]:
                if each["rows"]:
                    amount = amount_said(each["amount"], each["unit"], sign=True)
                    table.add_row(
                        self._words(decision["title"]), self._words(each["title"]),
                        f"{each['rows']:,}", f"{each['subjects']:,}", amount, each["over"],
                    )  # fmt: skip
        self._print(table)

    def money(self, decisions: Sequence[Plain]) -> None:
        """Print the amounts on both sides, and how the differences lie."""
        table = self._table(
            self.said("money"), "decision", "amount", ">live", ">draft", ">difference", ">more",
            ">less", ">p10", ">p50", ">p90", ">max", "over",
        )  # fmt: skip
        for decision in decisions:
            for each in decision["money"]:
                if not (each["more"]["rows"] or each["less"]["rows"]):
                    continue
                unit, lie = each["unit"], each["quantiles"] or {}
                table.add_row(
                    self._words(decision["title"]),
                    self._words(each["title"]),
                    amount_said(each["live"], unit),
                    amount_said(each["draft"], unit),
                    amount_said(each["difference"], unit, sign=True),
                    f"{each['more']['rows']:,}",
                    f"{each['less']['rows']:,}",
                    *(
                        amount_said(lie.get(p), unit, sign=True)
                        for p in ("p10", "p50", "p90", "max")
                    ),
                    each["over"],
                )
        self._print(table)

    def pairs(self, decisions: Sequence[Plain]) -> None:
        """Print what would become what."""
        table = self._table(
            self.said("pairs"), "decision", "outcome", "live", "draft", ">rows", ">subjects"
        )
        for decision in decisions:
            for outcome in decision["pairs"]:
                for each in outcome["pairs"]:
                    values = [self._value(each, side, outcome["unit"]) for side in SIDES]
                    table.add_row(
                        self._words(decision["title"]), self._words(outcome["title"]), *values,
                        f"{each['rows']:,}", f"{each['subjects']:,}",
                    )  # fmt: skip
        self._print(table)

    def _value(self, pair: Plain, side: str, unit: str) -> str:
        value = pair[side]
        if unit and isinstance(value, int):
            return amount_said(value, unit)
        return self._words(pair[f"{side}_title"])

    def groups(self, decision: Plain) -> None:
        """Print a decision's changes by month, category and tier, where there are any."""
        weighed = _weighed(decision)
        for dimension in decision["by"]:
            shown = [each for each in dimension["groups"] if each["changed"]]
            if not shown:
                continue
            title = f"{self._words(decision['title'])} · {self._words(dimension['title'])}"
            if weighed and dimension["dimension"] != "period":
                title += f" ({self.said('difference')}: {weighed['over']})"
            table = self._table(title, "group", ">rows", ">changed", "effect", ">difference")
            for each in shown[:GROUPS_SHOWN]:
                money = each["money"].get(weighed["outcome"], {}) if weighed else {}
                table.add_row(
                    self._words(each["title"]) or "-",
                    f"{each['judged']:,}",
                    f"{each['changed']:,}",
                    self._effects_said(decision, each["effects"]),
                    amount_said(money.get("difference"), weighed["unit"], sign=True)
                    if weighed
                    else "",
                )
            self._print(table)

    def _effects_said(self, decision: Plain, counts: dict[str, int]) -> str:
        titles = {each["effect"]: each["title"] for each in decision["effects"]}
        return ", ".join(f"{self._words(titles[name])} {count:,}" for name, count in counts.items())

    def top(self, decisions: Sequence[Plain]) -> None:
        """List the subjects with the gravest changes."""
        table = self._table(
            self.said("top"), "subject", "period", "decision", "live", "draft", ">difference"
        )
        for decision in decisions:
            for each in decision["top"]:
                table.add_row(
                    escape(_called(each)),
                    each["period"],
                    self._words(decision["title"]),
                    self._outcome(each, "live"),
                    self._outcome(each, "draft"),
                    amount_said(each["difference"], each["unit"], sign=True),
                )
        self._print(table)

    def _outcome(self, top: Plain, name: str) -> str:
        """Say one side's outcome, as far as the two differ."""
        side = top[name]
        if side["gone"]:
            return "此前已清退" if self._language == "zh" else "gone before"
        if side["unresolved"]:
            return escape(str(side["unresolved"]))
        other = top["draft" if name == "live" else "live"]["shown"][self._language]
        told = [pair for pair in side["shown"][self._language] if pair not in other]
        return ", ".join(f"{escape(title)} {escape(value)}" for title, value in told)

    def explained(self, decision: Plain, top: Plain) -> None:
        """Say why, on both sides, with both traces side by side."""
        title = f"{_called(top)} · {top['period']} · {decision['title'][self._language]}"
        self._console.print(f"\n[bold]{escape(title)}[/bold]")
        table = self._table("", "live", "draft")
        table.add_row(
            *(escape(top[side]["explanation"][self._language]) for side in SIDES),
            end_section=True,
        )
        for row in top["trace"]:
            style = "dim" if row["same"] else None
            table.add_row(escape(row["live"] or ""), escape(row["draft"] or ""), style=style)
        self._console.print(table)

    def remarks(self, report: Plain) -> None:
        """Say what the report cannot show."""
        for word, name in (("not_compared", "decision"), ("beyond", "element")):
            for each in report[word]:
                text = f"{self.said(word)}: {each[name]}: {each[self._language]}"
                self._console.print(escape(text))

    def _print(self, table: Table) -> None:
        if table.row_count:
            self._console.print(table)


def _called(top: Plain) -> str:
    return f"{top['subject_id']} {top['name']}".strip()


def _weighed(decision: Plain) -> Plain | None:
    """Return the amount that a decision's subjects are ranked by."""
    order = ("fine", "required", "moved", "short", "amount")
    ranked = sorted(
        (each for each in decision["money"] if each["role"] in order),
        key=lambda each: order.index(each["role"]),
    )
    return ranked[0] if ranked else None


def figures(report: Plain, language: str) -> list[Plain]:
    """Return a report's figures as flat rows: one a decision, section and name."""
    return [
        {"rulebook": report["rulebook"], "decision": decision["decision"], **row}
        for decision in report["decisions"]
        for row in _figures(decision, language)
    ]


def _figures(decision: Plain, language: str) -> Iterator[Plain]:
    for name in ("judged", "changed"):
        yield _figure("judged", name, decision[name])
    for each in decision["effects"]:
        yield _figure("effect", each["title"][language], each)
    for each in decision["money"]:
        for name in ("live", "draft", "difference"):
            row = {**each, "amount": each[name]}
            yield _figure(
                "money", f"{each['title'][language]}: {SAID[name][language == 'en']}", row
            )
    for outcome in decision["pairs"]:
        for each in outcome["pairs"]:
            yield _figure("pair", outcome["title"][language], {**each, "unit": outcome["unit"]})
    for dimension in decision["by"]:
        for group in dimension["groups"]:
            for outcome, money in group["money"].items():
                row = {**money, "rows": group["changed"], "amount": money["difference"]}
                name = f"{group['title'][language]}: {outcome}"
                yield _figure(f"by {dimension['dimension']}", name, row)
    for top in decision["top"]:
        told = {side: "; ".join(map(" ".join, top[side]["shown"][language])) for side in SIDES}
        row = {**told, "amount": top["difference"], "unit": top["unit"], "over": top["period"]}
        yield _figure("top", top["subject_id"], row)


def _figure(section: str, name: str, row: Plain) -> Plain:
    columns = ("live", "draft", "rows", "subjects", "amount", "unit", "over")
    return {"section": section, "name": name, **{each: row.get(each) for each in columns}}
