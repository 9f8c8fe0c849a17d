"""What every template of the console knows: the visitor, the menu, the language and the clock."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from earnest.appeals.queries import open_count
from earnest.catalogue.queries import goods_waiting
from earnest.charging.queries import plans_waiting
from earnest.console.access import Visitor, visitor_of
from earnest.console.clock import real_now
from earnest.console.texts import language
from earnest.decisions.queries import waiting_counts
from earnest.kernel.calendar import day_of
from earnest.market.queries import marketplace_get
from earnest.market.roles import APPLY, DECIDE, REVIEW
from earnest.notices.queries import unread_count
from earnest.violations.queries import answers_due, violations_open


@dataclass(frozen=True)
class MenuItem:
    """One line of the left menu: text key, address, icon and a number that calls for attention."""

    text: str
    address: str
    icon: str
    count: int = 0


def _operator_menu(visitor: Visitor, on: date) -> list[tuple[str, list[MenuItem]]]:
    waiting = waiting_counts(visitor.tenant_id).count
    goods = goods_waiting(visitor.tenant_id, on)
    plans = plans_waiting(visitor.tenant_id) if visitor.may(REVIEW) else 0
    reports = violations_open(visitor.tenant_id) if visitor.may(REVIEW) else 0
    appeals = open_count(visitor.tenant_id) if visitor.may(REVIEW) or visitor.may(DECIDE) else 0
    return [
        (
            "menu.group.work",
            [
                MenuItem("menu.workbench", reverse("workbench"), "home"),
                MenuItem("menu.queue", reverse("queue"), "check", waiting),
                MenuItem("menu.todo", reverse("todo"), "clock"),
                MenuItem("menu.webhooks", reverse("webhooks"), "out"),
            ],
        ),
        (
            "menu.group.parties",
            [
                MenuItem("menu.admission", reverse("applications"), "in"),
                MenuItem("menu.providers", reverse("providers"), "people"),
                MenuItem("menu.shops", reverse("shops"), "shop"),
                MenuItem("menu.departures", reverse("departures"), "out"),
            ],
        ),
        (
            "menu.group.records",
            [
                MenuItem("menu.violations", reverse("violations"), "folder", reports),
                MenuItem("menu.tickets", reverse("tickets"), "pen"),
                MenuItem("menu.appeals", reverse("appeals"), "scales", appeals),
                MenuItem("menu.findings", reverse("findings"), "chart"),
                MenuItem("menu.surveys", reverse("surveys"), "pen"),
                MenuItem("menu.decisions", reverse("decisions"), "scales"),
                MenuItem("menu.statements", reverse("statements"), "book"),
                MenuItem("menu.restrictions", reverse("restrictions"), "lock"),
                MenuItem("menu.charging", reverse("charging_plans"), "pen", plans),
                MenuItem("menu.goods", reverse("goods_notices"), "shop", goods),
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
            MenuItem(
                "violation.own",
                reverse("violations"),
                "scales",
                answers_due(visitor.tenant_id, visitor.subject),
            ),
            MenuItem("menu.charging", reverse("charging_plans"), "pen"),
            MenuItem("menu.goods", reverse("goods_notices"), "shop"),
            MenuItem("menu.leaving", reverse("leaving", args=[subject_id]), "out"),
        ]
        if kind == "provider"
        else [MenuItem("menu.deposit", reverse("shop", args=[subject_id]), "wallet")]
    )
    own.append(MenuItem("menu.surveys", reverse("surveys"), "pen"))
    own.append(MenuItem("menu.tickets", reverse("tickets"), "pen"))
    own.append(MenuItem("menu.appeals", reverse("appeals"), "scales"))
    own.append(MenuItem("life.title", reverse("deposit_life", args=[kind, subject_id]), "folder"))
    return [
        ("menu.group.mine", own),
        (
            "menu.group.messages",
            [
                MenuItem("menu.inbox", reverse("inbox"), "bell", unread),
                MenuItem("menu.statements", reverse("statements"), "scales"),
                MenuItem("menu.todo", reverse("todo"), "clock"),
                MenuItem("menu.webhooks", reverse("webhooks"), "out"),
            ],
        ),
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
        shell["menu"] = _operator_menu(visitor, day_of(shell["clock_at"] or real_now()))
    elif visitor.may(APPLY):
        own = MenuItem("menu.application", reverse("own_application"), "folder")
        shell["menu"] = [("menu.group.mine", [own])]
    elif visitor.subject[1]:
        shell["menu"] = _party_menu(visitor)
    shell["current"] = _current(shell["menu"], request.path)
    return shell
