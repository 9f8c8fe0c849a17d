"""Who is asked: merchants that dealt with a provider in the month, or a list that a person gives.

Clause S0-2.2.5-2 is blank in the text; the pack's switch ``nps_scale`` reads it as the merchants
active in the month: those with a paid order that the provider supplied, or with a charge for its
service.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import duckdb
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, validate_email

from earnest.feed.queries import event_files, live_files
from earnest.feed.store import events_folder
from earnest.feed.streams import ORDER_FACTS
from earnest.kernel.calendar import Month, micros_of, window_us
from earnest.kernel.errors import BadInput
from earnest.market.entity_names import name_normal
from earnest.market.models import Provider, Shop
from earnest.surveys.models import NAMED, SHOP

LIST_ROWS_MAX: Final = 50_000
WHO_LENGTH_MAX: Final = 64
ADDRESS_LENGTH_MAX: Final = 254
RELATED: Final = "related"
"""The reason for which a shop of the provider's own entity is not counted."""

_WHO = ("respondent", "受访人")
_PROVIDER = ("provider_id", "服务商编号")
_ADDRESS = ("address", "邮箱")
_ORDERS = """
SELECT DISTINCT provider_id, shop_id FROM read_parquet($files)
WHERE paid_us >= $first_us AND paid_us < $end_us AND paid_us <= $until_us
  AND provider_id <> '' AND shop_id <> ''
"""
_CHARGES = """
SELECT DISTINCT provider_id, shop_id FROM read_parquet($files)
WHERE occurred_us >= $first_us AND occurred_us < $end_us AND occurred_us <= $until_us
  AND provider_id <> '' AND shop_id <> '' AND COALESCE(kind, 'observation') <> 'retraction'
"""


@dataclass(frozen=True, order=True)
class Respondent:
    """Somebody who can be asked about a provider.

    Attributes:
        who_kind: ``shop`` for a shop of the market, ``named`` for anybody else.
        who: id of the shop, or the name.
        excluded: why the answer would not count; empty where it would.
        address: where the link is mailed to; empty for nowhere.
    """

    provider_id: str
    who_kind: str
    who: str
    excluded: str = ""
    address: str = ""


def respondents_found(
    tenant_id: str, month: Month, provider_ids: Sequence[str], until: datetime
) -> list[Respondent]:
    """Return the merchants that dealt with providers in a month up to an instant, sorted.

    Takes:
        provider_ids: the providers asked about; empty for all that take part.
    """
    charges = event_files(tenant_id, "charge_event", month.first_day, month.last_day)
    pairs = {
        *_pairs(_ORDERS, _fact_files(tenant_id, month), month, until),
        *_pairs(_CHARGES, charges, month, until),
    }
    own = providers_asked_about(tenant_id, month, provider_ids)
    kept = sorted((provider, shop) for provider, shop in pairs if provider in own)
    entities = _entities(tenant_id, {shop for _, shop in kept})
    return [
        Respondent(
            provider, SHOP, shop,
            RELATED if own[provider] and own[provider] == entities.get(shop) else "",
        )
        for provider, shop in kept
    ]  # fmt: skip


def providers_asked_about(
    tenant_id: str, month: Month, provider_ids: Sequence[str]
) -> dict[str, str]:
    """Return the providers of a month that may be asked about, with their certified entity."""
    rows = Provider.objects.filter(tenant_id=tenant_id, admitted_on__lte=month.last_day).exclude(
        left_on__lte=month.first_day
    )
    if provider_ids:
        rows = rows.filter(provider_id__in=provider_ids)
    return {
        provider: name_normal(entity)
        for provider, entity in rows.values_list("provider_id", "entity_name")
    }


def _fact_files(tenant_id: str, month: Month) -> list[str]:
    """Return the files of order facts that payments of a month may lie in.

    The storage day will not do: a payment that was corrected leaves its order where it was stored.
    """
    first_us, end_us = window_us(month.first_day, month.last_day)
    folder = events_folder(tenant_id)
    return [
        str(folder / file.path)
        for file in live_files(tenant_id, ORDER_FACTS)
        if file.first_us is None
        or file.last_us is None
        or (file.first_us < end_us and file.last_us >= first_us)
    ]


