"""Plain Python counts of the duties besides orders; shares no code with the texts."""

from collections import defaultdict
from collections.abc import Iterator

from tests.measures.oracle import Counts
from tests.measures.scene import Row

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SHANGHAI = 8 * HOUR


class DutyOracle:
    """Counts over the rows of a scene that stand: what was retracted is gone."""

    def __init__(self, rows: dict[str, list[Row]], first: int, end: int, as_of: int) -> None:
        self._rows = rows
        self._first, self._end, self._as_of = first, end, as_of

    def _standing(self, stream: str) -> list[Row]:
        gone = {
            row["corrects_event_id"] for row in self._rows[stream] if "corrects_event_id" in row
        }
        return [
            row
            for row in self._rows[stream]
            if row["event_id"] not in gone
            and row["kind"] != "retraction"
            and row["occurred_us"] <= self._as_of
        ]

    def _inside(self, at: int) -> bool:
        return self._first <= at < self._end

    # Replies

    def reply3min(self, opens: int, closes: int, *, left_out: bool, robots: bool) -> Counts:
        """Questions asked in the window, answered within three minutes of service."""
        sums = _Sums()
        for provider, asked, answered in self._questions(robots=robots):
            if not self._inside(asked):
                continue
            midnight = (asked + SHANGHAI) // DAY * DAY - SHANGHAI
            open_at, close_at = midnight + opens * HOUR, midnight + closes * HOUR
            start = asked
            if not open_at <= asked < close_at:
                if left_out:
                    sums.add(provider)
                    continue
                start = open_at if asked < open_at else open_at + DAY
            due = start + 3 * MINUTE
            if due > self._as_of:
                sums.add(provider, pending=1)
            else:
                sums.add(provider, int(answered is not None and answered <= due), 1)
        return sums.result()

    def _questions(self, *, robots: bool) -> Iterator[tuple[str, int, int | None]]:
        """Yield each question with its answer: session by session, message by message."""
        sessions: dict[str, list[Row]] = defaultdict(list)
        for row in self._standing("service_message"):
            sessions[row["session_id"]].append(row)
        for messages in sessions.values():
            provider = max(row["provider_id"] for row in messages)
            open_since: int | None = None
            for row in sorted(messages, key=lambda row: (row["sent_us"], int(row["message_no"]))):
                role = row["sender_role"]
                agent = role in {"provider_agent", "supplier_agent"}
                robot = role == "provider_bot" or (agent and row["is_auto"])
                if role == "merchant":
                    open_since = row["sent_us"] if open_since is None else open_since
                elif (robot and robots) or (agent and not robot):
                    if open_since is not None:
                        yield provider, open_since, row["sent_us"]
                    open_since = None
            if open_since is not None:
                yield provider, open_since, None
        for row in self._standing("service_session"):
            if row["session_id"] not in sessions:
                yield row["provider_id"], row["first_inquiry_us"], row["first_human_reply_us"]

    # Interfaces

    def _calls(self) -> Iterator[tuple[Row, int, int]]:
        """Yield each call or sum of calls that counts: the row, its minute, how many."""
        summed = set()
        for row in self._standing("api_call_agg"):
            if self._inside(row["minute_us"]):
                summed.add((*_place(row), row["minute_us"]))
                yield row, row["minute_us"], row["n"]
        for row in self._standing("api_call"):
            minute = row["started_us"] // MINUTE * MINUTE
            if self._inside(row["started_us"]) and (*_place(row), minute) not in summed:
                yield row, minute, 1

    def interface_success(self) -> Counts:
        """Calls the provider answers for."""
        sums = _Sums()
        for row, _, calls in self._calls():
            good, bad = _verdict(row)
            sums.add(row["provider_id"], calls * good, calls * (good + bad))
        return sums.result()

    def interface_latency(self, limit_us: int) -> tuple[Counts, dict[str, int]]:
        """Answered calls within the limit, and the 95th percentile by sorting every call."""
        sums, times = _Sums(), defaultdict(list)
        for row, _, _ in self._calls():
            if row["outcome"] not in {"ok", "biz_error"}:
                continue
            provider, attributed = row["provider_id"], row.get("attributable_to") or "unknown"
            spread = row.get("spread") or [(row.get("duration_us"), 1)]
            ours = attributed == "provider" or (
                attributed == "unknown" and row["direction"] == "platform_to_provider"
            )
            for took, calls in spread:
                if not ours or took is None:
                    sums.add(provider)
                    continue
                sums.add(provider, calls * int(took <= limit_us), calls)
                times[provider] += [took] * calls
        ranks = {
            provider: sorted(took)[-(-len(took) * 95 // 100) - 1]
            for provider, took in times.items()
        }
        return sums.result(), ranks

    def interface_availability(self) -> tuple[Counts, dict[str, int]]:
        """Minutes with a success, and the longest outage by walking through the minutes."""
        slots: dict[tuple[str, ...], dict[int, list[int]]] = defaultdict(dict)
        for row, minute, calls in self._calls():
            if calls and any(_verdict(row)):
                slot = slots[_place(row)].setdefault(minute, [0, 0])
                slot[0] += _verdict(row)[0]
        sums, longest = _Sums(), defaultdict(int)
        for place, minutes in slots.items():
            began: int | None = None
            for minute in sorted(minutes):
                up = minutes[minute][0] > 0
                sums.add(place[0], int(up), 1)
                began = None if up else minute if began is None else began
                lasted = 0 if began is None else minute + MINUTE - began
                longest[place[0]] = max(longest[place[0]], lasted)
        return sums.result(), dict(longest)

    # Catalogue and complaints

    def catalogue_sync(self, within_us: int, *, listings_only: bool) -> Counts:
        """Changes of the window that the platform was told of in time."""
        sums = _Sums()
        changes = [
            row
            for row in self._standing("catalogue_change")
            if not listings_only or row["field"] == "on_shelf"
        ]
        published = [
            row
            for row in self._standing("catalogue_publish")
            if row.get("result") in {None, "ok"}
            and not (listings_only and row["channel"] == "manual")
        ]
        for change in changes:
            if not self._inside(change["changed_us"]):
                continue
            told = [
                publication["published_us"]
                for publication in published
                for named in changes
                if named["change_no"] == publication["reflects_change_no"]
                and _same(named, publication, "provider_id", "field", "sku_id")
                and _same(named, change, "provider_id", "field", "sku_id", "source_item_id")
                and change["changed_us"] <= named["changed_us"] <= publication["published_us"]
            ]
            due = change["changed_us"] + within_us
            if due > self._as_of:
                sums.add(change["provider_id"], pending=1)
            else:
                sums.add(change["provider_id"], int(min(told, default=due + 1) <= due), 1)
        return sums.result()

    def complaints(self) -> tuple[Counts, dict[str, int]]:
        """Complaints due in the window that were late, and how many were opened in it."""
        cases: dict[str, list[Row]] = defaultdict(list)
        for row in self._standing("case_event"):
            cases[row["case_id"]].append(row)
        sums, opened = _Sums(), defaultdict(int)
        for steps in cases.values():
            rounds: list[list[Row]] = []
            for row in sorted(steps, key=lambda row: (row["occurred_us"], int(row["seq"]))):
                if row["action"] in {"opened", "reopened"}:
                    rounds.append([])
                if rounds:
                    rounds[-1].append(row)
            for of_round in rounds:
                self._round(of_round, sums, opened)
        return sums.result(), dict(opened)

    def _round(self, steps: list[Row], sums: "_Sums", opened: dict[str, int]) -> None:
        start, provider = steps[0]["occurred_us"], steps[0]["provider_id"]
        ends = [row["occurred_us"] for row in steps if row["action"] in {"decided", "closed"}]
        replies = [row["occurred_us"] for row in steps if row["action"] == "responded"] + ends
        if start >= self._end or (ends and ends[0] < self._first):
            return
        opened[provider] += int(start >= self._first)
        due = start + 5 * DAY
        good = bool(ends) and ends[0] < due and min(replies) < start + 2 * DAY
        if not self._inside(due):
            sums.add(provider)
        elif due > self._as_of:
            sums.add(provider, pending=1)
        else:
            sums.add(provider, int(not good), 1)


def _place(row: Row) -> tuple[str, str, str]:
    return row["provider_id"], row["interface"], row["direction"]


def _same(one: Row, other: Row, *names: str) -> bool:
    return all(one[name] == other[name] for name in names)


def _verdict(row: Row) -> tuple[int, int]:
    """Return whether a call succeeded and whether it failed by the provider's fault."""
    outcome, attributed = row["outcome"], row.get("attributable_to") or "unknown"
    if outcome == "ok":
        return 1, 0
    if attributed != "unknown":
        return 0, int(attributed == "provider")
    if outcome == "biz_error":
        return 1, 0
    wrong = {
        "platform_to_provider": {"server_error", "timeout", "network"},
        "provider_to_platform": {"client_error"},
    }
    return 0, int(outcome in wrong[row["direction"]])


class _Sums:
    def __init__(self) -> None:
        self._sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])

    def add(
        self, subject: str, numerator: int = 0, denominator: int = 0, *, pending: int = 0
    ) -> None:
        for place, value in enumerate((numerator, denominator, denominator, pending)):
            self._sums[subject][place] += value

    def result(self) -> Counts:
        return {subject: (s[0], s[1], s[2], s[3]) for subject, s in self._sums.items()}
