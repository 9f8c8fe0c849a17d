"""What every template of the console knows: the visitor, the menu, the language and the clock."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from earnest.console.access import Visitor, visitor_of
from earnest.console.texts import language
from earnest.decisions.queries import waiting_counts
from earnest.market.queries import marketplace_get
from earnest.notices.queries import unread_count


@dataclass(frozen=True)
class MenuItem:
    """One line of the left menu: text key, address, icon and a number that calls for attention."""

    text: str
    address: str
    icon: str
    count: int = 0


def _operator_menu(visitor: Visitor) -> list[tuple[str, list[MenuItem]]]:
    waiting = waiting_counts(visitor.tenant_id).count
    return [
        (
            "menu.group.work",
            [
                MenuItem("menu.workbench", reverse("workbench"), "home"),
                MenuItem("menu.queue", reverse("queue"), "check", waiting),
            ],
        ),
        (
            "menu.group.parties",
            [
                MenuItem("menu.providers", reverse("providers"), "people"),
                MenuItem("menu.shops", reverse("shops"), "shop"),
            ],
        ),
        (
            "menu.group.records",
            [
                MenuItem("menu.findings", reverse("findings"), "chart"),
                MenuItem("menu.decisions", reverse("decisions"), "scales"),
                MenuItem("menu.restrictions", reverse("restrictions"), "lock"),
            ],
        ),
        (
            "menu.group.money",
            [
                MenuItem("menu.finance", reverse("finance"), "wallet"),
                MenuItem("menu.cases", reverse("cases"), "folder"),
                MenuItem("menu.shortages", reverse("shortages"), "clock"),
                MenuItem("menu.adjustment", reverse("adjustment"), "chart"),
                MenuItem("menu.claims", reverse("claims"), "scales"),
                MenuItem("menu.receipts", reverse("receipts"), "in"),
                MenuItem("menu.payouts", reverse("payouts"), "out"),
                MenuItem("menu.reconciliation", reverse("reconciliations"), "check"),
            ],
        ),
        (
            "menu.group.rules",
            [
                MenuItem("menu.rules", reverse("rules"), "book"),
                MenuItem("menu.amendments", reverse("amendments"), "pen"),
                MenuItem("menu.samples", reverse("samples"), "flask"),
                MenuItem("menu.whatif", reverse("whatifs"), "fork"),
            ],
        ),
    ]


def _party_menu(visitor: Visitor) -> list[tuple[str, list[MenuItem]]]:
    kind, subject_id = visitor.subject
    unread = unread_count(visitor.tenant_id, kind, subject_id)
    own = (
        [
            MenuItem("menu.health", reverse("provider", args=[subject_id]), "chart"),
            MenuItem("menu.deposit", reverse("provider_deposit", args=[subject_id]), "wallet"),
        ]
        if kind == "provider"
        else [MenuItem("menu.deposit", reverse("shop", args=[subject_id]), "wallet")]
    )
    own.append(MenuItem("life.title", reverse("deposit_life", args=[kind, subject_id]), "folder"))
    return [
        ("menu.group.mine", own),
        ("menu.group.messages", [MenuItem("menu.inbox", reverse("inbox"), "bell", unread)]),
        (
            "menu.group.rules",
            [
                MenuItem("menu.rules", reverse("rules"), "book"),
                MenuItem("menu.amendments", reverse("amendments"), "pen"),
            ],
        ),
    ]


def _current(menu: list[tuple[str, list[MenuItem]]], path: str) -> str:
    """Return the address of the menu's line that a page belongs to: the longest that fits."""
    addresses = [item.address for _, items in menu for item in items]
    return max((each for each in addresses if path.startswith(each)), key=len, default="")


def console(request: HttpRequest) -> dict[str, Any]:
    """Return the shell's context; a stranger gets a shell without menu."""
    shell: dict[str, Any] = {"language": language(), "visitor": None, "menu": []}
    if not hasattr(request, "user"):  # an error page before the session was read
        return shell
    visitor = visitor_of(request)
    if visitor is None:
        return shell
    marketplace = marketplace_get(visitor.tenant_id)
    shell["visitor"] = visitor
    shell["marketplace"] = marketplace
    shell["clock_at"] = marketplace.clock_at if marketplace else None
    if visitor.is_operator:
        shell["menu"] = _operator_menu(visitor)
    elif visitor.subject[1]:
        shell["menu"] = _party_menu(visitor)
    shell["current"] = _current(shell["menu"], request.path)
    return shell
