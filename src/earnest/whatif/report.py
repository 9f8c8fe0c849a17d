"""The report of a what-if: plain data in one stable order, for JSON, tables and pages.

Numbers are whole; money is in whole minor units of its ``unit`` (fen for CNY). Everything in it
would change; nothing has changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from earnest.policy import Evaluation, Pack
from earnest.whatif.checking import Both, shown
from earnest.whatif.comparison import PopulationChange
from earnest.whatif.tally import EffectCount, Group, MoneyChange, Pair, TopRow
from earnest.whatif.words import (
    DIMENSIONS,
    EFFECTS,
    LABEL,
    Words,
    called,
    outcome_called,
    value_called,
)

FORM: Final = "earnest.whatif/1"


@dataclass(frozen=True)
class Basis:
    """What was judged: rows and parties, where the facts came from, and who had objected."""

    rows: int
    parties: int
    stored: int = 0
    rebuilt: int = 0
    objectors: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return it as plain data."""
        return {
            "rows": self.rows,
            "subjects": self.parties,
            "stored": self.stored,
            "rebuilt": self.rebuilt,
            "objectors": self.objectors,
        }


@dataclass(frozen=True)
class TopSubject:
    """One subject with a grave change: both answers, why, and the traces side by side."""

    top: TopRow
    both: Both
    packs: tuple[Pack, Pack]
    gone: tuple[bool, bool]
    source: str = ""
    name: str = ""

    @property
    def subject(self) -> tuple[str, str]:
        """Return its kind and id; the kind is empty where facts came from a file."""
        kind, colon, subject_id = self.top.party.partition(":")
        return (kind, subject_id) if colon and self.source != "given" else ("", self.top.party)

    def as_dict(self, unit: str) -> dict[str, Any]:
        """Return it as plain data."""
        kind, subject_id = self.subject
        governing = self.both.live.governing_on
        return {
            "subject_kind": kind,
            "subject_id": subject_id,
            "name": self.name,
            "period": self.top.period,
            "governing_on": governing.isoformat() if governing else None,
            "effects": list(self.top.effects),
            "difference": self.top.difference,
            "unit": unit,
            "source": self.source,
            "live": _side(self.packs[0], self.both.live, gone=self.gone[0]),
            "draft": _side(self.packs[1], self.both.draft, gone=self.gone[1]),
            "trace": [
                {"live": row.live, "draft": row.draft, "same": row.same}
                for row in self.both.trace()
            ],
        }


def _side(pack: Pack, evaluation: Evaluation, *, gone: bool) -> dict[str, Any]:
    refusal = evaluation.refusal
    return {
        "result": {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in evaluation.result.items()
        },
        "unresolved": refusal.key if refusal else None,
        "gone": gone,
        "clauses": list(evaluation.clauses),
        "explanation": {each: evaluation.explain(each) for each in ("zh", "en")},
        "shown": {
            each: [list(pair) for pair in shown(pack, evaluation, each)] for each in ("zh", "en")
        },
    }


