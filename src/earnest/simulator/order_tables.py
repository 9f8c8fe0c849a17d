"""The streams that belong to orders, as Arrow tables in the columns of the feed."""

import numpy as np
import pyarrow as pa

from earnest.simulator.cast import CATEGORIES
from earnest.simulator.columns import (
    digit_texts,
    flags,
    lettered,
    order_digits,
    order_ids,
    whole,
    word,
    words,
)
from earnest.simulator.dice import Ints
from earnest.simulator.journey import NEVER, Journeys
from earnest.simulator.requests import (
    ACTORS,
    OUTCOMES,
    REASONS,
    REFUND_ONLY,
    REFUNDED,
    TYPES,
    Requests,
)
from earnest.simulator.trade import Lines

CARRIERS = ("qingyan", "heyue", "nanfeng")
"""Made-up carriers."""

_US_PER_MINUTE = 60_000_000


class PartyIds:
    """The ids of providers and shops by their number."""

    def __init__(self, providers: list[str], shops: list[str]) -> None:
        self._providers, self._shops = providers, shops

    def of_providers(self, numbers: Ints) -> pa.Array:
        """Return the provider ids of these numbers."""
        return words(self._providers, numbers - 1)

    def of_shops(self, numbers: Ints) -> pa.Array:
        """Return the shop ids of these numbers."""
        return words(self._shops, numbers - 1)


def _waybills(lines: Lines, rows: Ints, prefix: str) -> pa.Array:
    digits = order_digits(lines.month, lines.order[rows]) * 10 + lines.line_no[rows]
    return lettered(prefix, digits)


def order_events(lines: Lines, requests: Requests, ids: PartyIds) -> pa.Table:
    """Return one ``paid`` row per order, and one ``closed`` row per order that never shipped."""
    first = np.flatnonzero(lines.first_of_order)
    amounts = np.add.reduceat(lines.amount_fen, first)
    unsent = requests.reason == [each[1] for each in REASONS].index("L01")
    ended = unsent & (requests.type == REFUND_ONLY) & (requests.outcome == REFUNDED)
    closing = np.flatnonzero(ended & (lines.line_no[requests.line] == 1))
    closed = requests.line[closing]
    rows = np.concatenate([first, closed])
    is_closed = np.arange(len(rows)) >= len(first)
    paid_fen = np.concatenate([amounts, amounts[np.searchsorted(first, closed)]])
    at_us = np.concatenate([lines.paid_us[first], requests.handled_us[closing]])
    return pa.table(
        {
            "order_id": order_ids(lines.month, lines.order[rows]),
            "order_kind": word("main", len(rows)),
            "state": words(("paid", "closed"), is_closed.astype(np.int64)),
            "paid_us": whole(lines.paid_us[rows]),
            "amount_payable_fen": whole(paid_fen),
            "amount_paid_fen": whole(paid_fen),
            "freight_fen": whole(np.zeros(len(rows), dtype=np.int64)),
            "shop_id": ids.of_shops(lines.shop[rows]),
            "occurred_us": whole(at_us),
        }
    )


