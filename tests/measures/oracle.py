"""The measures once more, in plain Python over the events themselves: slow, short, independent.

It shares no code with the SQL texts and reads no facts. Each function returns, per subject,
``(numerator, denominator, sample, pending)``.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]
Counts = dict[str, tuple[int, int, int, int]]
HOUR = 3600 * 10**6


def live(rows: Iterable[Row]) -> list[Row]:
    """Return the rows that stand."""
    rows = list(rows)
    gone = {row["corrects_event_id"] for row in rows if row["kind"] != "observation"}
    return [row for row in rows if row["kind"] != "retraction" and row["event_id"] not in gone]


def _version(row: Row, name: str) -> tuple[int, str]:
    text = row.get(name) or ""
    return len(text), text


class Oracle:
    """Everything that happened, order by order."""

    def __init__(self, rows: dict[str, list[Row]]) -> None:
        self.events = {stream: live(each) for stream, each in rows.items()}
        self.orders: dict[str, Row] = {}
        for row in self._of("order_event"):
            self.orders.setdefault(row["order_id"], {})
        for order_id in self.orders:
            self.orders[order_id] = self._order(order_id)

    def _of(self, stream: str, **where: Any) -> list[Row]:
        return [
            row
            for row in self.events.get(stream, [])
            if all(row.get(name) == value for name, value in where.items())
        ]

    def _order(self, order_id: str) -> Row:
        events = sorted(
            self._of("order_event", order_id=order_id),
            key=lambda row: (row["state"] != "paid", _version(row, "source_version")),
        )
        paid = next(row["paid_us"] for row in events if row.get("paid_us") is not None)
        lines: dict[str, Row] = {}
        for row in self._of("order_line", order_id=order_id):
            old = lines.get(row["line_no"])
            if old is None or _version(row, "version") > _version(old, "version"):
                lines[row["line_no"]] = row
        closings = [row["occurred_us"] for row in events if row["state"] == "closed"]
        amount = next((r["amount_paid_fen"] for r in events if r.get("amount_paid_fen")), 0)
        return {
            "order_id": order_id,
            "paid": paid,
            "shop": next((row["shop_id"] for row in events if row.get("shop_id")), ""),
            "lines": [lines[number] for number in sorted(lines, key=lambda n: (len(n), n))],
            "closed": min(closings, default=None),
            "amount": amount,
        }

    def parts(self, order: Row) -> dict[str, list[Row]]:
        """Return the lines of an order by provider, in the order of the lines."""
        parts: dict[str, list[Row]] = {}
        for line in order["lines"]:
            parts.setdefault(line["provider_id"], []).append(line)
        return parts or {"": []}

    def subjects(self, order: Row, by: str) -> dict[str, list[str]]:
        """Return the subjects of an order, each with the providers that it covers."""
        found: dict[str, list[str]] = defaultdict(list)
        for provider, lines in self.parts(order).items():
            dearest = max(lines, key=lambda line: line["line_paid_fen"], default=None)
            found[
                {
                    "provider": provider,
                    "shop": order["shop"],
                    "category": dearest["category_id"] if dearest else "",
                    "all": "all",
                }[by]
            ].append(provider)
        return {subject: providers for subject, providers in found.items() if subject}

    def concerns(self, order: Row, row: Row, provider: str) -> bool:
        """Tell whether a parcel or a request is this provider's."""
        by_line = {line["line_no"]: line["provider_id"] for line in order["lines"]}
        owner = by_line.get(row.get("line_no"))
        if owner is None and row.get("provider_id") in by_line.values():
            owner = row.get("provider_id")
        return owner is None or owner == provider

    def parcels(self, order: Row, provider: str, direction: str = "outbound") -> list[Row]:
        """Return the parcels of a provider's part of an order."""
        return [
            row
            for row in self._of("parcel", order_id=order["order_id"], direction=direction)
            if self.concerns(order, row, provider)
        ]

    def scans(self, parcel: Row, node: str, since: int) -> list[int]:
        """Return the times of a parcel's scans at a node, from an instant on."""
        return sorted(
            row["node_us"]
            for row in self._of(
                "parcel_trace",
                node=node,
                carrier=parcel["carrier"],
                waybill_no=parcel["waybill_no"],
            )
            if row["node_us"] >= since
        )

    def picked(self, order: Row, providers: Iterable[str]) -> int | None:
        """Return the first pick-up at or after the payment."""
        return min(
            (
                at
                for provider in providers
                for parcel in self.parcels(order, provider)
                for at in self.scans(parcel, "picked_up", order["paid"])
            ),
            default=None,
        )

    def signed(self, order: Row, providers: Iterable[str]) -> int | None:
        """Return the last sign-for, when all parcels of all the providers are signed for."""
        last = 0
        for provider in providers:
            needed = [p for p in self.parcels(order, provider) if p.get("replaced_by") is None]
            firsts = [self.scans(parcel, "signed", order["paid"])[:1] for parcel in needed]
            if not firsts or [] in firsts:
                return None
            last = max(last, *(first[0] for first in firsts))
        return last

    def requests(self) -> list[Row]:
        """Return each request as it was first applied for."""
        firsts: dict[str, Row] = {}
        for row in sorted(
            self._of("aftersale_event", action="applied"),
            key=lambda row: (row["applied_us"], _version(row, "version")),
        ):
            firsts.setdefault(row["aftersale_id"], row)
        return list(firsts.values())

    # The measures

    def shipping48h(self, first: int, end: int, as_of: int, by: str, hours: int) -> Counts:
        """Paid in the window; picked up by the deadline."""
        counts = _Counts()
        for order in self.orders.values():
            if not (first <= order["paid"] < end and order["paid"] <= as_of):
                continue
            due = order["paid"] + hours * HOUR
            for subject, providers in self.subjects(order, by).items():
                picked = self.picked(order, providers)
                if due > as_of:
                    counts.add(subject, pending=1)
                else:
                    counts.add(subject, int(picked is not None and picked <= due), 1, 1)
        return counts.result()

    def quality_refund30d(self, first: int, end: int, as_of: int, by: str) -> Counts:
        """Signed for in the window; first refund application names quality."""
        counts = _Counts()
        for order in self.orders.values():
            for subject, providers in self.subjects(order, by).items():
                signed = self.signed(order, providers)
                if signed is None or not (first <= signed < end and signed <= as_of):
                    continue
                requests = sorted(
                    (row["applied_us"], row["aftersale_id"], row.get("reason_class"))
                    for row in self.requests()
                    if row["order_id"] == order["order_id"]
                    and row["applied_us"] <= as_of
                    and row["aftersale_type"] in {"refund_only", "return_refund"}
                    and any(self.concerns(order, row, provider) for provider in providers)
                )
                counts.add(subject, int(bool(requests) and requests[0][2] == "quality"), 1, 1)
        return counts.result()

    def after_sales(
        self, clock: int, first: int, end: int, as_of: int, by: str, hours: int
    ) -> Counts:
        """Due in the window; handled by the deadline. Clocks 1 to 4 as in the rule."""
        counts = _Counts()
        for request in self.requests():
            steps = self._of("aftersale_event", aftersale_id=request["aftersale_id"])
            order = self.orders[request["order_id"]]
            owners = [p for p in self.parts(order) if self.concerns(order, request, p)]
            start, done = self._clock(clock, request, steps, order)
            if start is None or start > as_of or not first <= start + hours * HOUR < end:
                continue
            due = start + hours * HOUR
            in_time = done is not None and done <= due
            withdrawn = any(
                step["action"] == "closed"
                and step.get("actor") == "buyer"
                and step["occurred_us"] <= min(due, as_of)
                for step in steps
            )
            subject = next(s for s, ps in self._all_subjects(order, by) if owners[0] in ps)
            if not subject:
                continue
            if withdrawn and not in_time:
                counts.add(subject)
            elif due > as_of:
                counts.add(subject, pending=1)
            else:
                counts.add(subject, int(in_time), 1, 1)
        return counts.result()

    def _all_subjects(self, order: Row, by: str) -> list[tuple[str, list[str]]]:
        found = list(self.subjects(order, by).items())
        return [*found, ("", list(self.parts(order)))]

    def _clock(
        self, clock: int, request: Row, steps: list[Row], order: Row
    ) -> tuple[int | None, int | None]:
        """Return when the clock of a request started and when it was stopped, if ever."""
        applied = request["applied_us"]
        owner = next(p for p in self.parts(order) if self.concerns(order, request, p))
        picked = self.picked(order, [owner])
        shipped = request.get("shipped_at_apply")
        if shipped is None:
            shipped = picked is not None and picked <= applied
        kind = {1: "refund_only", 2: "refund_only", 3: "return_refund", 4: "return_refund"}[clock]
        if request["aftersale_type"] != kind or (clock == 1 and shipped):
            return None, None
        if clock == 2 and not shipped:
            return None, None
        ours = [step for step in steps if step.get("actor") not in {"buyer", "bot"}]

        def first_of(actions: set[str], since: int = 0) -> int | None:
            return min(
                (
                    step["occurred_us"]
                    for step in ours
                    if step["action"] in actions and step["occurred_us"] >= since
                ),
                default=None,
            )

        if clock < 4:
            return applied, first_of({"agreed", "refused", "refunded"})
        returned = self._returned(request, steps, order)
        if returned is None:
            return None, None
        settled = [first_of({"refunded"}), first_of({"inspected", "refused"}, returned)]
        return returned, min((at for at in settled if at is not None), default=None)

    def _returned(self, request: Row, steps: list[Row], order: Row) -> int | None:
        named = request.get("return_parcel")
        signs = []
        for parcel in self._of("parcel", order_id=order["order_id"], direction="return"):
            if named not in {None, parcel["waybill_no"], f"yto/{parcel['waybill_no']}"}:
                continue
            first = self.scans(parcel, "signed", order["paid"])[:1]
            signs += [at for at in first if at >= request["applied_us"]]
        told = [step["occurred_us"] for step in steps if step["action"] == "return_signed"]
        return min(signs, default=min(told, default=None))

    def nps_composite(self, first: int, end: int, as_of: int, by: str) -> Counts:
        """Answered in the window; weights are one."""
        newest: dict[tuple[str, ...], Row] = {}
        for row in self._of("survey_answer"):
            if row["answered_us"] > as_of:
                continue
            key = (row["campaign_id"], row["respondent_id"], row["provider_id"], row["dimension"])
            if key not in newest or _version(row, "version") > _version(newest[key], "version"):
                newest[key] = row
        counts = _Counts()
        respondents = set()
        for row in newest.values():
            if row["dimension"] == "overall" or not first <= row["answered_us"] < end:
                continue
            subject = row["provider_id"] if by == "provider" else "all"
            kept = int(not row.get("excluded_reason"))
            new = kept and (subject, row["respondent_id"]) not in respondents
            if kept:
                respondents.add((subject, row["respondent_id"]))
            counts.add(subject, kept * row["score_tenths"], kept, int(new))
        return counts.result()


class _Counts:
    def __init__(self) -> None:
        self._sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])

    def add(
        self,
        subject: str,
        numerator: int = 0,
        denominator: int = 0,
        sample: int = 0,
        *,
        pending: int = 0,
    ) -> None:
        for place, value in enumerate((numerator, denominator, sample, pending)):
            self._sums[subject][place] += value

    def result(self) -> Counts:
        return {
            subject: (sums[0], sums[1], sums[2], sums[3]) for subject, sums in self._sums.items()
        }
