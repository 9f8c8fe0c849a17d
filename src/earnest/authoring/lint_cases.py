"""What no golden case tries, and values that the text does not give."""

from dataclasses import dataclass, field
from datetime import date

from earnest.kernel.errors import EarnestError
from earnest.policy import Pack
from earnest.policy.document import Document, Path
from earnest.policy.editions import DECIDING_STATES
from earnest.policy.shape import Book


@dataclass
class Exercised:
    """The values and rows that the golden cases used, by name and day of their edition."""

    values: set[tuple[str, date]] = field(default_factory=set)
    rows: set[tuple[str, date, int]] = field(default_factory=set)

    @property
    def names(self) -> set[str]:
        """The parameters and tables of which anything was used."""
        return {name for name, _ in self.values} | {name for name, _, _ in self.rows}


def exercised(pack: Pack) -> Exercised:
    """Take every golden case and return what they used."""
    used = Exercised()
    for case in pack.cases:
        try:
            evaluation = pack.evaluate(case.decision, case.facts)
        except EarnestError:
            continue  # a case that cannot be taken is a problem of its own
        refusal = evaluation.refusal
        if refusal is not None and refusal.code == "unset" and refusal.name in pack.parameters:
            # A case that is refused for want of a value shows what becomes of it.
            values = pack.parameters[refusal.name].values
            used.values |= {(refusal.name, each.since) for each in values if each.unset}
        for entry in evaluation.trace:
            if entry["entry"] == "param":
                used.values.add((entry["name"], date.fromisoformat(entry["edition"])))
            elif entry["entry"] == "row":
                since = date.fromisoformat(entry["edition"])
                used.rows.add((entry["name"], since, entry["row"]))
    return used


def cases_remarked(document: Document, book: Book, pack: Pack) -> None:
    """Note decisions without a case, what no case uses, and values assumed or unset."""
    tried = {case.decision for case in book.cases}
    if book.extends and not book.cases:
        document.add(
            ("extends",), "no_own_cases",
            f"继承自 {book.extends}，自己没有例子；上级的例子不适用于本规则包，请至少写一个",
            f"it extends {book.extends} and has no cases of its own; those of its base are not "
            "run for it: write one at least",
        )  # fmt: skip
    for name in book.decisions:
        if name not in tried:
            document.add_key(
                ("decisions", name), "no_case",
                f"决定 {name} 没有例子；请在 cases 里至少写一个",
                f"decision {name} has no case: write at least one under cases",
            )  # fmt: skip
    used = exercised(pack)
    deciding = {act.id for act in book.instruments if act.state in DECIDING_STATES}
    _values(document, book, used, deciding)
    _rows(document, book, used, deciding)


def _values(document: Document, book: Book, used: Exercised, deciding: set[str]) -> None:
    for name, parameter in book.parameters.items():
        for index, value in enumerate(parameter.values):
            path: Path = ("parameters", name, "values", index)
            if value.unset:
                document.add(
                    path, "unset_value",
                    f"{name}：原文未给，尚未由运营方确定；需要它的决定会被拒绝",
                    f"{name}: not set by the text nor by the operator yet; what needs it is "
                    "refused",
                )  # fmt: skip
            elif value.assumed:
                _assumed(document, path, name)
            if (name, value.since) not in used.values and value.instrument in deciding:
                _idle(
                    document, path, (f"{name} 自 {value.since} 的值", f"{name} from {value.since}")
                )


def _rows(document: Document, book: Book, used: Exercised, deciding: set[str]) -> None:
    for name, table in book.tables.items():
        for index, edition in enumerate(table.editions):
            path: Path = ("tables", name, "editions", index)
            if edition.assumed:
                _assumed(document, path, name)
            if edition.instrument not in deciding:
                continue
            hit = {row for table_name, since, row in used.rows
                   if (table_name, since) == (name, edition.since)}  # fmt: skip
            if not hit:
                said = (
                    f"{name} 自 {edition.since} 的一版",
                    f"the edition of {name} from {edition.since}",
                )
                _idle(document, path, said)
                continue
            for number in range(len(edition.rows)):
                if number + 1 not in hit:
                    said = f"{name} 的第 {number + 1} 行", f"row {number + 1} of {name}"
                    _idle(document, (*path, "rows", number), said)


def _assumed(document: Document, path: Path, name: str) -> None:
    document.add(
        path, "assumed_value",
        f"{name}：样例值，原文没有；运营方确认前不动用资金",
        f"{name}: a sample value, not in the text; no money moves by it until the operator "
        "confirms it",
    )  # fmt: skip


def _idle(document: Document, path: Path, said: tuple[str, str]) -> None:
    zh, en = said
    document.add(
        path, "never_exercised",
        f"没有例子用到{zh}；可在 cases 里补一个", f"no case uses {en}; one could be added",
    )  # fmt: skip
