"""Markets made up by a seeded draw, their times crowded around the edges of every clock."""

import random
from typing import Any

from earnest.kernel.calendar import US_PER_HOUR
from tests.measures.scene import Row, Scene, us

NUDGES = (-US_PER_HOUR, -400_000, -1, 0, 0, 1, US_PER_HOUR)
DELAYS = [hours * US_PER_HOUR + nudge for hours in (0, 24, 36, 48, 240) for nudge in NUDGES]
PAYMENTS = [
    us(edge) - back * 24 * US_PER_HOUR + nudge
    for edge in ("2025-08-01 00:00:00", "2025-09-01 00:00:00")
    for back in (0, 1, 2, 10, 12)
    for nudge in NUDGES
]
ANSWERED = ("2025-08-01 00:00:00", "2025-08-31 23:59:59.6", "2025-09-01 00:00:00")


def made_up(seed: int, orders: int) -> Scene:
    """Return the market of a seed: so many orders, and half as many survey answers."""
    rng = random.Random(seed)
    scene = Scene()
    for number in range(orders):
        _order(rng, scene, f"O{number}")
    for number in range(orders // 2):
        answer = scene.answer(
            rng.choice(("R1", "R2", "R3", "R4")),
            rng.choice(("P1", "P2")),
            rng.choice((0, 69, 70, 100)),
            rng.choice(ANSWERED),
            dimension=rng.choice(("商品信息", "商品质量", "overall")),
            version=str(number),
            excluded_reason=rng.choice((None, None, "own staff")),
        )
        if rng.random() < 0.2:
            scene.retract("survey_answer", answer)
    return scene


def _order(rng: random.Random, scene: Scene, order_id: str) -> None:
    paid = rng.choice(PAYMENTS)
    lines = tuple(
        (rng.choice(("P1", "P2")), rng.choice(("C1", "C2")), rng.choice((0, 100, 250)))
        for _ in range(rng.choice((0, 1, 1, 2, 3)))
    )
    scene.order(order_id, paid, shop=rng.choice(("S1", "S2")), lines=lines)
    if rng.random() < 0.2:
        scene.closed(order_id, paid + rng.choice(DELAYS))
    for number in range(rng.choice((0, 1, 1, 2, 3))):
        _parcel(rng, scene, order_id, f"W-{order_id}-{number}", paid)
    for number in range(rng.choice((0, 1, 1, 2))):
        _request(rng, scene, order_id, f"A-{order_id}-{number}", paid)


def _parcel(rng: random.Random, scene: Scene, order_id: str, waybill: str, paid: int) -> None:
    direction = rng.choice(("outbound", "outbound", "return"))
    scene.parcel(
        order_id,
        waybill,
        direction=direction,
        line_no=rng.choice((None, None, "1", "2", "9")) if direction == "outbound" else None,
        replaced_by=rng.choice((None, None, None, None, "yto/other")),
    )
    for node in ("picked_up", "signed", rng.choice(("picked_up", "signed", "in_transit"))):
        if rng.random() < 0.8:
            _doubted(
                rng, scene, "parcel_trace", scene.scan(waybill, node, paid + rng.choice(DELAYS))
            )


def _request(rng: random.Random, scene: Scene, order_id: str, request: str, paid: int) -> None:
    applied = paid + rng.choice(DELAYS)
    more: dict[str, Any] = {
        "aftersale_type": rng.choice(("refund_only", "refund_only", "return_refund", "exchange")),
        "reason_class": rng.choice(("quality", "price", None)),
        "shipped_at_apply": rng.choice((None, None, True, False)),
        "line_no": rng.choice((None, None, "1", "2", "9")),
    }
    row = scene.aftersale(request, order_id, "applied", applied, actor="buyer", **more)
    _doubted(rng, scene, "aftersale_event", row)
    for action in ("agreed", "refused", "refunded", "return_signed", "inspected", "closed"):
        if rng.random() < 0.3:
            actor = rng.choice((None, "buyer", "merchant", "provider", "system", "bot"))
            at = applied + rng.choice(DELAYS)
            step = scene.aftersale(request, order_id, action, at, actor=actor, **more)
            _doubted(rng, scene, "aftersale_event", step)


def _doubted(rng: random.Random, scene: Scene, stream: str, row: Row) -> None:
    """Retract some events and move some by a correction."""
    chance = rng.random()
    if chance < 0.07:
        scene.retract(stream, row)
    elif chance < 0.14:
        time = "node_us" if stream == "parcel_trace" else "occurred_us"
        moved = row[time] + rng.choice(NUDGES)
        changes: Row = {time: moved}
        if row.get("applied_us") is not None:
            changes["applied_us"] = moved
        scene.correct(stream, row, **changes)
