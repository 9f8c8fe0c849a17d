"""Peers are quartiles and a band; too few of them tell nothing."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from earnest.measures.peers import FEWEST_PEERS, Rate, peers_of

rates = st.integers(1, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(rates, st.lists(rates, max_size=FEWEST_PEERS - 1))
def test_few_peers_are_not_compared(own: Rate, others: list[Rate]) -> None:
    """With fewer than five others nothing is told of them."""
    assert peers_of(own, others, "at_least") is None


@given(rates, st.lists(rates, min_size=FEWEST_PEERS, max_size=60), st.booleans())
def test_quartiles_hold_their_share(own: Rate, others: list[Rate], high_is_good: bool) -> None:
    """A quarter, a half, three quarters reach each mark, and the band counts who is better."""
    found = peers_of(own, others, "at_least" if high_is_good else "at_most")
    assert found is not None

    def good(rate: Rate) -> Fraction:
        return Fraction(*rate) if high_is_good else -Fraction(*rate)

    for quarters, mark in ((1, found.best), (2, found.median), (3, found.worst)):
        assert mark in others
        reaching = sum(good(each) >= good(mark) for each in others)
        assert reaching * 4 >= quarters * len(others)
    better = sum(good(each) > good(own) for each in others)
    assert (found.band - 1) * (len(others) + 1) <= better * 4 < found.band * (len(others) + 1)


def test_one_that_was_not_assessed_has_no_band() -> None:
    """A subject with nothing to count sees the others and is ranked nowhere."""
    found = peers_of((0, 0), [(n, 100) for n in range(90, 96)], "at_least")
    assert found is not None
    assert found.band == 0
