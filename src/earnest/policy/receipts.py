"""Receipts: what a decision was taken from, enough to take it again and compare every byte."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from earnest.kernel.hashing import canonical_json
from earnest.policy.reading import Reading

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
        reading: what differs from the plain reading of the text; empty for the plain one.
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
    reading: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data for JSON; ``reading`` only where it is not the plain one."""
        data = dict(vars(self))
        if not self.reading:
            del data["reading"]
        return data

    def as_json(self) -> str:
        """Return its one text form."""
        return canonical_json(self.as_dict())

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Receipt":
        """Read it back from plain data."""
        return cls(**data)


def replay(receipt: dict[str, Any], pack: "Pack") -> list[str]:
    """Take the decision of a receipt again and return every difference; none when it is equal.

    The pack is read as it was for the receipt, whatever reading is given here.

    Raises:
        BadInput: the pack has no such decision or reading, or the receipt's facts do not fit it.
    """
    read = pack.read_as(Reading.from_dict(receipt.get("reading", {})))
    again = read.evaluate(receipt["decision"], receipt["facts"]).receipt().as_dict()
    if canonical_json(receipt) == canonical_json(again):  # so it nearly always is
        return []
    return [
        f"{name}: {canonical_json(receipt.get(name))} -> {canonical_json(again.get(name))}"
        for name in sorted({*receipt, *again})
        if canonical_json(receipt.get(name)) != canonical_json(again.get(name))
    ]
