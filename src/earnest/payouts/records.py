"""What is asked of the room and what it tells, as plain values. Amounts are whole fen."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from earnest.market.queries import Subject

Purpose = Literal["excess_withdrawal", "exit_refund", "compensation", "overpayment"]

# What a payee reads at the institution, in its language; and the same for us.
PURPOSES: dict[str, tuple[str, str]] = {
    "excess_withdrawal": ("保证金超额提取", "withdrawal of excess deposit"),
    "exit_refund": ("保证金退回", "refund of the deposit on exit"),
    "compensation": ("赔付", "compensation"),
    "overpayment": ("多付款退回", "return of an overpayment"),
}
ROUTES = ("verified_account", "original_route")


@dataclass(frozen=True)
class NewPayout:
    """Money that a decision sends out.

    Attributes:
        subject: whose matter it is; on the route ``verified_account`` also who is paid.
        purpose: see ``PURPOSES``.
        from_account: code of the ledger account that pays, such as ``deposit:shop:S0001``.
        amount_fen: more than 0.
        route: ``verified_account``, or ``original_route``: back through the payment in.
        clause: id of the clause that orders or allows it.
        rulebook: name of the pack that the clause stands in.
        decision_id: the decision behind it; it sends money once.
        actor: who asked for it; empty for the system.
        destination: on the original route, our number of the payment in; else empty.
        rail: where it goes out; empty for that of the account verified last, and on the original
            route for that of payments in.
    """

    subject: Subject
    purpose: str
    from_account: str
    amount_fen: int
    route: str
    clause: str
    rulebook: str
    decision_id: UUID
    actor: str = ""
    destination: str = ""
    rail: str = ""


@dataclass
class PayoutRun:
    """What one look at the due parts did, by our numbers; a part can stand in several lists."""

    submitted: list[str] = field(default_factory=list)
    queried: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    held_back: list[str] = field(default_factory=list)
    succeeded: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    attention: list[str] = field(default_factory=list)