@dataclass(frozen=True)
class DecisionChange:
    """What a draft would change under one decision."""

    live: Pack
    draft: Pack
    change: PopulationChange
    basis: Basis
    over: str
    top: tuple[TopSubject, ...]
    checked: int

    @property
    def decision(self) -> str:
        """Return the decision's name."""
        return self.change.decision

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        change = self.change
        weighed = change.meaning.weighed
        unit = weighed.unit if weighed else ""
        return {
            "decision": self.decision,
            "title": called(self.live, self.decision),
            "judged": self.basis.as_dict(),
            "changed": {"rows": change.changed, "subjects": change.changed_parties},
            "checked": self.checked,
            "effects": [self._effect(each) for each in change.effects],
            "money": [self._money(each) for each in change.money],
            "pairs": [self._pairs(name, pairs) for name, pairs in change.pairs.items()],
            "by": [self._dimension(name, groups) for name, groups in change.by.items()],
            "top": [each.as_dict(unit) for each in self.top],
        }

    def _over(self, *, held: bool) -> str:
        return self.change.last if held and self.change.last else self.over

    def _effect(self, count: EffectCount) -> dict[str, Any]:
        return {
            "effect": count.effect,
            "title": EFFECTS[count.effect],
            "rows": count.rows,
            "subjects": count.parties,
            "amount": count.amount,
            "unit": count.unit,
            "over": self._over(held=count.held),
        }

    def _money(self, change: MoneyChange) -> dict[str, Any]:
        names = ("p10", "p50", "p90", "max")
        lie = change.quantiles
        return {
            "outcome": change.money.outcome,
            "title": outcome_called(self.live, self.decision, change.money.outcome),
            "unit": change.money.unit,
            "role": change.money.role,
            "over": self._over(held=change.money.held),
            "live": change.live,
            "draft": change.draft,
            "difference": change.draft - change.live,
            "more": {"rows": change.more_rows, "sum": change.more_sum},
            "less": {"rows": change.less_rows, "sum": change.less_sum},
            "quantiles": dict(zip(names, lie, strict=True)) if lie else None,
        }

    def _pairs(self, outcome: str, pairs: Sequence[Pair]) -> dict[str, Any]:
        units = {each.outcome: each.unit for each in self.change.meaning.money}
        return {
            "outcome": outcome,
            "title": outcome_called(self.live, self.decision, outcome),
            "unit": units.get(outcome, ""),
            "pairs": [
                {
                    "live": _plain(each.live),
                    "draft": _plain(each.draft),
                    "live_title": value_called(self.live, _plain(each.live)),
                    "draft_title": value_called(self.draft, _plain(each.draft)),
                    "rows": each.rows,
                    "subjects": each.parties,
                }
                for each in pairs
            ],
        }

    def _dimension(self, name: str, groups: Sequence[Group]) -> dict[str, Any]:
        return {
            "dimension": name,
            "title": DIMENSIONS.get(name) or called(self.live, name),
            "groups": [self._group(each) for each in groups],
        }

    def _group(self, group: Group) -> dict[str, Any]:
        return {
            "value": group.value,
            "title": value_called(self.live, group.value),
            "judged": group.judged,
            "changed": group.changed,
            "effects": group.effects,
            "money": {
                name: {"live": live, "draft": draft, "difference": draft - live}
                for name, (live, draft) in group.money.items()
            },
        }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True)
class Remark:
    """Something that the report cannot say: a decision not compared, or a change not seen."""

    about: str
    code: str
    zh: str
    en: str
    title: Words | None = None


@dataclass(frozen=True)
class Report:
    """What a draft of a rulebook would change.

    Attributes:
        months: the months that were judged again; ``not_assessed`` those that never were.
        changed: rows and parties for whom anything would change.
        not_compared: decisions that could not be judged again, and why.
        beyond: what the draft changes, and no decision that was judged again shows.
    """

    live: Pack
    draft: Pack
    first: str
    last: str
    months: tuple[str, ...]
    not_assessed: tuple[str, ...]
    subject: str
    basis: Basis
    changed: tuple[int, int]
    decisions: tuple[DecisionChange, ...]
    not_compared: tuple[Remark, ...] = ()
    beyond: tuple[Remark, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON, in one stable order."""
        return {
            "form": FORM,
            "label": LABEL,
            "rulebook": self.live.rulebook,
            "title": dict(self.live.title),
            "live": _edition(self.live),
            "draft": _edition(self.draft),
            "period": {
                "from": self.first,
                "to": self.last,
                "months": list(self.months),
                "not_assessed": list(self.not_assessed),
            },
            "subject": self.subject,
            "judged": self.basis.as_dict(),
            "changed": {"rows": self.changed[0], "subjects": self.changed[1]},
            "decisions": [each.as_dict() for each in self.decisions],
            "not_compared": [
                {"decision": each.about, "code": each.code, "zh": each.zh, "en": each.en}
                for each in self.not_compared
            ],
            "beyond": [
                {"element": each.about, "title": each.title, "zh": each.zh, "en": each.en}
                for each in self.beyond
            ],
        }


def _edition(pack: Pack) -> dict[str, Any]:
    return {"hash": pack.hash, "instruments": [act.id for act in pack.instruments]}
