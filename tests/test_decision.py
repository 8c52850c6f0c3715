"""decision: the label of a row of probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.decision import rank, top_label
from edgecry.errors import ModelError

float32s = st.floats(0, 1, width=32)
rows = st.lists(float32s, min_size=1, max_size=12)


def names(n: int) -> list[str]:
    return [f"label {i}" for i in range(n)]


def test_largest_wins():
    assert top_label([0.1, 0.7, 0.2], ["a", "b", "c"]) == "b"


def test_exact_tie_goes_to_the_first():
    assert top_label([0.1, 0.45, 0.45], ["a", "b", "c"]) == "b"


def test_tie_up_to_six_decimals_goes_to_the_first():
    assert top_label([0.2, 0.3999999, 0.4000001], ["a", "b", "c"]) == "b"


def test_a_difference_in_the_sixth_decimal_counts():
    assert top_label([0.2, 0.399999, 0.400001], ["a", "b", "c"]) == "c"


@given(rows)
def test_agrees_with_numpy_rounding(row):
    """A batch may be decided with numpy.round and argmax, as parity proofs do."""
    wide = np.asarray(row, np.float32).astype(np.float64)
    assert rank(wide.tolist())[0] == int(np.argmax(np.round(wide, 6)))


@given(rows)
def test_rank_is_an_ordering(row):
    order = rank(row)
    assert sorted(order) == list(range(len(row)))
    rounded = [round(row[i], 6) for i in order]
    assert rounded == sorted(rounded, reverse=True)
    assert all(i < j for i, j, p, q in zip(order, order[1:], rounded, rounded[1:], strict=False) if p == q)


@given(rows, st.data())
def test_last_bits_do_not_matter(row, data):
    """Whatever moves values by less than the rounding keeps the label."""
    grid = [round(p, 6) for p in row]
    noise = data.draw(st.lists(st.floats(-4e-7, 4e-7), min_size=len(row), max_size=len(row)))
    noisy = [p + e for p, e in zip(grid, noise, strict=True)]
    assert top_label(noisy, names(len(row))) == top_label(grid, names(len(row)))


@pytest.mark.parametrize(("row", "labels"), [([0.5, 0.5], ["a"]), ([], []), ([1.0], ["a", "b"])])
def test_counts_must_match(row, labels):
    with pytest.raises(ModelError, match=f"found {len(row)} for {len(labels)} labels"):
        top_label(row, labels)
