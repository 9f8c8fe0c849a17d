"""What the amount of a deduction is computed from: orders, fakes, the platform's loss, an amount.

Lists come from files and forms, so each row is checked here, and an error names row and field.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from earnest.kernel.errors import BadInput
from earnest.kernel.money import FEN_MAX
from earnest.policy import Evaluation, Pack

ORDERS, FAKES, LOSS, AMOUNT = "orders", "fakes", "loss", "amount"
KINDS: Final = (ORDERS, FAKES, LOSS, AMOUNT)
ROWS_MAX: Final = 10_000
LOSS_PARTS: Final = ("damages_fen", "court_fen", "lawyers_fen", "penalty_fen")
DECISIONS: Final = {
    ORDERS: ("order_compensation", "breached_on", "compensation_fen"),
    FAKES: ("fake_goods_payment", "found_on", "payment_fen"),
    LOSS: ("platform_loss", "breached_on", "amount_due_fen"),
}
"""Of each kind the pack's decision, the fact that governs it, and the result that is due."""


@dataclass(frozen=True)
class Basis:
    """What an amount is computed from, checked.

    Attributes:
        kind: ``orders``, ``fakes``, ``loss`` or ``amount``.
        content: ``{"orders": [{"paid_fen", "failure"}]}``; ``{"orders": [{"paid_fen",
            "ordered_on"}]}`` for fakes, with days as dates; the four parts of a loss in fen; or
            ``{"amount_fen"}``.
    """

    kind: str
    content: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is kept with a case."""
        return {"kind": self.kind, **self.content}


def basis_read(kind: str, given: object) -> Basis:
    """Read what an amount is computed from, as a file or a form gives it.

    Takes:
        given: a list of rows for ``orders`` and ``fakes``; the parts by their names for ``loss``,
            left-out ones being 0; whole fen for ``amount``.

    Raises:
        BadInput: with row and field, such as ``row 3, paid_fen``.
    """
    match kind:
        case "orders":
            return Basis(kind, {"orders": _rows(given, {"paid_fen": _paid, "failure": _word})})
        case "fakes":
            return Basis(kind, {"orders": _rows(given, {"paid_fen": _paid, "ordered_on": _day})})
        case "loss":
            return Basis(kind, _loss(given))
        case "amount":
            return Basis(kind, {"amount_fen": _paid(given, "amount_fen")})
        case _:
            raise _wrong(
                "kind", f"依据只能是 {'、'.join(KINDS)}", f"the basis is one of {', '.join(KINDS)}"
            )


def basis_kept(kept: Mapping[str, Any]) -> Basis:
    """Read a basis back from the facts of a case."""
    content = {name: value for name, value in kept.items() if name != "kind"}
    given: object = content
    if kept["kind"] in (ORDERS, FAKES):
        given = content["orders"]
    elif kept["kind"] == AMOUNT:
        given = content["amount_fen"]
    return basis_read(kept["kind"], given)


def amount_evaluated(pack: Pack, basis: Basis, breached_on: date, found_on: date) -> Evaluation:
    """Let the pack compute an amount; a bare ``amount`` has nothing to compute.

    Raises:
        ValueError: the basis is an amount.
    """
    if basis.kind == AMOUNT:
        raise ValueError("an amount is not computed")
    decision, governed_by, _ = DECISIONS[basis.kind]
    on = found_on if governed_by == "found_on" else breached_on
    return pack.evaluate(decision, {governed_by: on, **basis.content})


def amount_due(basis: Basis, evaluation: Evaluation | None) -> int:
    """Return what is due in fen, by the evaluation of its basis or as it was given."""
    if evaluation is None:
        return int(basis.content["amount_fen"])
    return int(str(evaluation.result[DECISIONS[basis.kind][2]]))


def _wrong(where: str, zh: str, en: str) -> BadInput:
    return BadInput("deduction_basis_wrong", where=where, zh=f"{zh}。", en=en)


def _rows(
    given: object, fields: Mapping[str, Callable[[object, str], Any]]
) -> list[dict[str, Any]]:
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise _wrong("rows", "须为至少一行的列表", "give a list with at least one row")
    if len(given) > ROWS_MAX:
        raise _wrong("rows", f"最多 {ROWS_MAX} 行", f"at most {ROWS_MAX} rows")
    rows: list[dict[str, Any]] = []
    for number, row in enumerate(given, 1):
        if not isinstance(row, Mapping):
            raise _wrong(f"row {number}", "每行须为一个对象", "a row is an object")
        if unknown := sorted(set(row) - set(fields)):
            place = f"row {number}, {unknown[0]}"
            raise _wrong(place, f"没有这个字段；字段为 {'、'.join(fields)}",
                         f"there is no such field; the fields are {', '.join(fields)}")  # fmt: skip
        rows.append(
            {name: read(row.get(name), f"row {number}, {name}") for name, read in fields.items()}
        )
    return rows


def _loss(given: object) -> dict[str, int]:
    if not isinstance(given, Mapping) or set(given) - set(LOSS_PARTS):
        raise _wrong(
            "loss",
            f"损失各项为 {'、'.join(LOSS_PARTS)}",
            f"the parts of a loss are {', '.join(LOSS_PARTS)}",
        )
    return {name: _fen(given.get(name, 0), name) for name in LOSS_PARTS}


def _fen(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= FEN_MAX:
        raise _wrong(where, "须为不小于零的整数（分）", "write whole fen, 0 or more")
    return value


def _paid(value: object, where: str) -> int:
    if not _fen(value, where):
        raise _wrong(where, "须大于零", "it must be more than 0")
    return _fen(value, where)


def _word(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _wrong(where, "不能为空", "it must not be empty")
    return value.strip()


def _day(value: object, where: str) -> date:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise _wrong(where, "日期须写作 YYYY-MM-DD", "write a day as YYYY-MM-DD") from None
