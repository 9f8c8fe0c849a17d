"""What changes about the reconciliation: statements, days compared, differences handled."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from earnest.deposits.accounts import RAILS
from earnest.kernel.calendar import day_of
from earnest.kernel.errors import BadInput, Conflict, Problem
from earnest.kernel.hashing import sha256_hex
from earnest.kernel.ids import uuid7_for
from earnest.payins.sheet import sheet_text
from earnest.reconciliation.bills import Bill, BillLine, bill_read
from earnest.reconciliation.book_side import bookings_numbered, bookings_on
from earnest.reconciliation.matching import AGREES, Group, Told, grouped, numbers_of
from earnest.reconciliation.models import Item, ItemStep, Statement, StatementLine
from earnest.reconciliation.queries import item_get
from earnest.reconciliation.report import Report, report_of

CUT_OFF = timedelta(days=1)  # a movement near midnight may stand in the next day's statement


@transaction.atomic
def statement_import(
    tenant_id: str, rail: str, day: date, content: bytes, actor: str, now: datetime
) -> Statement:
    """Take in the institution's statement of a day; the same file again gives what stands.

    Rows at fault are kept with the statement, the others count. A line that another file told of
    before is not taken twice.

    Raises:
        BadInput: ``rail_unknown``, ``day_not_over``, ``bill_unknown``, ``sheet_unreadable``.
        Conflict: ``statement_form_differs``: a day's fund and business bill tell the same twice.
    """
    _rail_check(rail)
    if day > day_of(now):
        raise BadInput(
            "day_not_over",
            where=str(day),
            zh="这一天还没有到，没有对账单。",
            en="the day lies ahead; there is no statement of it",
        )
    _one_at_a_time(tenant_id, rail)
    sha256 = sha256_hex(content)
    same = Statement.objects.filter(tenant_id=tenant_id, rail=rail, day=day)
    if (known := same.filter(sha256=sha256).first()) is not None:
        return known
    bill = bill_read(sheet_text(content))
    if same.exclude(form=bill.form).exists():
        raise Conflict(
            "statement_form_differs",
            where=f"{rail} {day}",
            zh="这一天已导入另一种账单；账务明细与业务明细记的是同一批资金，请只用一种。",
            en="another kind of bill was imported for this day; both tell of the same money, "
            "use one of them",
        )
    return _statement_write(tenant_id, rail, day, bill, (sha256, actor, now))


def _statement_write(
    tenant_id: str, rail: str, day: date, bill: Bill, by: tuple[str, str, datetime]
) -> Statement:
    sha256, actor, now = by
    near, far = _by_nearness(bill, day)
    bad = [*bill.bad, *(_of_another_day(each) for each in far)]
    stored = StatementLine.objects.filter(tenant_id=tenant_id, rail=rail)
    known = set(stored.filter(key__in=[each.key for each in near]).values_list("key", flat=True))
    fresh = {each.key: each for each in near if each.key not in known}
    statement = Statement.objects.create(
        id=uuid7_for(now, tenant_id, "statement", rail, str(day), sha256),
        tenant_id=tenant_id,
        rail=rail,
        day=day,
        form=bill.form,
        sha256=sha256,
        lines_new=len(fresh),
        lines_repeated=len(near) - len(fresh),
        bad=[each.as_dict() for each in bad],
        opening_fen=bill.opening_fen,
        closing_fen=bill.closing_fen,
        imported_by=actor,
        imported_at=now,
    )
    StatementLine.objects.bulk_create(
        [_stored(statement, each) for each in fresh.values()], batch_size=1000
    )
    return statement


def _by_nearness(bill: Bill, day: date) -> tuple[list[BillLine], list[BillLine]]:
    """Return the lines that can be of a day, and those that cannot."""
    near: list[BillLine] = []
    far: list[BillLine] = []
    for each in bill.lines:
        (near if abs(day_of(each.occurred_at) - day) <= CUT_OFF else far).append(each)
    return near, far


def _stored(statement: Statement, line: BillLine) -> StatementLine:
    return StatementLine(
        statement=statement,
        tenant_id=statement.tenant_id,
        rail=statement.rail,
        day=statement.day,
        **vars(line),
    )


def _of_another_day(line: BillLine) -> Problem:
    return Problem(
        "other_day",
        f"{line.line}: occurred_at",
        "发生时间不在账单日前后一天之内；请核对账单日期",
        "not within a day of the statement's day; check which day the file is of",
    )


@transaction.atomic
def reconcile(tenant_id: str, rail: str, day: date, now: datetime) -> Report:
    """Compare a day's statement with the books, number by number; give the report.

    A repeat changes nothing, but takes up what came since: late entries settle what was open, also
    of other days. What a person explained is opened again only when its amounts change.

    Raises:
        BadInput: ``rail_unknown``.
        Conflict: ``statement_missing``.
    """
    _rail_check(rail)
    if not Statement.objects.filter(tenant_id=tenant_id, rail=rail, day=day).exists():
        raise Conflict(
            "statement_missing",
            where=f"{rail} {day}",
            zh="还没有导入这一天的对账单。",
            en="the statement of this day was not imported yet",
        )
    _one_at_a_time(tenant_id, rail)
    of_day = StatementLine.objects.filter(tenant_id=tenant_id, rail=rail, day=day)
    told = [_told(each) for each in of_day]
    booked = bookings_on(tenant_id, rail, day)
    open_before = Item.objects.filter(
        tenant_id=tenant_id, rail=rail, state="open", days__contains=[day]
    )
    numbers = numbers_of([*told, *booked])
    numbers = numbers.union(*(each.numbers for each in open_before))
    _items_follow(tenant_id, rail, _all_under(tenant_id, rail, numbers), now)
    return report_of(tenant_id, rail, day, now)


def _all_under(tenant_id: str, rail: str, numbers: frozenset[str]) -> list[Group]:
    """Return everything under some numbers, and under the numbers that come with it."""
    while True:
        lines = StatementLine.objects.filter(
            Q(our_no__in=numbers)
            | Q(institution_no__in=numbers)
            | Q(request_no__in=numbers)
            | Q(key__in=numbers),
            tenant_id=tenant_id,
            rail=rail,
        ).order_by("day", "id")
        told = [_told(each) for each in lines]
        booked = bookings_numbered(tenant_id, rail, numbers)
        more = numbers | numbers_of([*told, *booked])
        if more == numbers:
            return [group for group in grouped(told, booked) if group.numbers & numbers]
        numbers = more


def _told(line: StatementLine) -> Told:
    numbers = {line.our_no, line.institution_no, line.request_no} - {""}
    return Told(
        line_id=line.pk,
        on=line.day,
        amount_fen=line.amount_fen,
        numbers=frozenset(numbers or {line.key}),
        our_no=line.our_no,
        institution_no=line.institution_no,
    )


def _items_follow(tenant_id: str, rail: str, groups: list[Group], now: datetime) -> None:
    """Write down how groups stand; the item that has a number of one takes it up."""
    numbers = sorted({number for group in groups for number in group.numbers})
    rows = Item.objects.select_for_update().filter(
        tenant_id=tenant_id, rail=rail, numbers__overlap=numbers
    )
    by_number: dict[str, list[Item]] = {}
    for item in rows.exclude(outcome="joined").order_by("seen_at", "id"):
        for number in item.numbers:
            by_number.setdefault(number, []).append(item)
    new: list[Item] = []
    for group in groups:
        known = {each.id: each for number in group.numbers for each in by_number.get(number, ())}
        if known:
            _item_follow(sorted(known.values(), key=lambda each: each.seen_at), group, now)
        else:
            new.append(_item_new(tenant_id, rail, group, now))
    Item.objects.bulk_create(new, batch_size=1000)
    ItemStep.objects.bulk_create([_step(item, "found", now) for item in new], batch_size=1000)


def _item_follow(known: list[Item], group: Group, now: datetime) -> None:
    """Let the first item take a group up, and the others join it; nothing when it stands so."""
    item, *others = known
    for other in others:
        other.outcome, other.state = "joined", "settled"
        other.save(update_fields=["outcome", "state"])
        _step(other, "joined", now, note=str(item.id)).save()
    before = _standing(item)
    _fill(item, group)
    if _standing(item) == before:
        return
    item.state = "settled" if item.outcome in AGREES else "open"
    item.save()
    _step(item, "changed", now).save()


def _standing(item: Item) -> tuple[object, ...]:
    """Return what of an item a person would have to look at again when it changes."""
    return (
        item.outcome,
        item.institution_fen,
        item.books_fen,
        sorted(item.days),
        sorted(item.numbers),
        sorted(item.line_ids),
        sorted(item.transfer_ids),
    )


def _item_new(tenant_id: str, rail: str, group: Group, now: datetime) -> Item:
    item = Item(
        id=uuid7_for(now, tenant_id, "reconciliation", rail, min(group.numbers)),
        tenant_id=tenant_id,
        rail=rail,
        seen_at=now,
    )
    _fill(item, group)
    item.state = "settled" if item.outcome in AGREES else "open"
    return item


def _fill(item: Item, group: Group) -> None:
    item.numbers = sorted(group.numbers)
    item.our_no = group.our_no
    item.institution_no = group.institution_no
    item.days = group.days
    item.first_on = group.days[0]
    item.institution_fen = group.institution_fen
    item.books_fen = group.books_fen
    item.line_ids = [each.line_id for each in group.told]
    item.transfer_ids = [each.transfer_id for each in group.booked]
    item.outcome = group.outcome


@transaction.atomic
def item_assign(
    tenant_id: str, item_id: UUID, *, owner: str, note: str, actor: str, now: datetime
) -> Item:
    """Say who looks after an open difference, and what is being done.

    Raises:
        NotFound: ``unknown_item``.
        BadInput: ``owner_missing``.
        Conflict: ``item_not_open``.
    """
    item = item_get(tenant_id, item_id, locked=True)
    _open_check(item)
    if not owner.strip():
        raise BadInput(
            "owner_missing", where="owner", zh="请写明由谁跟进。", en="say who looks after it"
        )
    item.owner, item.owner_note = owner.strip(), note.strip()
    item.save(update_fields=["owner", "owner_note"])
    _step(item, "assigned", now, actor=actor, note=f"{item.owner}: {item.owner_note}").save()
    return item


@transaction.atomic
def item_explain(tenant_id: str, item_id: UUID, *, reason: str, actor: str, now: datetime) -> Item:
    """Close an open difference with a reason; it stays, and opens again when its amounts change.

    Raises:
        NotFound: ``unknown_item``.
        BadInput: ``reason_missing``.
        Conflict: ``item_not_open``.
    """
    item = item_get(tenant_id, item_id, locked=True)
    _open_check(item)
    if not reason.strip():
        raise BadInput(
            "reason_missing", where="reason", zh="请写明差异的原因。", en="say what explains it"
        )
    item.state = "explained"
    item.reason, item.explained_by, item.explained_at = reason.strip(), actor, now
    item.save(update_fields=["state", "reason", "explained_by", "explained_at"])
    _step(item, "explained", now, actor=actor, note=item.reason).save()
    return item


def _open_check(item: Item) -> None:
    if item.state != "open":
        raise Conflict(
            "item_not_open",
            where=str(item.id),
            zh="这一项已对平或已说明，无需处理。",
            en="this agrees or was explained; there is nothing to do",
        )


def _step(item: Item, action: str, now: datetime, *, actor: str = "", note: str = "") -> ItemStep:
    return ItemStep(
        item=item,
        tenant_id=item.tenant_id,
        action=action,
        outcome=item.outcome,
        institution_fen=item.institution_fen,
        books_fen=item.books_fen,
        actor=actor,
        note=note,
        at=now,
    )


def _rail_check(rail: str) -> None:
    if rail not in RAILS:
        raise BadInput(
            "rail_unknown",
            where=rail,
            zh=f"没有这个资金渠道；可用：{'、'.join(RAILS)}。",
            en=f"there is no such rail; choose one of {', '.join(RAILS)}",
        )


def _one_at_a_time(tenant_id: str, rail: str) -> None:
    """Let one import or comparison of a rail run at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        key = f"reconciliation {tenant_id} {rail}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [key])
