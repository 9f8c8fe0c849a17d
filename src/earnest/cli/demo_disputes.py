"""Appeals and departures in the demo: one appeal that succeeds, one still heard, and who leaves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from earnest.appeals.deciding import Verdict, appeal_confirm, appeal_propose
from earnest.appeals.filing import Disputed, NewAppeal, appeal_file
from earnest.appeals.hearing import Answer, appeal_claim, question_answer, question_ask
from earnest.appeals.models import ASKED, FILED, HEARING, OVERTURNED, PROPOSED, Appeal
from earnest.cli.demo_newcomers import COMES_IN
from earnest.cli.demo_papers import pdf_keep
from earnest.departure.exits import Standing, exit_begin
from earnest.departure.models import REMOVAL, WINDING_DOWN, Departure
from earnest.departure.winding_down import Merchant, plan_file
from earnest.kernel.calendar import Month, day_of
from earnest.market.models import Provider
from earnest.simulator import Market
from earnest.simulator.deposit_story import at
from earnest.tickets.models import Ticket

Step = Callable[[datetime], None]
Timed = tuple[datetime, Step]
HEARER, CONFIRMER, OTHER_HEARER = "service", "finance", "admin"
TOLD_ELSEWHERE: Final = frozenset({"P0002", "P0008"})
"""Providers whose story the tutorial tells: they are left as they are."""
LEAVES: Final = "P0006"
SERVED_ON: Final = 2


@dataclass(frozen=True)
class Disputes:
    """What parties do about sanctions in one marketplace, and how they leave it."""

    tenant_id: str
    market: Market
    months: Sequence[Month]

    def steps(self) -> list[Timed]:
        """Return the steps whose instants stand from the start."""
        after = self.months[-1].plus(1)
        return [
            (at(after, 15), self._second_file),
            (at(after, 17), self._second_claim),
            (at(after, 18), self._second_ask),
            (at(after, 20), self._second_answer),
            (at(after, 18), self._plan_file),
            (at(after, 22), self._exit),
        ]

    def answers(self, until: datetime) -> list[Timed]:
        """Return the steps that answer what the months brought, up to an instant.

        Each one does nothing when it was done before.
        """
        ticket = self._disputed_ticket()
        if ticket is None:
            return []
        told = at(Month.of(day_of(ticket.told_at)), day_of(ticket.told_at).day)
        steps: list[Timed] = [
            (told + timedelta(days=2), lambda now: self._first_file(ticket, now)),
            (told + timedelta(days=3), lambda now: self._first_hear(ticket, now)),
            (told + timedelta(days=4), lambda now: self._first_confirm(ticket, now)),
        ]
        return [step for step in steps if step[0] <= until]

    def _disputed_ticket(self) -> Ticket | None:
        """Return the second of the first two rungs that follow each other month by month."""
        rows = Ticket.objects.filter(tenant_id=self.tenant_id, decision="nps_ladder")
        rungs = sorted(
            (row.subject_id, row.period, row) for row in rows if "/" not in row.period
        )  # fmt: skip
        for (party, month, _), (same, later, ticket) in pairwise(rungs):
            follows = party == same and str(Month.parse(month).plus(1)) == later
            if follows and party not in TOLD_ELSEWHERE and ticket.outcome != "remove":
                return ticket
        return None

    def _first_file(self, ticket: Ticket, now: datetime) -> None:
        """Dispute the first month of the run: its answers were not from its own customers."""
        if ticket.appeals.exists():
            return
        actor = ticket.subject_id.lower()
        first = ticket.items.order_by("about").first()
        if first is None:
            return
        paper = pdf_keep(
            self.tenant_id, ticket.subject, "答卷核对",
            ("所附名单中的受访商家当月与我方没有往来", "请核对订单后剔除"), (actor, now),
        )  # fmt: skip
        disputed = Disputed(
            first.position, "figure_wrong", "该月答卷多数来自未与我方往来的商家。", (paper,)
        )
        appeal_file(
            self.tenant_id, NewAppeal(ticket.subject, ticket.number, (disputed,), actor), now
        )

    def _first_hear(self, ticket: Ticket, now: datetime) -> None:
        appeal = _appeal(ticket, FILED)
        if appeal is None:
            return
        appeal_claim(self.tenant_id, appeal.number, actor=HEARER, now=now)
        reason = "核对订单：受访商家当月没有往来，该月评分不能成立"
        verdicts = [Verdict(each.position, OVERTURNED, reason) for each in appeal.items.all()]
        appeal_propose(self.tenant_id, appeal.number, verdicts, actor=HEARER, now=now)

    def _first_confirm(self, ticket: Ticket, now: datetime) -> None:
        if appeal := _appeal(ticket, PROPOSED):
            appeal_confirm(
                self.tenant_id, appeal.number, agrees=True, actor=CONFIRMER,
                reason="同意撤销，并重新核定其后的处罚", now=now,
            )  # fmt: skip

    def _second_ticket(self) -> Ticket | None:
        """Return the newcomer's ticket for requirement 4."""
        rows = Ticket.objects.filter(
            tenant_id=self.tenant_id, subject_id=COMES_IN.provider_id,
            decision="requirement4_rung",
        )  # fmt: skip
        return rows.first()

    def _second_file(self, now: datetime) -> None:
        ticket = self._second_ticket()
        if ticket is None or ticket.appeals.exists():
            return
        disputed = [
            Disputed(
                each.position, "disproportionate", "文案差异由促销遗留，未多收一分钱，请从轻。"
            )
            for each in ticket.items.all()
        ]
        new = NewAppeal(ticket.subject, ticket.number, disputed, COMES_IN.username)
        appeal_file(self.tenant_id, new, now)

    def _second_claim(self, now: datetime) -> None:
        ticket = self._second_ticket()
        if ticket and (appeal := _appeal(ticket, FILED)):
            appeal_claim(self.tenant_id, appeal.number, actor=OTHER_HEARER, now=now)

    def _second_ask(self, now: datetime) -> None:
        ticket = self._second_ticket()
        if ticket and (appeal := _appeal(ticket, HEARING)) and not appeal.turns.exists():
            question = "促销何时结束？请提供 1688 侧的修改记录。"
            question_ask(self.tenant_id, appeal.number, question, actor=OTHER_HEARER, now=now)

    def _second_answer(self, now: datetime) -> None:
        ticket = self._second_ticket()
        if ticket and (appeal := _appeal(ticket, ASKED)):
            paper = pdf_keep(
                self.tenant_id, ticket.subject, "修改记录", ("二月二十日改回一致",),
                (COMES_IN.username, now),
            )  # fmt: skip
            answer = Answer("促销于上月中旬结束，修改记录见附件。", COMES_IN.username, (paper,))
            question_answer(self.tenant_id, appeal.number, ticket.subject, answer, now)

    def _plan_file(self, now: datetime) -> None:
        """File the winding-down plan of a removed provider, another than the tutorial's if any."""
        rows = Departure.objects.filter(
            tenant_id=self.tenant_id, way=REMOVAL, state=WINDING_DOWN, begun_at__lte=now
        ).order_by("number")
        row = rows.exclude(provider_id__in=TOLD_ELSEWHERE).first() or rows.first()
        if row is None or row.plan_state:
            return
        merchants = [
            Merchant(shop_id, day_of(now) + timedelta(days=30), "导出商品与订单，协助换用其他服务")
            for shop_id in self._served(row.provider_id)
        ]
        plan = "停止新增订购；在用商家服务至到期后三十天，逐家交接，余款原路退回。"
        plan_file(
            self.tenant_id, row.number, plan, merchants, actor=row.provider_id.lower(), now=now
        )

    def _served(self, provider_id: str) -> list[str]:
        """Return some shops that a provider supplied first."""
        number = self.market.providers_by_id[provider_id].number
        shops = [each.shop_id for each in self.market.shops if each.suppliers[0][0] == number]
        return shops[:SERVED_ON]

    def _exit(self, now: datetime) -> None:
        """Apply for an exit with services on sale, subscriptions running: it cannot leave yet."""
        known = Departure.objects.filter(tenant_id=self.tenant_id, provider_id=LEAVES)
        takes_part = Provider.objects.filter(
            tenant_id=self.tenant_id, provider_id=LEAVES, left_on=None
        )
        if known.exists() or not takes_part.exists():
            return
        standing = Standing(3, 2, day_of(now) + timedelta(days=45))
        exit_begin(
            self.tenant_id, LEAVES, standing, actor=LEAVES.lower(), reason="业务调整", now=now
        )


def _appeal(ticket: Ticket, state: str) -> Appeal | None:
    return ticket.appeals.filter(state=state).first()
