"""What nothing uses, and clauses that nothing computes."""

from collections.abc import Iterator

from earnest.authoring.opened import expressions, names_in
from earnest.policy.document import Document, Path
from earnest.policy.shape import Book, Clause, Decision

_SAID = {
    "parameters": ("参数", "parameter"),
    "tables": ("规则表", "table"),
    "interpretations": ("解释", "choice"),
    "windows": ("日期窗口", "window"),
    "calendars": ("工作日历", "calendar"),
    "facts": ("事实", "fact"),
    "steps": ("步骤", "step"),
    "applies": ("适用条件", "condition"),
}
_REASON_WANTED = ("external", "missing_in_source", "human")


def claims_remarked(document: Document, book: Book) -> None:
    """Note clauses called encoded that nothing computes, and those left out without a reason."""
    computing = {*book.parameters, *book.tables, *book.windows, *book.calendars, *book.decisions}
    for decision in book.decisions.values():
        computing |= {*decision.steps, *decision.applies}
    for name, clause in book.clauses.items():
        path: Path = ("clauses", name)
        if clause.status == "encoded" and book.exhaustive and not computing & set(clause.by):
            said = "、".join(clause.by), ", ".join(clause.by)
            document.add_key(
                path, "unclaimed_clause",
                f"条款 {name} 标为 encoded，但 by 所列（{said[0]}）都不计算；"
                "请写上参数、表、步骤或决定，或改 status",
                f"clause {name} is marked encoded, but nothing in its 'by' ({said[1]}) computes "
                "it: name a parameter, table, step or decision, or change its status",
            )  # fmt: skip
        elif _unexplained(clause):
            document.add_key(
                path, "no_reason",
                f"条款 {name} 标为 {clause.status}，可在 note 写明原因",
                f"clause {name} is marked {clause.status}; a note could say why",
            )  # fmt: skip


def usage_remarked(document: Document, book: Book) -> None:
    """Note every named thing that no expression, outcome or clause makes use of."""
    claimed = {each for clause in book.clauses.values() for each in clause.by}
    named = set(claimed)
    for act in book.instruments:
        named |= set(act.interpretation)
    for decision in book.decisions.values():
        named |= _named(decision)
    for section in ("parameters", "tables", "interpretations", "windows", "calendars"):
        for element in getattr(book, section):
            if element not in named:
                _unused(document, (section, element))
    for name, decision in book.decisions.items():
        for path in _idle(decision, claimed):
            _unused(document, ("decisions", name, *path))


def choices_remarked(document: Document, book: Book) -> None:
    """Note steps that ask a choice without naming it: no explanation would tell it."""
    for name, decision in book.decisions.items():
        for (section, step), shape in expressions(decision):
            asked = names_in(shape.expr) & set(book.interpretations)
            for choice in sorted(asked - set(shape.interpretation)):
                document.add_key(
                    ("decisions", name, section, step), "unnamed_choice",
                    f"{name}.{step} 的算式取决于 {choice}，但没有写 interpretation: {choice}；"
                    "不写则理由里不会说明这一选择",
                    f"{name}.{step} asks {choice} without naming it: write "
                    f"interpretation: {choice}, or no explanation tells the choice",
                )  # fmt: skip


def _unexplained(clause: Clause) -> bool:
    return clause.status in _REASON_WANTED and not clause.note and not clause.by


def _named(decision: Decision) -> set[str]:
    """Return every name that a decision uses."""
    named: set[str] = set()
    for _, step in expressions(decision):
        named |= names_in(step.expr) | set(step.interpretation)
    for raw in decision.facts.values():
        if isinstance(raw, dict) and isinstance(raw.get("each"), str):
            named.add(raw["each"])
    return named


def _idle(decision: Decision, claimed: set[str]) -> Iterator[tuple[str, str]]:
    """Go through facts and steps of a decision that nothing in it uses."""
    used = {decision.governed_by, *decision.outcome.values()}
    for _, step in expressions(decision):
        used |= names_in(step.expr) | {step.clause_of, step.governed_by}
    yield from (("facts", fact) for fact in decision.facts if fact not in used)
    if not decision.outcome:
        return  # every step is part of the result
    for name, step in decision.steps.items():
        if name not in used and name not in claimed and not step.require:
            yield ("steps", name)


def _unused(document: Document, path: Path) -> None:
    zh, en = _SAID[str(path[-2])]
    owner = f"{path[1]}: " if path[0] == "decisions" else ""
    document.add_key(
        path, "unused",
        f"{owner}{zh} {path[-1]} 没有被用到；请删去，或在表达式、结果或条款的 by 中使用它",
        f"{owner}nothing uses the {en} {path[-1]}: remove it, or use it in an expression, an "
        "outcome or a clause's 'by'",
    )  # fmt: skip
