"""Whose a receipt may be: proposals for a person, each with its reasons. Nothing is booked here."""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from earnest.deposits.queries import positions, short_subjects
from earnest.market.entity_names import name_normal
from earnest.market.models import Provider, Shop
from earnest.market.queries import Subject, party_names
from earnest.payins.models import BankReceipt, PayOrder

Why = Literal["order", "certified_name", "memo", "shortage", "party_name"]
_WEIGHTS: Final[dict[Why, int]] = {
    "order": 8, "certified_name": 6, "memo": 5, "shortage": 3, "party_name": 2,
}  # fmt: skip
_WORDS: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{1,63}")
SHOWN_MAX: Final = 5


@dataclass
class Suggestion:
    """A party that a receipt may belong to.

    Attributes:
        purpose: what it would be for.
        reasons: why, the strongest first, each with what it rests on.
        name: what the party is called.
    """

    subject: Subject
    purpose: str = "deposit"
    reasons: list[tuple[Why, str]] = field(default_factory=list)
    name: str = ""

    @property
    def weight(self) -> int:
        """How much speaks for it."""
        return sum(_WEIGHTS[why] for why, _ in self.reasons)


def bank_receipt_suggest(receipt: BankReceipt, on: date) -> list[Suggestion]:
    """Return the parties that a receipt may belong to, the likeliest first.

    By the number of a payment order or a party's id in the memo, the certified name of the payer,
    and an open shortage of exactly this amount.
    """
    found: dict[Subject, Suggestion] = {}
    _by_memo(receipt, found)
    _by_name(receipt, found)
    _by_shortage(receipt, found, on)
    names = party_names(receipt.tenant_id, found)
    for each in found.values():
        each.name = names.get(each.subject, "")
        each.reasons.sort(key=lambda reason: -_WEIGHTS[reason[0]])
    ranked = sorted(found.values(), key=lambda each: (-each.weight, each.subject))
    return ranked[:SHOWN_MAX]


def _propose(found: dict[Subject, Suggestion], subject: Subject, why: Why, rests_on: str) -> None:
    found.setdefault(subject, Suggestion(subject)).reasons.append((why, rests_on))


def _by_memo(receipt: BankReceipt, found: dict[Subject, Suggestion]) -> None:
    words = sorted(set(_WORDS.findall(receipt.memo)))
    orders = PayOrder.objects.filter(tenant_id=receipt.tenant_id, number__in=words)
    for order in orders:
        subject = (order.subject_kind, order.subject_id)
        _propose(found, subject, "order", order.number)
        found[subject].purpose = order.purpose
    shops = Shop.objects.filter(tenant_id=receipt.tenant_id, shop_id__in=words)
    for shop_id in shops.values_list("shop_id", flat=True):
        _propose(found, ("shop", shop_id), "memo", shop_id)
    providers = Provider.objects.filter(tenant_id=receipt.tenant_id, provider_id__in=words)
    for provider_id in providers.values_list("provider_id", flat=True):
        _propose(found, ("provider", provider_id), "memo", provider_id)


def _by_name(receipt: BankReceipt, found: dict[Subject, Suggestion]) -> None:
    payer = name_normal(receipt.payer_name)
    if not payer:
        return
    # The same characters in another width are no match for the database: begin with a piece of it.
    piece = receipt.payer_name[:2]
    shops = Shop.objects.filter(tenant_id=receipt.tenant_id)
    providers = Provider.objects.filter(tenant_id=receipt.tenant_id)
    parties: list[tuple[Subject, str, str]] = [
        (("shop", row.shop_id), row.entity_name, row.name)
        for row in shops.filter(entity_name__icontains=piece) | shops.filter(name__icontains=piece)
    ]
    parties += [
        (("provider", row.provider_id), row.entity_name, row.name)
        for row in providers.filter(entity_name__icontains=piece)
        | providers.filter(name__icontains=piece)
    ]
    for subject, entity_name, name in parties:
        if name_normal(entity_name) == payer:
            _propose(found, subject, "certified_name", entity_name)
        elif name_normal(name) == payer:
            _propose(found, subject, "party_name", name)


def _by_shortage(receipt: BankReceipt, found: dict[Subject, Suggestion], on: date) -> None:
    short = sorted(short_subjects(receipt.tenant_id))
    for subject, at in positions(receipt.tenant_id, short, on).items():
        if at.shortage_fen == receipt.amount_fen:
            _propose(found, subject, "shortage", str(at.shortage_fen))
