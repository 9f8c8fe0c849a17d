"""Rows of the table of rights for charges and goods: the thing that is named is not there."""

from typing import NamedTuple

OPERATORS = ("rule", "risk", "finance", "service", "auditor", "admin")
PARTIES = ("provider", "merchant")
READERS = (*OPERATORS, *PARTIES)
PROVIDERS = (*OPERATORS, "provider")
REVIEWERS = ("risk", "service", "admin")
DECIDERS = ("risk", "finance", "admin")
NO_PLAN, NO_NOTICE = "/charging/plans/F404", "/goods/notices/G404"
PLAN = {
    "app": "A", "plan_code": "c", "version": "1", "name_zh": "n", "adds": "a", "base_keeps": "b",
    "price_fen": 1, "period": "month", "wording_here": "w", "wanted_on": "2025-09-05",
}  # fmt: skip
OFFER = {
    "provider_id": "P404", "app": "A", "plan_code": "c", "side": "1688", "wording": "w",
    "seen_at": "2025-09-05T10:00:00+08:00",
}  # fmt: skip
FINDING = {
    "provider_id": "P404", "thing": "listing", "thing_id": "L1", "kind": "exaggeration",
    "happened_on": "2025-09-05",
}  # fmt: skip
NOTICE = {"provider_id": "P404", "reason": "screening", "goods": ["I1"]}
SAMPLING = {"provider_id": "P404", "seed": "s"}


class Row(NamedTuple):
    """The fields of an operation, in their order."""

    method: str
    template: str
    path: str
    roles: tuple[str, ...]
    body: object = None
    status: int = 200


def _missing(template: str, path: str, roles: tuple[str, ...], body: object = None) -> Row:
    return Row("post", template, path, roles, body, 404)


CHARGING_ROWS = (
    Row("get", "/charging/plans", "/charging/plans", PROVIDERS),
    Row("get", "/charging/plans/{number}", NO_PLAN, READERS, None, 404),
    Row("post", "/charging/plans", "/charging/plans", ("provider",), {**PLAN, "app": ""}, 422),
    *(
        _missing(f"/charging/plans/{{number}}/{act}", f"{NO_PLAN}/{act}", roles, body)
        for act, roles, body in (
            ("amend", PARTIES, PLAN),
            ("file", PARTIES, None),
            ("withdraw", PARTIES, {"reason": "r"}),
            ("take", REVIEWERS, None),
            ("review", REVIEWERS, {"verdict": "refuse"}),
            ("settle", DECIDERS, {"agrees": True}),
        )
    ),
    _missing("/charging/offers", "/charging/offers", REVIEWERS, OFFER),
    Row("get", "/charging/differences", "/charging/differences", OPERATORS),
)
GOODS_ROWS = (
    *(
        Row("get", f"/goods/{name}", f"/goods/{name}", PROVIDERS)
        for name in ("notices", "samplings", "takedowns")
    ),
    _missing("/goods/notices", "/goods/notices", REVIEWERS, NOTICE),
    Row("get", "/goods/notices/{number}", NO_NOTICE, READERS, None, 404),
    _missing("/goods/notices/{number}/down", f"{NO_NOTICE}/down", PARTIES, {"goods": ["I1"]}),
    _missing("/goods/samplings", "/goods/samplings", REVIEWERS, SAMPLING),
    _missing(
        "/goods/samplings/{number}/{place}/retest", "/goods/samplings/Q404/1/retest", PARTIES,
        {"reason": "r"},
    ),
    Row("get", "/goods/findings", "/goods/findings", OPERATORS),
    _missing("/goods/findings", "/goods/findings", REVIEWERS, FINDING),
    Row("post", "/goods/screening", "/goods/screening", READERS, {"text": "t"}),
)  # fmt: skip
