"""Floor 16: what is due is done: the worker, and the invariants it checks on a timer."""
