"""A recovery as a bar: what came from where, and what is still to come."""

from dataclasses import dataclass

from earnest.console.bars import Bar, bars_of
from earnest.console.texts import text, word
from earnest.deposits.models import Recovery, RecoveryStep

SOURCE_TONES = {
    "deposit": "blue",
    "proceeds": "cyan",
    "merchant": "green",
    "advance": "amber",
    "claim": "red",
}


@dataclass(frozen=True)
class RecoveryRow:
    """A recovery with its bar, its steps, and what of it is still to come."""

    recovery: Recovery
    rest_fen: int
    bars: list[Bar]
    steps: list[RecoveryStep]


def recovery_row(recovery: Recovery, rest_fen: int) -> RecoveryRow:
    """Return a recovery as pages show it: the sources in the order of the waterfall."""
    steps = sorted(recovery.steps.all(), key=lambda step: (step.at, step.pk))
    sums: dict[str, int] = dict.fromkeys(SOURCE_TONES, 0)
    for step in steps:
        sums[step.source] = sums.get(step.source, 0) + step.amount_fen
    parts = [
        (word("source", source), amount, SOURCE_TONES.get(source, "grey"))
        for source, amount in sums.items()
        if amount
    ]
    if rest_fen:
        open_word = text("recovery.rest" if recovery.state == "open" else "recovery.not_taken")
        parts.append((open_word, rest_fen, "grey"))
    return RecoveryRow(recovery, rest_fen, bars_of(parts), steps)
