"""A shop's month: the deposit it must hold by what it sold.

SQL nominates, the interpreter decides: the pack's own SQL evaluates all shops at once and names
those whose requirement would change; each of them, and a sample of the others, is then evaluated
with its trace. A difference between the two stops the month. A shop that objected to an act is
judged without it, one by one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from earnest.decisions.commands import NewDecision, NewFinding
from earnest.kernel.calendar import Month
from earnest.kernel.errors import Problem, RuleRefused
from earnest.measures.sales_month import SALES_MONTH
from earnest.policy import Evaluation, Pack
from earnest.rulebooks.packs import PartyPacks
from earnest.rulebooks.switches import requirement_falls

SHOP = "shop"
SALES = "sales_month"
SALES_FORMULA = SALES_MONTH.formula_hash
REQUIRED_CLAUSE = "S3-3.1a"
CHECKED_OTHERS = 50


@dataclass(frozen=True)
class ShopMonth:
    """What a shop's required deposit is computed from, and what it must hold before."""

    shop_id: str
    sales_fen: int
    categories: tuple[str, ...]
    balance_fen: int
    required_fen: int | None
    raises_fen: int = 0

    def facts(self, on: date) -> dict[str, Any]:
        """Return the facts of the decision ``required_deposit``."""
        return {
            "adjusted_on": on,
            "sales_fen": self.sales_fen,
            "categories": list(self.categories),
            "raises_fen": self.raises_fen,
            "balance_fen": self.balance_fen,
        }


@dataclass(frozen=True)
class Adjustment:
    """What a month's adjustment came to: decisions, and the shops the rule refused to judge.

    ``required_fen`` is what the rule asks of each shop by its id; None where it refused.
    """

    decisions: list[NewDecision]
    refused: list[tuple[ShopMonth, Evaluation]]
    required_fen: dict[str, int | None]


@dataclass(frozen=True)
class Days:
    """When requirements count from: a first one from ``on``, a changed one from ``applies_on``."""

    on: date
    applies_on: date

    def of(self, shop: ShopMonth) -> date:
        """Return the day that governs a shop's requirement, and from which it counts."""
        return self.on if shop.required_fen is None else self.applies_on


def _by_sql(pack: Pack, shops: Sequence[ShopMonth], days: Days) -> list[tuple[int | None, bool]]:
    """Return for each shop the required amount by the pack's SQL, and whether it is refused."""
    facts = pa.table(
        {
            "adjusted_on": pa.array([days.of(shop) for shop in shops], pa.date32()),
            "sales_fen": pa.array([shop.sales_fen for shop in shops], pa.int64()),
            "categories": pa.array(
                [list(shop.categories) for shop in shops], pa.list_(pa.string())
            ),
            "raises_fen": pa.array([shop.raises_fen for shop in shops], pa.int64()),
            "balance_fen": pa.array([shop.balance_fen for shop in shops], pa.int64()),
            "subject": pa.array(range(len(shops)), pa.int64()),
        }
    )
    with duckdb.connect() as connection:
        connection.register("facts", facts)
        judged = pack.sql("required_deposit")
        rows = connection.execute(
            f"SELECT required_fen, unresolved FROM ({judged}) ORDER BY subject"  # noqa: S608 - ours
        ).fetchall()
    return [(row[0], bool(row[1])) for row in rows]


