"""Who may open what of charges and goods; the market of the table has no plan, notice or round."""

from collections.abc import Iterable
from uuid import UUID

OPERATORS = ("rule", "risk", "finance", "service", "auditor", "admin")
REVIEWERS = ("risk", "service", "admin")
PARTIES = ("provider", "merchant")
OPEN, FORBIDDEN, MISSING = 200, 403, 404

Route = tuple[str, tuple[object, ...], str, dict[str, int]]


def _but(roles: Iterable[str], **answers: Iterable[str]) -> dict[str, int]:
    """Forbidden to all roles, but ``opened`` to some and ``missing`` to others."""
    named = {"opened": OPEN, "missing": MISSING}
    found = dict.fromkeys(roles, FORBIDDEN)
    return {**found, **{role: named[how] for how, some in answers.items() for role in some}}


def charging_routes(roles: Iterable[str]) -> list[Route]:
    """Return the routes of charging plans and differences."""
    known = tuple(roles)
    own = _but(known, opened=(*OPERATORS, "provider"))
    operators = _but(known, opened=OPERATORS)
    acting = _but(known, missing=("risk", "finance", "service", "admin", *PARTIES))
    lists = ("charging_offers", "charging_differences", "charging_differences_csv")
    return [
        *((name, (), "get", own) for name in ("charging_plans", "charging_csv", "charging_base")),
        *((name, (), "get", operators) for name in lists),
        ("charging_new", (), "get", _but(known, opened=("provider",))),
        ("charging_plan", ("F000009",), "get", _but(known, missing=(*OPERATORS, *PARTIES))),
        ("charging_amend", ("F000009",), "get", _but(known, missing=PARTIES)),
        ("charging_act", ("F000009", "take"), "post", acting),
        ("charging_difference", (UUID(int=0),), "get", _but(known, missing=OPERATORS)),
    ]


def goods_routes(roles: Iterable[str]) -> list[Route]:
    """Return the routes of notices, samplings and findings of goods."""
    known = tuple(roles)
    own = _but(known, opened=(*OPERATORS, "provider"))
    none = _but(known, missing=(*OPERATORS, *PARTIES))
    operators = _but(known, opened=OPERATORS)
    reviewers = _but(known, opened=REVIEWERS)
    lists = ("goods_notices", "goods_csv", "samplings", "goods_figures")
    acting = _but(known, missing=(*REVIEWERS, *PARTIES))
    return [
        *((name, (), "get", own) for name in lists),
        *((name, (), "get", operators) for name in ("goods_findings", "goods_findings_csv")),
        *((name, (), "get", reviewers) for name in ("goods_notice_new", "goods_screening")),
        ("goods_notice", ("G000009",), "get", none),
        ("goods_notice_down", ("G000009",), "post", _but(known, missing=PARTIES)),
        ("sampling", ("Q000009",), "get", none),
        ("sample_act", ("Q000009", 1, "take"), "post", acting),
    ]
