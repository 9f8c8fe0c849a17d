"""Named days for which the rule says something of their own: holidays, reliefs, transitions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from earnest.policy.document import Path
from earnest.policy.editions import Calendar
from earnest.policy.shape import Window as WindowShape
from earnest.policy.shape import Words


@dataclass(frozen=True)
class Span:
    """Calendar days from the first to the last, both included, and on whose authority."""

    first: date
    last: date
    clause: str
    instrument: str


@dataclass(frozen=True)
class Window:
    """Named days; only spans whose act decides are in it."""

    name: str
    spans: tuple[Span, ...]
    title: Words | None = None

    def holds(self, day: date) -> Span | None:
        """Return the span that a day lies in, or None."""
        return next((span for span in self.spans if span.first <= day <= span.last), None)


def compile_windows(calendar: Calendar, shapes: Mapping[str, WindowShape]) -> dict[str, Window]:
    """Check the spans of every window: their acts, their order, and that none overlap."""
    return {name: _window(calendar, name, shape) for name, shape in shapes.items()}


def _window(calendar: Calendar, name: str, shape: WindowShape) -> Window:
    document = calendar.document
    spans: list[Span] = []
    previous: Span | None = None
    for index, each in enumerate(shape.days):
        path: Path = ("windows", name, "days", index)
        span = Span(each.first, each.last, each.clause, each.instrument)
        calendar.check_act(name, span.instrument, span.first, (*path, "first"))
        if span.last < span.first:
            document.add(
                (*path, "last"),
                "date_order",
                f"{name}：末日 {span.last} 不应早于首日 {span.first}",
                f"{name}: the last day {span.last} must not come before the first, {span.first}",
            )
        act = calendar.instruments.get(span.instrument)
        withdrawn = act is not None and act.state == "withdrawn"
        if previous is not None and not withdrawn and span.first <= previous.last:
            document.add(
                (*path, "first"),
                "overlap",
                f"{name}：{span.first} 应晚于上一段的末日 {previous.last}；各段按先后写，互不重叠",
                f"{name}: {span.first} must come after the span before it, which lasts until "
                f"{previous.last}; write spans in order and none over another",
            )
        previous = previous if withdrawn else span
        if calendar.decides(span.instrument):
            spans.append(span)
    return Window(name, tuple(spans), shape.title)