def _nominated(shops: Sequence[ShopMonth], by_sql: list[tuple[int | None, bool]]) -> set[int]:
    """Return the places of shops whose requirement changes or is refused, and of some others."""
    changing = {
        place
        for place, (shop, (required, refused)) in enumerate(zip(shops, by_sql, strict=True))
        if refused or required != shop.required_fen
    }
    others = [place for place in range(len(shops)) if place not in changing]
    step = max(1, len(others) // CHECKED_OTHERS)
    return changing | set(others[::step])


def adjustment_decide(
    shops: Sequence[ShopMonth],
    period: str,
    on: date,
    packs: PartyPacks,
    *,
    applies_on: date | None = None,
) -> Adjustment:
    """Compute what each shop must hold after a month (S3-3.1a, S3-2.2a, S3-2.2b).

    Takes:
        on: the day of computing; from it on a shop must hold what it never had to hold before.
        applies_on: from then on a changed requirement counts; left out, at once.

    Raises:
        RuleRefused: when SQL and interpreter do not agree on a shop.
    """
    days = Days(on, applies_on or on)
    objecting = [shop for shop in shops if (SHOP, shop.shop_id) in packs.objecting]
    bound = [shop for shop in shops if (SHOP, shop.shop_id) not in packs.objecting]
    by_sql = _by_sql(packs.current, bound, days)
    required = {shop.shop_id: fen for shop, (fen, _) in zip(bound, by_sql, strict=True)}
    judged: list[tuple[ShopMonth, Evaluation]] = []
    for place in sorted(_nominated(bound, by_sql)):
        shop = bound[place]
        evaluation = packs.current.evaluate("required_deposit", shop.facts(days.of(shop)))
        _compare(shop, by_sql[place], evaluation)
        judged.append((shop, evaluation))
    for shop in objecting:
        pack = packs.of(SHOP, shop.shop_id)
        evaluation = pack.evaluate("required_deposit", shop.facts(days.of(shop)))
        judged.append((shop, evaluation))
        required[shop.shop_id] = evaluation.result.get("required_fen")
    return Adjustment(
        [
            each
            for shop, evaluation in judged
            for each in _changed(shop, period, evaluation, packs.of(SHOP, shop.shop_id))
        ],
        [(shop, evaluation) for shop, evaluation in judged if evaluation.refusal is not None],
        required,
    )


def _changed(shop: ShopMonth, period: str, evaluation: Evaluation, pack: Pack) -> list[NewDecision]:
    """Return the decision of a shop whose requirement changes; none when it stays.

    A lower requirement is none where the rulebook lets it only go up.
    """
    if evaluation.refusal is not None:
        return []
    required = int(str(evaluation.result["required_fen"]))
    if required == shop.required_fen:
        return []
    outcome = _outcome(shop.required_fen, required)
    if outcome == "lower" and not requirement_falls(pack):
        return []
    return [NewDecision(SHOP, shop.shop_id, period, REQUIRED_CLAUSE, outcome, 0, 1, evaluation)]


def refused_findings(
    month: Month, refused: Iterable[tuple[ShopMonth, Evaluation]]
) -> list[NewFinding]:
    """Return a finding for each shop that the rule could not judge, with the reason kept."""
    return [
        NewFinding(
            subject_kind=SHOP,
            subject_id=shop.shop_id,
            period=str(month),
            clause=REQUIRED_CLAUSE,
            measure=SALES,
            numerator=shop.sales_fen,
            denominator=1,
            sample=0,
            window_from=month.first_day,
            window_to=month.last_day,
            status="refused",
            evaluation=evaluation,
        )
        for shop, evaluation in refused
    ]


def refusal_of(finding: NewFinding) -> Problem:
    """Return why the rule could not judge the shop of a refused finding."""
    refusal = finding.evaluation.refusal
    if refusal is None:
        raise ValueError(f"{finding.subject_id} was not refused")
    where = f"{finding.subject_kind}:{finding.subject_id}"
    return Problem(refusal.code, where, zh=refusal.zh, en=refusal.en)


def _outcome(before: int | None, required: int) -> str:
    if before is None:
        return "set"
    return "raise" if required > before else "lower"


def _compare(shop: ShopMonth, by_sql: tuple[int | None, bool], evaluation: Evaluation) -> None:
    decided = (
        (None, True)
        if evaluation.refusal is not None
        else (evaluation.result["required_fen"], False)
    )
    if decided != (None if by_sql[1] else by_sql[0], by_sql[1]):
        raise RuleRefused(
            "evaluators_disagree",
            where=f"shop:{shop.shop_id}",
            zh="集合计算与逐户计算的结果不一致，本月调整已停止，未做任何改动；请检查规则包。",
            en="the set evaluation and the single one disagree; the month's adjustment stopped and "
            "changed nothing: check the rulebook",
        )