def _pairs(
    query: str, files: Sequence[str], month: Month, until: datetime
) -> Iterable[tuple[str, str]]:
    if not files:
        return []
    first_us, end_us = window_us(month.first_day, month.last_day)
    asked = {
        "files": list(files), "first_us": first_us, "end_us": end_us, "until_us": micros_of(until),
    }  # fmt: skip
    with duckdb.connect() as engine:
        return [(str(one), str(two)) for one, two in engine.execute(query, asked).fetchall()]


def _entities(tenant_id: str, shop_ids: set[str]) -> dict[str, str]:
    rows = Shop.objects.filter(tenant_id=tenant_id, shop_id__in=shop_ids)
    return {
        shop: name_normal(entity) for shop, entity in rows.values_list("shop_id", "entity_name")
    }


def respondents_read(tenant_id: str, month: Month, content: bytes) -> list[Respondent]:
    """Read a CSV list of respondents: the columns ``respondent`` and ``provider_id``.

    A respondent is the id of a shop, or any other name; a pair given twice is taken once. A column
    ``address`` may say where the link is mailed to; it may be empty.

    Raises:
        BadInput: it is no such table; the line and what to do are told, and nothing is taken.
    """
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _wrong("1", "不是 UTF-8 编码的 CSV", "it is no CSV in UTF-8") from error
    heads = [each.strip() for each in lines[0]] if lines else []
    who_at, provider_at, address_at = (_place(heads, each) for each in (_WHO, _PROVIDER, _ADDRESS))
    if who_at is None or provider_at is None:
        raise _wrong(
            "1",
            "首行应有列名 respondent（受访人）与 provider_id（服务商编号）",
            "the first line must name the columns respondent and provider_id",
        )
    if len(lines) - 1 > LIST_ROWS_MAX:
        raise _wrong("1", f"一次最多 {LIST_ROWS_MAX} 行", f"at most {LIST_ROWS_MAX} rows at once")
    known = providers_asked_about(tenant_id, month, ())
    pairs: dict[tuple[str, str], str] = {}
    for number, line in enumerate(lines[1:], 2):
        if any(cell.strip() for cell in line):
            pair = _pair_read(str(number), line, (who_at, provider_at), known)
            address = _address_read(str(number), line, address_at)
            pairs[pair] = address or pairs.get(pair, "")
    return _named(tenant_id, pairs)


def _place(heads: Sequence[str], names: Iterable[str]) -> int | None:
    return next((heads.index(each) for each in names if each in heads), None)


def _address_read(number: str, line: Sequence[str], place: int | None) -> str:
    address = line[place].strip() if place is not None and place < len(line) else ""
    if not address:
        return ""
    try:
        validate_email(address)
        MaxLengthValidator(ADDRESS_LENGTH_MAX)(address)
    except ValidationError as error:
        raise _wrong(
            number,
            "邮箱应写作 name@example.com，没有可留空",
            "an address is written name@example.com; leave it empty where there is none",
        ) from error
    return address


def _pair_read(
    number: str, line: Sequence[str], places: tuple[int, int], known: Iterable[str]
) -> tuple[str, str]:
    if len(line) <= max(places):
        raise _wrong(number, "缺少一列", "a column is missing")
    who, provider = (line[place].strip() for place in places)
    if not who or len(who) > WHO_LENGTH_MAX or not who.isprintable():
        raise _wrong(
            number,
            f"受访人须为 1 到 {WHO_LENGTH_MAX} 个字符",
            f"a respondent has 1 to {WHO_LENGTH_MAX} characters",
        )
    if provider not in known:
        raise _wrong(
            number,
            f"当月没有服务商 {provider[:WHO_LENGTH_MAX]!r}",
            f"no provider {provider[:WHO_LENGTH_MAX]!r} took part in the month",
        )
    return provider, who


def _named(tenant_id: str, given: Mapping[tuple[str, str], str]) -> list[Respondent]:
    shops = set(
        Shop.objects.filter(tenant_id=tenant_id, shop_id__in={who for _, who in given}).values_list(
            "shop_id", flat=True
        )
    )
    return sorted(
        Respondent(provider, SHOP if who in shops else NAMED, who, address=address)
        for (provider, who), address in given.items()
    )


def _wrong(number: str, zh: str, en: str) -> BadInput:
    return BadInput(
        "bad_respondents",
        where=f"line {number}",
        zh=f"受访人名单第 {number} 行：{zh}；请改正后重新上传，未录入任何一行。",
        en=f"list of respondents, line {number}: {en}; correct it and send it again, nothing of it"
        " was taken",
    )
