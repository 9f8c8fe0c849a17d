"""The streams of events that the feed takes, by name.

Three columns of the written schema carry a longer name here, since the short one belongs to the
envelope: ``aftersale_type``, ``case_kind``, ``trace_source``; ``grant_ref`` avoids a word of SQL.
"""

from typing import Final

from earnest.feed.market_streams import DAY_BOUND
from earnest.feed.order_streams import ORDER_BOUND
from earnest.feed.schema import Stream

STREAMS: Final[dict[str, Stream]] = {stream.name: stream for stream in ORDER_BOUND + DAY_BOUND}
"""Every stream by name."""

ORDER_STREAMS: Final = tuple(name for name, stream in STREAMS.items() if stream.by_order)
"""The streams that are stored under the day of their order."""

ORDER_FACTS: Final = "order_facts"
"""Name under which the derived order facts stand in the manifest, beside the streams."""
