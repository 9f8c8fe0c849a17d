"""Money as whole fen (1 yuan = 100 fen). No float ever holds an amount."""

import re

FEN_PER_YUAN = 100
FEN_MAX = 2**63 - 1
_YUAN = re.compile(r"^(-?)(\d{1,15})(?:\.(\d{1,2}))?$", re.ASCII)


def fen_of_yuan(text: str | int) -> int:
    """Read an amount written in yuan, with at most two decimals, as fen.

    Raises:
        ValueError: when the text is not such an amount.

    >>> fen_of_yuan("2500"), fen_of_yuan("0.5"), fen_of_yuan(10000)
    (250000, 50, 1000000)
    """
    match = _YUAN.match(str(text))
    if match is None:
        raise ValueError(f"{text!r} is not an amount in yuan with at most two decimals")
    sign, whole, cents = match.groups()
    fen = int(whole) * FEN_PER_YUAN + int((cents or "0").ljust(2, "0"))
    return -fen if sign else fen


def yuan(fen: int) -> str:
    """Write fen as yuan with two decimals and thousands separators.

    >>> yuan(3000000), yuan(-5)
    ('30,000.00', '-0.05')
    """
    sign = "-" if fen < 0 else ""
    whole, cents = divmod(abs(fen), FEN_PER_YUAN)
    return f"{sign}{whole:,}.{cents:02d}"


def percent(numerator: int, denominator: int, places: int = 2) -> str:
    """Write an exact rate as a percentage, cut off (never rounded up to a threshold).

    >>> percent(969, 1000), percent(96999, 100000), percent(1, 0)
    ('96.90%', '96.99%', '-')
    """
    if denominator == 0:
        return "-"
    scale: int = 10**places
    units = numerator * 100 * scale // denominator
    return f"{units // scale}.{units % scale:0{places}d}%" if places else f"{units}%"
