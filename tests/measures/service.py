"""Hand-made events of the duties besides orders: messages, calls, changes of goods, complaints."""

import base64
from typing import Any

from tests.measures.scene import Row, Scene, us

At = str | int


def _us(at: At) -> int:
    return us(at) if isinstance(at, str) else at


class Service(Scene):
    """A scene with a help desk, interfaces, a catalogue and complaints."""

    def says(
        self, session: str, role: str, at: At, *, provider: str | None = "P1", **more: Any
    ) -> Row:
        """Add one message of a session."""
        number = 1 + len(self.rows["service_message"])
        values: Row = {"message_no": str(number), "is_auto": False, **more}
        return self.add(
            "service_message",
            session_id=session,
            sender_role=role,
            provider_id=provider,
            sent_us=_us(at),
            occurred_us=_us(at),
            **values,
        )

    def session(self, session: str, asked: At, replied: At | None, **more: Any) -> Row:
        """Add the sum of a session."""
        values: Row = {"provider_id": "P1", "version": "1", "inquiries": 1, **more}
        return self.add(
            "service_session",
            session_id=session,
            first_inquiry_us=_us(asked),
            first_human_reply_us=None if replied is None else _us(replied),
            occurred_us=_us(asked),
            **values,
        )

    def call(self, at: At, outcome: str, **more: Any) -> Row:
        """Add one call of the platform to the provider."""
        values: Row = {
            "call_id": f"call-{len(self.rows['api_call'])}",
            "provider_id": "P1",
            "interface": "order.push",
            "direction": "platform_to_provider",
            "duration_us": 200_000,
            **more,
        }
        started = _us(at)
        return self.add(
            "api_call", started_us=started, occurred_us=started, outcome=outcome, **values
        )

    def calls(self, at: At, outcome: str, count: int, **more: Any) -> Row:
        """Add a minute's calls, summed up; ``spread`` are (upper edge, calls) of its sketch."""
        spread = more.pop("spread", None)
        if spread is not None:
            more["sketch"] = sketch(*spread)
        values: Row = {
            "provider_id": "P1",
            "interface": "order.push",
            "direction": "platform_to_provider",
            "sum_us": 200_000 * count,
            **more,
        }
        return self.add(
            "api_call_agg",
            minute_us=_us(at),
            occurred_us=_us(at),
            outcome=outcome,
            n=count,
            **values,
        )

    def change(self, item: str, field: str, at: At, **more: Any) -> Row:
        """Add a change of an item at its source."""
        values: Row = {"provider_id": "P1", "sku_id": "K1", **more}
        return self.add(
            "catalogue_change",
            source_item_id=item,
            field=field,
            changed_us=_us(at),
            occurred_us=_us(at),
            **values,
        )

    def publish(self, listing: str, field: str, at: At, **more: Any) -> Row:
        """Add a change made visible on a listing."""
        values: Row = {"provider_id": "P1", "sku_id": "K1", "channel": "api", **more}
        return self.add(
            "catalogue_publish",
            listing_id=listing,
            field=field,
            published_us=_us(at),
            occurred_us=_us(at),
            **values,
        )

    def case(self, case: str, action: str, at: At, **more: Any) -> Row:
        """Add one step of a complaint."""
        number = 1 + len(self.rows["case_event"])
        values: Row = {"provider_id": "P1", "case_kind": "complaint", "seq": str(number), **more}
        return self.add("case_event", case_id=case, action=action, occurred_us=_us(at), **values)


def sketch(*spread: tuple[int, int]) -> str:
    """Return a sketch of (upper edge in microseconds, calls)."""
    text = ",".join(f"{edge}:{calls}" for edge, calls in spread)
    return base64.b64encode(text.encode()).decode()
