"""Amounts and times as Alipay writes them: yuan with two decimals, Shanghai time without zone."""

from datetime import datetime

from earnest.kernel.calendar import MARKET_ZONE
from earnest.kernel.errors import BadInput
from earnest.kernel.money import FEN_PER_YUAN, fen_of_yuan

_STAMP = "%Y-%m-%d %H:%M:%S"


def yuan_of(amount_fen: int) -> str:
    """Write an amount as the institution wants it, without separators.

    Raises:
        BadInput: when it is not more than 0.

    >>> yuan_of(250000)
    '2500.00'
    """
    if amount_fen <= 0:
        raise BadInput(
            "alipay_amount_not_positive",
            where=str(amount_fen),
            zh="金额必须大于零。",
            en="the amount must be more than 0",
        )
    whole, cents = divmod(amount_fen, FEN_PER_YUAN)
    return f"{whole}.{cents:02d}"


def fen_given(text: object) -> int | None:
    """Read an amount out of an answer; None when there is none or it is no amount."""
    try:
        return fen_of_yuan(str(text))
    except ValueError:
        return None


def stamp_of(now: datetime) -> str:
    """Write an instant as the institution's time stamp."""
    return now.astimezone(MARKET_ZONE).strftime(_STAMP)


def instant_given(text: object) -> datetime | None:
    """Read a time stamp out of an answer; None when there is none or it is none."""
    try:
        return datetime.strptime(str(text), _STAMP).replace(tzinfo=MARKET_ZONE)
    except ValueError:
        return None
