"""Quotients as whole numbers, rounded the way a rule says."""

DOWN = "down"
UP = "up"
NEAREST = "nearest"
ROUNDINGS = (DOWN, UP, NEAREST)
"""Towards minus infinity (the default), towards plus infinity, to the nearer one (halves up)."""


def quotient(number: int, whole: int, rounding: str) -> int:
    """Divide exactly and round once; ``whole`` is larger than zero.

    >>> quotient(-7, 2, "down"), quotient(-7, 2, "up"), quotient(-7, 2, "nearest")
    (-4, -3, -3)
    """
    if rounding == UP:
        return -(-number // whole)
    if rounding == NEAREST:
        return (2 * number + whole) // (2 * whole)
    return number // whole
