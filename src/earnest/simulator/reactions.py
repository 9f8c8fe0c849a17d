"""How parties answer a shortage: who pays in, when and how much. Pure and repeatable."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from earnest.kernel.calendar import Month
from earnest.kernel.errors import BadInput
from earnest.kernel.hashing import digest
from earnest.kernel.money import FEN_PER_YUAN
from earnest.simulator.behaviours import Behaviour, Part, Payer
from earnest.simulator.dice import draw_between
from earnest.simulator.market import Market
from earnest.simulator.payments import Payment, money_events, paid_at_us, rail_of

_FAST_DAYS = (2, 5)
_SLOW_FIRST_DAYS = (12, 16)
_SLOW_SECOND_DAYS = (17, 20)


def _payer_in(part: Part, month: Month) -> Payer:
    """Return how a provider pays after the cycle of a month; a declining one only once."""
    given_up = part.behaviour is Behaviour.DECLINING and (part.turn is None or month > part.turn)
    return Payer.NEVER if given_up else part.payer


def _payer_of(market: Market, month: Month, kind: str, subject: str) -> Payer:
    if kind == "provider" and subject in market.providers_by_id:
        return _payer_in(market.providers_by_id[subject].part, month)
    if kind == "shop" and subject in market.shops_by_id:
        return market.shops_by_id[subject].payer
    raise BadInput(
        "simulator_subject",
        where=f"{kind} {subject}",
        zh=f"模拟市场里没有这个主体：{kind} {subject}。请用同一种子和规模生成市场。",
        en=f"the simulated market has no {kind} {subject}; use the market of the same seed and "
        "size.",
    )


def _parts(seed: int, payer: Payer, key: str, shortfall_fen: int) -> Iterable[tuple[int, int]]:
    """Yield days after the notice and amount of each payment."""
    if payer is Payer.FAST:
        yield draw_between(seed, key, "days", low=_FAST_DAYS[0], high=_FAST_DAYS[1]), shortfall_fen
    elif payer is Payer.SLOW:
        half_fen = min(-(-shortfall_fen // (2 * FEN_PER_YUAN)) * FEN_PER_YUAN, shortfall_fen)
        low, high = _SLOW_FIRST_DAYS
        yield draw_between(seed, key, "days", low=low, high=high), half_fen
        if half_fen < shortfall_fen:
            low, high = _SLOW_SECOND_DAYS
            rest_fen = shortfall_fen - half_fen
            yield draw_between(seed, key, "more days", low=low, high=high), rest_fen


def _answers(market: Market, month: Month, notice: dict[str, Any]) -> Iterable[Payment]:
    kind, subject = str(notice["subject_kind"]), str(notice["subject"])
    on, shortfall_fen = notice["on"], int(notice["shortfall_fen"])
    payer = _payer_of(market, month, kind, subject)
    if shortfall_fen <= 0:
        return
    seed = market.era.seed
    facts = {"kind": kind, "subject": subject, "on": on, "shortfall_fen": shortfall_fen}
    key = digest({**facts, "seed": seed})
    for index, (days, amount_fen) in enumerate(_parts(seed, payer, key, shortfall_fen), start=1):
        ref = f"TOP-{subject}-{key[:12]}-{index}"
        day: date = on + timedelta(days=days)
        yield Payment(
            rail=rail_of(seed, kind, subject),
            rail_ref=ref,
            amount_fen=amount_fen,
            account="deposit",
            subject=(kind, subject),
            at_us=paid_at_us(seed, ref, day),
        )


def reactions(market: Market, month: Month, notices: Sequence[dict[str, Any]]) -> pa.Table:
    """Return the payments that follow the shortages found by a month's cycle.

    Fast payers pay all within 2 to 5 days, slow ones half after 12 to 16 days and the rest after 17
    to 20, others nothing. The same notices give the same rows, so a second run adds none.

    Takes: notices, each with ``subject_kind`` (provider or shop), ``subject``, ``shortfall_fen``
    and ``on`` (the day of the notice). Gives: rows of the stream ``money_event``.

    Raises:
        BadInput: when a subject is not in the market.
    """
    return money_events(
        payment for notice in notices for payment in _answers(market, month, notice)
    )
