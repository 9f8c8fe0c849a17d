"""Which of a figure's dimensions are recorded as rows of their own."""

from earnest.measures import MEASURES
from earnest.measures.definition import Figure


def split_of(figure: Figure) -> dict[str, int]:
    """Return the numerator by value of the measure's split; empty for a measure without one."""
    definition = MEASURES.get(figure.measure)
    split = figure.dimensions.get(definition.split) if definition and definition.split else None
    return split if isinstance(split, dict) else {}
