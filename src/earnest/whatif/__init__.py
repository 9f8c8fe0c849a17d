"""Floor 16: what if. History judged again under the draft of a rulebook, compared, never changed.

The facts are those that were judged; both rulebooks judge them, each row at its own governing day.
"""
