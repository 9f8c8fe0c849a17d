"""Sampling: which goods are inspected follows from a seed, so that the choice can be made again."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import transaction

from earnest.catalogue.goods import Goods, goods_with_sales
from earnest.catalogue.models import CHOSEN, Sample, SampleStep, SamplingRound
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, NotFound, RuleRefused
from earnest.kernel.hashing import digest
from earnest.kernel.ids import uuid7_for
from earnest.market.queries import provider_get
from earnest.postgres.numbering import number_next
from earnest.rulebooks.packs import SUPPLY_MARKET, edition_keep, pack_for

SEED_MAX: Final = 64


@dataclass(frozen=True)
class SamplingAsked:
    """A sampling inspection to be planned.

    Attributes:
        seed: any word; published beforehand it proves that nobody picked the goods.
        note: why now, and at whose cost: the text leaves both to a person.
        on: the day whose window of sales counts; None for today.
    """

    provider_id: str
    seed: str
    actor: str
    note: str = ""
    on: date | None = None


def rank_of(seed: str, provider_id: str, item_id: str) -> str:
    """Return the hash by which goods are put in the order of the choice, smallest first."""
    return hashlib.sha256(f"{seed}\n{provider_id}\n{item_id}".encode()).hexdigest()


def chosen_of(seed: str, goods: Sequence[Goods], size: int) -> list[Goods]:
    """Return the goods that a seed chooses, in the order of the choice."""
    ordered = sorted(goods, key=lambda each: rank_of(seed, each.provider_id, each.item_id))
    return ordered[:size]


@transaction.atomic
def sampling_plan(tenant_id: str, asked: SamplingAsked, now: datetime) -> SamplingRound:
    """Choose goods with sales for inspection: a share of them, at least one, by seed and hash.

    Clauses: S0-2.1-qual2, S0-2.2.1c.

    Raises:
        BadInput: no seed, or a day to come.
        NotFound: no such provider.
        RuleRefused: nothing was sold in the window, or the rulebook has no rule for the day.
    """
    provider_get(tenant_id, asked.provider_id)
    on = asked.on or day_of(now)
    if not asked.seed.strip() or len(asked.seed) > SEED_MAX or on > day_of(now):
        raise BadInput(
            "sampling_wrong",
            where="seed" if on <= day_of(now) else "on",
            zh=f"请填写随机种子（最多 {SEED_MAX} 字）；考察日不得晚于今天。",
            en=f"give a seed of at most {SEED_MAX} characters; the day is not after today",
        )
    goods = goods_with_sales(tenant_id, asked.provider_id, on, now)
    pack = pack_for(tenant_id, SUPPLY_MARKET, "provider", asked.provider_id)
    evaluation = pack.evaluate("sample_size", {"assessed_on": on, "items_sold": len(goods)})
    if evaluation.refusal is not None:
        refusal = evaluation.refusal
        raise RuleRefused(refusal.code, where=asked.provider_id, zh=refusal.zh, en=refusal.en)
    size = int(evaluation.result["sampled"])
    if not size:
        raise RuleRefused(
            "nothing_sold",
            where=asked.provider_id,
            zh="窗口内没有动销商品，无可抽检（S0-2.2.1c）。",
            en="nothing was sold in the window, so there is nothing to inspect (S0-2.2.1c)",
        )
    edition_keep(pack, now)
    number = number_next(SamplingRound, tenant_id, "Q")
    days = int(pack.parameter("sold_within_days", on=on))
    row = SamplingRound.objects.create(
        id=uuid7_for(now, tenant_id, "sampling", number),
        tenant_id=tenant_id,
        number=number,
        provider_id=asked.provider_id,
        assessed_on=on,
        since_on=date.fromordinal(on.toordinal() - days + 1),
        seed=asked.seed.strip(),
        eligible=len(goods),
        eligible_hash=eligible_hash(goods),
        receipt=evaluation.receipt().as_dict(),
        note=asked.note.strip(),
        planned_by=asked.actor,
        planned_at=now,
    )
    _samples_make(row, chosen_of(row.seed, goods, size), now)
    return row


def eligible_hash(goods: Sequence[Goods]) -> str:
    """Return the hash over the ids of the goods that could have been chosen."""
    return digest(sorted(each.item_id for each in goods))


def sampling_replay(tenant_id: str, number: str) -> list[str]:
    """Make the choice of a round again from its seed; return what differs, in English words.

    The goods are read again as they were known when the round was planned.

    Raises:
        NotFound: there is no such round.
    """
    row = sampling_get(tenant_id, number)
    goods = goods_with_sales(tenant_id, row.provider_id, row.assessed_on, row.planned_at)
    samples = list(row.samples.order_by("place"))
    again = chosen_of(row.seed, goods, len(samples))
    differences = []
    if eligible_hash(goods) != row.eligible_hash:
        differences.append("the goods with sales are others than they were known to be")
    if [each.item_id for each in again] != [each.item_id for each in samples]:
        differences.append("the seed chooses other goods")
    return differences


def sampling_get(tenant_id: str, number: str) -> SamplingRound:
    """Return a round by its number.

    Raises:
        NotFound: there is none.
    """
    row = SamplingRound.objects.filter(tenant_id=tenant_id, number=number).first()
    if row is None:
        raise NotFound(
            "unknown_sampling",
            where=number,
            zh=f"没有编号为 {number} 的抽检，或您无权查看。",
            en=f"there is no sampling {number!r}, or it is not yours to see",
        )
    return row


def sample_locked(tenant_id: str, number: str, place: int) -> Sample:
    """Return a sample that nobody else changes until the end of the transaction.

    Raises:
        NotFound: there is no such round, or no such place in it.
    """
    row = sampling_get(tenant_id, number)
    sample = row.samples.select_for_update(of=("self",)).filter(place=place).first()
    if sample is None:
        raise NotFound(
            "unknown_sample",
            where=f"{number} {place}",
            zh=f"抽检 {number} 没有第 {place} 件样品。",
            en=f"sampling {number} has no sample {place}",
        )
    return sample


def sample_not(sample: Sample) -> Conflict:
    """Return the error of a step that a sample's state does not allow."""
    return Conflict(
        "sample_state",
        where=f"{sample.item_id}",
        zh="样品的当前状态不允许此操作；请刷新页面查看。",
        en=f"the sample is {sample.state}; look at it again",
    )


def _samples_make(row: SamplingRound, chosen: Sequence[Goods], now: datetime) -> None:
    for place, goods in enumerate(chosen, start=1):
        sample = Sample.objects.create(
            id=uuid7_for(now, row.tenant_id, "sample", row.number, goods.item_id),
            round=row,
            tenant_id=row.tenant_id,
            place=place,
            item_id=goods.item_id,
            sold=goods.sold,
            last_sold_on=goods.last_sold_on,
            rank=rank_of(row.seed, row.provider_id, goods.item_id),
            state=CHOSEN,
        )
        SampleStep.objects.create(
            sample=sample, tenant_id=row.tenant_id, what=CHOSEN, actor=row.planned_by, at=now
        )