def order_lines(lines: Lines, ids: PartyIds) -> pa.Table:
    """Return one row per order line."""
    item = lines.shop * 1_000 + lines.category * 10 + lines.order % 7
    return pa.table(
        {
            "order_id": order_ids(lines.month, lines.order),
            "line_no": digit_texts(lines.line_no),
            "item_id": lettered("I", item),
            "source_item_id": lettered("G", lines.provider * 1_000 + item % 1_000),
            "sku_id": lettered("K", item * 10 + lines.order % 3),
            "category_id": words(CATEGORIES, lines.category),
            "qty": whole(lines.quantity),
            "unit_price_fen": whole(lines.amount_fen // lines.quantity),
            "line_paid_fen": whole(lines.amount_fen),
            "provider_id": ids.of_providers(lines.provider),
            "shop_id": ids.of_shops(lines.shop),
            "occurred_us": whole(lines.paid_us),
        }
    )


def parcels(lines: Lines, journeys: Journeys, requests: Requests, ids: PartyIds) -> pa.Table:
    """Return one row per parcel: out to the buyer, and back from the buyer."""
    out = np.flatnonzero(journeys.shipped)
    returning = np.flatnonzero(requests.return_declared_us != NEVER)
    back = requests.line[returning]
    rows = np.concatenate([out, back])
    is_back = np.arange(len(rows)) >= len(out)
    declared = np.concatenate([journeys.declared_us[out], requests.return_declared_us[returning]])
    waybills = pa.concat_arrays([_waybills(lines, out, "W"), _waybills(lines, back, "R")])
    return pa.table(
        {
            "carrier": words(CARRIERS, journeys.carrier[rows]),
            "waybill_no": waybills,
            "direction": words(("outbound", "return"), is_back.astype(np.int64)),
            "order_id": order_ids(lines.month, lines.order[rows]),
            "line_no": digit_texts(lines.line_no[rows]),
            "qty": whole(lines.quantity[rows]),
            "declared_us": whole(declared),
            "e_waybill": flags(np.ones(len(rows), dtype=np.bool_)),
            "provider_id": ids.of_providers(lines.provider[rows]),
            "shop_id": ids.of_shops(lines.shop[rows]),
        }
    )


def parcel_traces(lines: Lines, journeys: Journeys, requests: Requests) -> pa.Table:
    """Return the pick-up and sign-for scans of every parcel, faked early ones included."""
    early = np.flatnonzero(journeys.early_scan_us != NEVER)
    picked = np.flatnonzero(journeys.shipped)
    signed = np.flatnonzero(journeys.signed)
    arrived = np.flatnonzero(requests.return_signed_us != NEVER)
    rows = [early, picked, signed, requests.line[arrived], requests.line[arrived]]
    at_us = [
        journeys.early_scan_us[early],
        journeys.picked_us[picked],
        journeys.signed_us[signed],
        requests.return_declared_us[arrived] + 3 * 60 * _US_PER_MINUTE,
        requests.return_signed_us[arrived],
    ]
    nodes = [0, 0, 1, 0, 1]
    prefixes = ["W", "W", "W", "R", "R"]
    every = np.concatenate(rows)
    node = np.repeat(np.array(nodes, dtype=np.int64), [len(each) for each in rows])
    waybills = [_waybills(lines, each, prefix) for each, prefix in zip(rows, prefixes, strict=True)]
    return pa.table(
        {
            "carrier": words(CARRIERS, journeys.carrier[every]),
            "waybill_no": pa.concat_arrays(waybills),
            "node": words(("picked_up", "signed"), node),
            "node_us": whole(np.concatenate(at_us)),
            "trace_source": word("carrier", len(every)),
        }
    )


_STEPS = ("applied", "modified", *OUTCOMES, "return_signed", "inspected", "refunded")


def _steps(requests: Requests) -> tuple[Ints, Ints, Ints, Ints]:
    """Return every step: row of the request, index into the steps, instant, version from 1 up."""
    paid_back_us = np.where(
        requests.inspected_us == NEVER, NEVER, requests.inspected_us + 10 * _US_PER_MINUTE
    )
    # The first handling is one of three outcomes; a return may follow it.
    times = [
        requests.applied_us,
        requests.modified_us,
        *(np.where(requests.outcome == code, requests.handled_us, NEVER) for code in range(3)),
        requests.return_signed_us,
        requests.inspected_us,
        paid_back_us,
    ]
    grid = np.stack(times, axis=1)
    row, step = np.nonzero(grid != NEVER)
    at_us = grid[row, step]
    order = np.lexsort((step, at_us, row))
    row, step, at_us = row[order], step[order], at_us[order]
    begins = np.searchsorted(row, np.arange(len(requests)))
    return row, step, at_us, np.arange(len(row)) - begins[row] + 1


def aftersale_events(lines: Lines, requests: Requests, ids: PartyIds) -> pa.Table:
    """Return every step of every after-sales request, versions counted up per request."""
    row, step, at_us, version = _steps(requests)
    by_buyer = step <= _STEPS.index("modified")
    reason = np.where(step == _STEPS.index("modified"), 0, requests.reason[row])
    line = requests.line[row]
    aftersale = (order_digits(lines.month, lines.order[line]) * 10 + lines.line_no[line]) * 10
    has_return = requests.return_declared_us != NEVER
    back = _waybills(lines, requests.line, "R")
    return pa.table(
        {
            "aftersale_id": lettered("A", aftersale + requests.number[row]),
            "order_id": order_ids(lines.month, lines.order[line]),
            "line_no": digit_texts(lines.line_no[line]),
            "action": words(_STEPS, step),
            "version": digit_texts(version),
            "aftersale_type": words(TYPES, requests.type[row]),
            "actor": words(ACTORS, np.where(by_buyer, 0, requests.actor[row])),
            "reason_code_raw": words([each[1] for each in REASONS], reason),
            "reason_text_raw": words([each[2] for each in REASONS], reason),
            "reason_class": words([each[0] for each in REASONS], reason),
            "amount_fen": whole(lines.amount_fen[line]),
            "applied_us": whole(requests.applied_us[row]),
            "shipped_at_apply": flags(requests.shipped[row]),
            "return_parcel": back.take(
                pa.array(np.where(has_return[row], row, -1), mask=~has_return[row])
            ),
            "provider_id": ids.of_providers(lines.provider[line]),
            "shop_id": ids.of_shops(lines.shop[line]),
            "occurred_us": whole(at_us),
        }
    )
