"""The directory of orders and parcels: under which day the events of an order are stored.

All reads and writes are set-based: one statement for any number of orders. Lists go over as one
text with unit separators, which no id may hold: that is several times faster than arrays.
"""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
from django.db import connection

ORDER_PLACES: Final = pa.schema(
    [
        ("order_id", pa.string()),
        ("day", pa.int32()),
        ("paid_us", pa.int64()),
        ("started_us", pa.int64()),
        ("shop_id", pa.string()),
    ]
)
LINKS: Final = pa.schema(
    [
        ("carrier", pa.string()),
        ("waybill_no", pa.string()),
        ("order_id", pa.string()),
        ("day", pa.int32()),
        ("paid_us", pa.int64()),
    ]
)

_SEPARATOR: Final = "\x1f"

_PLACES: Final = """
SELECT place.order_id, place.day, place.paid_us, place.started_us, place.shop_id
FROM unnest(string_to_array(%s, chr(31))) AS asked(order_id)
JOIN feed_order_place place ON place.tenant_id = %s AND place.order_id = asked.order_id
"""
_LINKS_OF_WAYBILLS: Final = """
SELECT DISTINCT parcel.carrier, parcel.waybill_no, parcel.order_id,
       coalesce(place.day, 0), place.paid_us
FROM unnest(string_to_array(%s, chr(31)), string_to_array(%s, chr(31)))
     AS asked(carrier, waybill_no)
JOIN feed_parcel_place parcel ON parcel.tenant_id = %s
     AND parcel.carrier = asked.carrier AND parcel.waybill_no = asked.waybill_no
LEFT JOIN feed_order_place place ON place.tenant_id = parcel.tenant_id
     AND place.order_id = parcel.order_id
"""
_LINKS_OF_ORDERS: Final = """
SELECT DISTINCT parcel.carrier, parcel.waybill_no, parcel.order_id,
       coalesce(place.day, 0), place.paid_us
FROM unnest(string_to_array(%s, chr(31))) AS asked(order_id)
JOIN feed_parcel_place own ON own.tenant_id = %s AND own.order_id = asked.order_id
JOIN feed_parcel_place parcel ON parcel.tenant_id = own.tenant_id
     AND parcel.carrier = own.carrier AND parcel.waybill_no = own.waybill_no
LEFT JOIN feed_order_place place ON place.tenant_id = parcel.tenant_id
     AND place.order_id = parcel.order_id
"""
_PUT_PLACES: Final = """
INSERT INTO feed_order_place (tenant_id, order_id, day, paid_us, started_us, shop_id)
SELECT %s, order_id, day::int, nullif(paid_us, '')::bigint, started_us::bigint, nullif(shop_id, '')
FROM unnest(string_to_array(%s, chr(31)), string_to_array(%s, chr(31)),
            string_to_array(%s, chr(31)), string_to_array(%s, chr(31)),
            string_to_array(%s, chr(31))) AS given(order_id, day, paid_us, started_us, shop_id)
ON CONFLICT (tenant_id, order_id) DO UPDATE SET day = excluded.day, paid_us = excluded.paid_us,
    started_us = excluded.started_us, shop_id = excluded.shop_id
"""
_PUT_PARCELS: Final = """
INSERT INTO feed_parcel_place (tenant_id, carrier, waybill_no, direction, order_id)
SELECT %s, *
FROM unnest(string_to_array(%s, chr(31)), string_to_array(%s, chr(31)),
            string_to_array(%s, chr(31)), string_to_array(%s, chr(31)))
ON CONFLICT DO NOTHING
"""


def feed_lock(tenant_id: str) -> None:
    """Wait until no other transaction changes the tenant's feed, and keep it so until the end."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"feed:{tenant_id}"]
        )


def order_places(tenant_id: str, order_ids: Sequence[str]) -> pa.Table:
    """Return the places of those of the orders that have one; see ``ORDER_PLACES``."""
    if not order_ids:
        return ORDER_PLACES.empty_table()
    return _asked(_PLACES, [_SEPARATOR.join(order_ids), tenant_id], ORDER_PLACES)


def links_of_waybills(tenant_id: str, waybills: pa.Table) -> pa.Table:
    """Return the orders that waybills (carrier, waybill_no) carry, with their places."""
    if not len(waybills):
        return LINKS.empty_table()
    asked = [_joined(waybills.column(name)) for name in ("carrier", "waybill_no")]
    return _asked(_LINKS_OF_WAYBILLS, [*asked, tenant_id], LINKS)


def links_of_orders(tenant_id: str, order_ids: Sequence[str]) -> pa.Table:
    """Return every order on the waybills that carry one of these orders, with their places."""
    if not order_ids:
        return LINKS.empty_table()
    return _asked(_LINKS_OF_ORDERS, [_SEPARATOR.join(order_ids), tenant_id], LINKS)


def places_put(tenant_id: str, places: pa.Table) -> None:
    """Write places of orders (columns of ``ORDER_PLACES``), new ones and changed ones."""
    _put(_PUT_PLACES, tenant_id, places.select(ORDER_PLACES.names))


def parcels_put(tenant_id: str, parcels: pa.Table) -> None:
    """Write which orders waybills carry (carrier, waybill_no, direction, order_id)."""
    _put(_PUT_PARCELS, tenant_id, parcels)


def _asked(statement: str, parameters: list[str], schema: pa.Schema) -> pa.Table:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        found = cursor.fetchall()
    columns = list(zip(*found, strict=True)) if found else [()] * len(schema)
    arrays = [pa.array(each, field.type) for each, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)


def _put(statement: str, tenant_id: str, rows: pa.Table) -> None:
    if not len(rows):
        return
    with connection.cursor() as cursor:
        cursor.execute(statement, [tenant_id, *map(_joined, rows.columns)])


def _joined(column: pa.ChunkedArray) -> str:
    """Return a column as one text; an empty part stands for no value."""
    texts = column.cast(pa.string()).fill_null("")
    return _SEPARATOR.join(texts.to_pylist())
