"""Floor 17: a deterministic seeded market."""

from earnest.simulator.market import SIMULATED_STREAMS, Market, simulate
from earnest.simulator.reactions import reactions
from earnest.simulator.sizes import SIZES, Size

__all__ = ["SIMULATED_STREAMS", "SIZES", "Market", "Size", "reactions", "simulate"]
