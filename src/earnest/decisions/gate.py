"""What no decision may rest on: a draft; and, where money moves, a value nobody has confirmed."""

from collections.abc import Iterable
from datetime import datetime

from earnest.decisions.models import Decision
from earnest.kernel.errors import RuleRefused
from earnest.policy import Reading, Receipt
from earnest.rulebooks.assumptions import listed
from earnest.rulebooks.packs import edition_keep, edition_of
from earnest.rulebooks.queries import confirmed_keys, unconfirmed_in

MONEY_OUTCOMES = frozenset({"set", "raise", "lower", "transfer_from_proceeds"})


def editions_keep(receipts: Iterable[Receipt], now: datetime) -> None:
    """Keep the editions that receipts rest on, and refuse receipts that rest on no law.

    Raises:
        RuleRefused: a receipt was made with drafts deciding, or in another reading of an open
            choice; those are for trying out.
        NotFound: a receipt's text is no edition of a rulebook, but a draft or something else.
    """
    several = list(receipts)
    for receipt in several:
        reading = Reading.from_dict(receipt.reading)
        if reading.drafts or reading.choices:
            raise RuleRefused(
                "draft_cited", where=f"{receipt.rulebook}/{receipt.decision}",
                zh="草案或试用的解释不能作为决定的依据；请用已公布的版本判定。",
                en="no decision rests on a draft or on a choice that is only tried out; decide by "
                "the published edition",
            )  # fmt: skip
    for pack_hash in {receipt.pack_hash for receipt in several}:
        edition_keep(edition_of(pack_hash), now)


def moves_money(outcome: str, money_fen: int) -> bool:
    """Tell whether an outcome takes or moves money, or changes the deposit that must be held."""
    return money_fen > 0 or outcome in MONEY_OUTCOMES


def money_must_be_confirmed(decision: Decision) -> None:
    """Let no money move on a value that the source lost and nobody here has confirmed.

    Raises:
        RuleRefused: code ``assumed_unconfirmed``, with the values and the commands to confirm them.
    """
    if not moves_money(decision.outcome, decision.money_fen):
        return
    missing = unconfirmed_in(decision.receipt, decision.trace, confirmed_keys(decision.tenant_id))
    if missing:
        commands = "; ".join(
            f"earnest confirm give {each.rulebook} {each.element} --from {each.since}"
            for each in missing
        )
        raise RuleRefused(
            "assumed_unconfirmed", where=str(decision.id),
            zh=f"涉及资金的决定依据了尚未确认的示例值：{listed(missing)}；请先确认：{commands}",
            en=f"this moves money and rests on sample values that nobody has confirmed: "
            f"{listed(missing)}; confirm them first: {commands}",
        )  # fmt: skip
