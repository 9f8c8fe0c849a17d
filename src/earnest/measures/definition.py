"""What a measure is and what it yields. It counts; it knows no threshold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

from earnest.kernel.hashing import sha256_hex

By = Literal["provider", "shop", "category", "all"]
State = Literal["final", "provisional", "not_assessable"]

BY_CODES: Final[dict[str, int]] = {"all": 0, "provider": 1, "shop": 2, "category": 3}
"""The kinds of subject and the integers by which the SQL texts know them."""

ALL: Final = "all"
"""The only subject when figures are taken over everybody."""


@dataclass(frozen=True)
class Parameter:
    """A whole number that a measure needs from its caller.

    Attributes:
        name: its name, also in the SQL text.
        pack_parameter: the parameter of the rulebook that holds it.
        zh: what it is, in Chinese.
        en: the same in English.
        default: taken when the caller gives none; without one the caller must.
    """

    name: str
    pack_parameter: str
    zh: str
    en: str
    default: int | None = None


@dataclass(frozen=True)
class Percentile:
    """A percentile by nearest rank over whole numbers, told among a figure's dimensions.

    The smallest value such that ``per_hundred`` of a hundred lie at or below it: exact integers,
    the same on any engine.

    Attributes:
        name: its name among the dimensions.
        value: the column that holds the value, such as a duration or the upper edge of a bucket.
        weight: the column that says how many stand at that value; 0 leaves a row out.
        per_hundred: which percentile.
    """

    name: str
    value: str
    weight: str
    per_hundred: int = 95


@dataclass(frozen=True)
class Measure:
    """One measure: its SQL text and what one must know to run and read it.

    Attributes:
        name: its name.
        text_file: file of the SQL text, beside this module; several clocks share one.
        tables: the files it reads: fact streams and event streams.
        entity: name of what one contribution is about, such as ``order_id``.
        clauses: ids of the clauses that define it.
        zh: what it counts, in Chinese.
        en: the same in English.
        unit: ``share`` (numerator of denominator), ``tenths`` (score points) or ``fen``.
        by: the kinds of subject it can be taken by.
        parameters: what the caller must give.
        constants: integers that choose a branch of the SQL text.
        dimensions: further columns that are summed into the figure's dimensions.
        largest: further columns of which the figure's dimensions keep the greatest value.
        split: a column whose values split the numerator in the figure's dimensions.
        parts: a column by whose values numerator and denominator are told among the dimensions, as
            ``<column>_met`` and ``<column>_of``; a ``day_us`` is told as a day.
        percentile: a percentile told among the dimensions.
        maturation_us: how long after the window's end a figure becomes final.
    """

    name: str
    text_file: str
    tables: tuple[str, ...]
    entity: str
    clauses: tuple[str, ...]
    zh: str
    en: str
    unit: Literal["share", "tenths", "fen"] = "share"
    by: tuple[str, ...] = ("provider", "shop", "category", "all")
    parameters: tuple[Parameter, ...] = ()
    constants: Mapping[str, int] = field(default_factory=dict)
    dimensions: tuple[str, ...] = ()
    largest: tuple[str, ...] = ()
    split: str = ""
    parts: str = ""
    percentile: Percentile | None = None
    maturation_us: Callable[[Mapping[str, int]], int] = field(default=lambda _: 0)

    @cached_property
    def sql(self) -> str:
        """The text that yields its contributions."""
        return (Path(__file__).parent / self.text_file).read_text(encoding="utf-8")

    @cached_property
    def formula_hash(self) -> str:
        """SHA-256 of the text."""
        return sha256_hex(self.sql)


@dataclass(frozen=True)
class Figure:
    """What a measure says of one subject, as exact integers.

    Attributes:
        subject_kind: provider, shop, category or all.
        subject: its id; ``all`` for everybody.
        measure: name of the measure.
        numerator: what counts (hits, score points in tenths times weight, fen).
        denominator: out of what; 1 for an amount; 0 means that there is no rate.
        sample: how many orders, requests or respondents stand behind it.
        pending: how many are too young to be judged; they are in neither number.
        window_from: first market day.
        window_to: last market day, included.
        cutoff_at: the as-of instant.
        state: final, provisional or not_assessable.
        dimensions: further sums, see the measure.
        formula_hash: of the SQL text.
    """

    subject_kind: str
    subject: str
    measure: str
    numerator: int
    denominator: int
    sample: int
    pending: int
    window_from: date
    window_to: date
    cutoff_at: datetime
    state: State
    dimensions: dict[str, int | dict[str, int]]
    formula_hash: str
