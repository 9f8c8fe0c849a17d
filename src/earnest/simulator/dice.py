"""Chance that repeats: every draw is named by the seed and by whose draw it is.

Two kinds. :func:`draw` gives one number for one named trait of one entity (a shop's category, a
provider's rate), from a hash of its name. :class:`Dice` gives a table of draws, one row per order
and one column per purpose, each entity's rows from its own PCG64 stream. An entity's draws hang
on nothing but the seed and its own key: more shops, or another order in which they are visited,
change nothing for the ones that were there. Everything is whole numbers; no float is drawn.
"""

import hashlib
from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PPM = 1_000_000
_FACES_BITS = 32


def _key_of(seed: int, key: Sequence[str | int]) -> int:
    text = "\x1f".join(str(part) for part in (seed, *key))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def draw(seed: int, *key: str | int, below: int) -> int:
    """Return the number in ``[0, below)`` that this named trait has under this seed."""
    return _key_of(seed, key) % below


def draw_between(seed: int, *key: str | int, low: int, high: int) -> int:
    """Return the number from low to high, both included, that this named trait has."""
    return low + draw(seed, *key, below=high - low + 1)


class Dice:
    """A table of draws: one row per thing, one column per purpose.

    Row ``n`` of an entity is the same however many rows are rolled after it.
    """

    def __init__(self, faces: npt.NDArray[np.uint32], purposes: Sequence[str]) -> None:
        self._faces = faces
        self._columns = {purpose: index for index, purpose in enumerate(purposes)}

    @classmethod
    def rolled(
        cls, seed: int, entities: Sequence[tuple[str | int, ...]], counts: Ints, purposes: list[str]
    ) -> Self:
        """Roll ``counts[i]`` rows for each entity key, one entity's rows after the other's."""
        ends = np.cumsum(counts)
        faces = np.empty((int(ends[-1]) if len(ends) else 0, len(purposes)), dtype=np.uint32)
        for entity, count, end in zip(entities, counts.tolist(), ends.tolist(), strict=True):
            if count:
                stream = np.random.Generator(np.random.PCG64(_key_of(seed, entity)))
                shape = (count, len(purposes))
                faces[end - count : end] = stream.integers(
                    0, 1 << _FACES_BITS, size=shape, dtype=np.uint32
                )
        return cls(faces, purposes)

    def below(self, purpose: str, bound: int | Ints) -> Ints:
        """Return whole numbers in ``[0, bound)``, row by row."""
        face = self._faces[:, self._columns[purpose]].astype(np.int64)
        return (face * bound) >> _FACES_BITS

    def between(self, purpose: str, low: int, high: int) -> Ints:
        """Return whole numbers from low to high, both included."""
        return low + self.below(purpose, high - low + 1)

    def chance(self, purpose: str, ppm: int | Ints) -> Flags:
        """Return true for about ``ppm`` of a million rows."""
        return self.below(purpose, PPM) < ppm

    def rows(self, chosen: Flags | Ints) -> "Dice":
        """Return the dice of the chosen rows."""
        return Dice(self._faces[chosen], list(self._columns))


def _ranked(groups: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Return the order of group and time, and where in that order each group begins."""
    order = np.lexsort((at, groups))
    sorted_groups = groups[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = sorted_groups[1:] != sorted_groups[:-1]
    return order, np.flatnonzero(first)


def by_quota(groups: Ints, at: Ints, ppm: Ints) -> Flags:
    """Mark rows so that each group's share follows its rate to within one row.

    The rates of a group's rows are added up in the order of time; a row is marked whenever the sum
    passes another whole row. A provider that is meant to be late in 1.2 % of its orders is then
    late in exactly that many, rounded down, and not by bad luck in three of its first forty.

    Takes: the group and the instant of each row, and the rate of each row in parts per million.
    Gives: one flag per row.
    """
    order, begins = _ranked(groups, at)
    sorted_ppm = ppm[order]
    running = np.cumsum(sorted_ppm)
    before = running[begins] - sorted_ppm[begins]
    running = running - np.repeat(before, np.diff(np.append(begins, len(order))))
    marks = np.empty(len(order), dtype=np.bool_)
    marks[order] = running // PPM != (running - sorted_ppm) // PPM
    return marks


def evenly(groups: Ints, at: Ints, ppm: Ints, most_ppm: Ints) -> Flags:
    """Mark about ``ppm`` of each group's rows, evenly in time and never above ``most_ppm``.

    A month's marks stand in the middle of equal stretches, so that no window of the month's length
    catches those of two months. The rates are the same in all rows of a group.
    """
    order, begins = _ranked(groups, at)
    sizes = np.diff(np.append(begins, len(order)))
    wanted = (sizes * ppm[order][begins] + PPM // 2) // PPM
    marked = np.minimum(wanted, sizes * most_ppm[order][begins] // PPM)
    rank = np.arange(len(order)) - np.repeat(begins, sizes)
    rows, count = np.repeat(sizes, sizes), np.repeat(marked, sizes)
    passed = (2 * count * (rank + 1) + rows) // (2 * rows)
    marks = np.empty(len(order), dtype=np.bool_)
    marks[order] = passed != (2 * count * rank + rows) // (2 * rows)
    return marks
