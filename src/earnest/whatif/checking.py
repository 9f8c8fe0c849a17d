"""The interpreter's word on rows that SQL judged: it must say the same, and it can say why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from earnest.kernel.errors import RuleRefused
from earnest.policy import Evaluation, Pack
from earnest.policy.explain import show_value
from earnest.policy.trace import line
from earnest.whatif.effects import sides
from earnest.whatif.facts import facts_of
from earnest.whatif.judging import COMPARED, Facts, Pairing
from earnest.whatif.outcomes import GONE

SAMPLE: Final = 50


@dataclass(frozen=True)
class TraceRow:
    """One entry of two traces side by side; None where a side has no such entry."""

    live: str | None
    draft: str | None

    @property
    def same(self) -> bool:
        """Tell whether both sides say the same."""
        return self.live == self.draft


@dataclass(frozen=True)
class Both:
    """A row judged by the interpreter, by both rulebooks."""

    live: Evaluation
    draft: Evaluation

    def trace(self) -> list[TraceRow]:
        """Lay the two traces side by side, entry by entry."""
        ours, theirs = self.live.trace, self.draft.trace
        matcher = SequenceMatcher(None, [_key(e) for e in ours], [_key(e) for e in theirs])
        rows: list[TraceRow] = []
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            left = [line(entry) for entry in ours[i1:i2]]
            right = [line(entry) for entry in theirs[j1:j2]]
            if tag == "equal":
                rows += [TraceRow(*pair) for pair in zip(left, right, strict=True)]
            else:
                rows += [TraceRow(each, None) for each in left]
                rows += [TraceRow(None, each) for each in right]
        return rows


def _key(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return what two entries have in common when they are about the same thing."""
    return (entry["entry"], entry["name"], str(entry.get("on", entry.get("column", ""))))


def shown(pack: Pack, evaluation: Evaluation, language: str) -> list[tuple[str, str]]:
    """Return the outcome for a reader: what it is called, and its value in words."""
    told = []
    kinds = {step.name: step.node.kind for step in evaluation.spec.steps}
    for name, value in evaluation.result.items():
        step = evaluation.spec.outcome[name]
        words = pack.texts.get(step) or pack.texts.get(name)
        title = words.get(language) if words else name
        told.append((title, show_value(value, kinds[step], language, pack.texts)))
    return told


def evaluated(
    connection: Any, pairing: Pairing, facts: Facts, keys: Sequence[Any]
) -> dict[Any, Both]:
    """Judge rows by the interpreter as well.

    Raises:
        RuleRefused: it says something else than SQL said of a row.
    """
    ours = facts_of(connection, pairing.live.decisions[pairing.decision], facts.table, keys)
    theirs = facts_of(connection, pairing.draft.decisions[pairing.decision], facts.table, keys)
    found = {
        key: Both(
            pairing.live.evaluate(pairing.decision, ours[key]),
            pairing.draft.evaluate(pairing.decision, theirs[key]),
        )
        for key in keys
    }
    for row in _sql_rows(connection, pairing, facts, keys):
        both = found[row["subject"]]
        for side, evaluation in (("live", both.live), ("draft", both.draft)):
            _agree(pairing, row, side, evaluation)
    return found


def sample(connection: Any, facts: Facts, size: int = SAMPLE) -> list[tuple[Any, str]]:
    """Return rows at random, the same ones each time: the key of each, and whom it is about."""
    rows = connection.execute(
        f"SELECT subject, CAST({facts.whom} AS VARCHAR) FROM {COMPARED} "  # noqa: S608 - our name
        f"ORDER BY hash(subject), subject LIMIT {size}"
    ).fetchall()
    return [(row[0], row[1]) for row in rows]


def _sql_rows(
    connection: Any, pairing: Pairing, facts: Facts, keys: Sequence[Any]
) -> list[dict[str, Any]]:
    if not keys:
        return []
    columns = ["subject", f"{facts.whom} AS whom", "live_unresolved", "draft_unresolved"]
    columns += [column for name in pairing.meaning.outcomes for column in sides(name)]
    found = connection.execute(
        f"SELECT {', '.join(columns)} FROM {COMPARED} "  # noqa: S608 - our names
        "WHERE subject IN (SELECT unnest($keys))",
        {"keys": list(keys)},
    )
    names = [each[0] for each in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _agree(pairing: Pairing, row: Mapping[str, Any], side: str, evaluation: Evaluation) -> None:
    meaning = pairing.meaning
    if meaning.ends and row[f"{side}_{meaning.state}"] == GONE:
        return  # nobody was judged on this side
    refusal = evaluation.refusal
    said = {name: evaluation.result.get(name) for name in meaning.outcomes}
    queried = {name: row[f"{side}_{name}"] for name in meaning.outcomes}
    if said == queried and (refusal.key if refusal else None) == row[f"{side}_unresolved"]:
        return
    raise RuleRefused(
        "evaluators_disagree",
        where=f"{pairing.decision} {row['whom']} ({side})",
        zh="集合计算与逐户计算的结果不一致，试算已停止；请检查规则包。",
        en="the set evaluation and the single one disagree; the what-if stopped: check the "
        f"rulebook ({queried} against {said})",
    )
