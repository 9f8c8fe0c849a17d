"""What a way for money to go out must be able to do, and what it answers.

A rail only speaks to its institution. It knows no ledger and no table, keeps nothing, and does not
decide what an answer leads to. A rail never raises because of the network: what it cannot tell is
``unknown``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from earnest.kernel.hashing import canonical_json

RailState = Literal["succeeded", "failed", "processing", "unknown", "not_found", "returned"]
TRANSFER = "alipay_transfer"
ORIGINAL_ROUTE = "alipay_trade"
BANK = "bank"
BY_HAND = frozenset({BANK})  # people carry these out; nothing is sent and nothing is asked


@dataclass(frozen=True)
class PartRequest:
    """What the institution is asked to do.

    Attributes:
        business_no: our number; the institution does one thing per number. 32 letters and digits.
        amount_fen: more than 0.
        destination: the payee's user id, or on the original route the number of the payment in.
        payee_name: the name that the account must have; empty on the original route.
        title: what the payee reads, in Chinese.
        remark: the same with the number of the payout.
    """

    business_no: str
    amount_fen: int
    destination: str
    payee_name: str
    title: str
    remark: str


@dataclass(frozen=True)
class RailAnswer:
    """What the institution says of one business number.

    ``succeeded`` and ``failed`` are final words. ``returned``: it had been paid and came back.
    ``processing``: they are at it. ``not_found``: they have never heard of the number.
    ``unknown``: nothing that can be trusted was heard.

    Attributes:
        institution_ref: their own number for it, where they gave one.
        code: theirs, or ours for what went wrong on the way; empty where all went well.
        blame: of a failure, who has to mend it: ``us`` or ``payee``.
        zh: what is wrong and what to do, in Chinese.
        en: the same in English.
        amount_fen: what they say they paid, where they say so.
        raw: the answer's content, kept as evidence.
    """

    state: RailState
    institution_ref: str = ""
    code: str = ""
    blame: str = ""
    zh: str = ""
    en: str = ""
    amount_fen: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


class Rail(Protocol):
    """A way for money to go out."""

    def prepare(self, request: PartRequest) -> bytes:
        """Return the content that will be sent, which is kept and never made again.

        Raises:
            BadInput: when the institution could never take it.
        """

    def submit(self, request: bytes) -> RailAnswer:
        """Send a kept content; sending it again is safe, for the number in it is the same."""

    def query(self, business_no: str) -> RailAnswer:
        """Ask what became of a number."""


def instruction_by_hand(request: PartRequest) -> bytes:
    """Return what a person has to carry out, in the one form that is kept."""
    return canonical_json(
        {
            "business_no": request.business_no,
            "amount_fen": request.amount_fen,
            "account": request.destination,
            "name": request.payee_name,
            "remark": request.remark,
        }
    ).encode()
