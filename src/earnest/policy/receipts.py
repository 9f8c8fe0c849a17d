"""Receipts: what a decision was taken from, enough to take it again and compare every byte."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from earnest.kernel.hashing import canonical_json

if TYPE_CHECKING:
    from earnest.policy.pack import Pack

ENGINE_VERSION = "1"
"""Raised when the same pack and facts could give another result or another trace."""


@dataclass(frozen=True)
class Receipt:
    """The proof of one decision. All values are plain data: days as ISO text, money in fen.

    Attributes:
        instruments: the acts whose values were used.
        assumed: the parameters and tables used whose values the source lost.
        refusal: why no answer was given; None when one was.
    """

    pack_hash: str
    engine_version: str
    rulebook: str
    decision: str
    governing_on: str | None
    instruments: list[str]
    facts: dict[str, Any]
    facts_hash: str
    result: dict[str, Any]
    result_hash: str
    clauses: list[str]
    modality: str
    assumed: list[str]
    refusal: dict[str, str] | None
    trace_hash: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON."""
        return asdict(self)

    def as_json(self) -> str:
        """Return its one text form."""
        return canonical_json(self.as_dict())

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Receipt":
        """Read it back from plain data."""
        return cls(**data)


def replay(receipt: dict[str, Any], pack: "Pack") -> list[str]:
    """Take the decision of a receipt again and return every difference; none when it is equal.

    Raises:
        BadInput: the pack has no such decision, or the receipt's facts do not fit it.
    """
    again = pack.evaluate(receipt["decision"], receipt["facts"]).receipt().as_dict()
    return [
        f"{name}: {canonical_json(receipt.get(name))} -> {canonical_json(again.get(name))}"
        for name in sorted({*receipt, *again})
        if canonical_json(receipt.get(name)) != canonical_json(again.get(name))
    ]
