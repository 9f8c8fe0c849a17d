"""How a gate is printed: one row for each condition, and one for what comes of it."""

from typing import Any

from earnest.cases.checks import Check


def check_printed(check: Check) -> list[dict[str, Any]]:
    """Return a check's conditions as rows, the sum of them last."""
    rows: list[dict[str, Any]] = [
        {
            "condition": row.name,
            "holds": "yes" if row.holds else "no",
            "clause": row.clause,
            "zh": row.zh,
            "en": row.en,
        }
        for row in check.rows
    ]
    return [
        *rows,
        {
            "condition": "amount_fen",
            "holds": "yes" if check.allowed else "no",
            "clause": check.evaluation.clause,
            "zh": str(check.amount_fen),
            "en": str(check.amount_fen),
        },
    ]
