"""Splits that keep groups apart."""

import numpy as np
import pytest

from convert.errors import ConversionError
from convert.evaluation.folds import grouped_folds

RNG_SEED = 7


@pytest.fixture
def grouped():
    """Labels and groups of 120 recordings."""
    rng = np.random.default_rng(RNG_SEED)
    groups = rng.integers(0, 30, 120)
    label_of_group = rng.choice(["a", "b", "c"], 30, p=[0.6, 0.2, 0.2])
    return label_of_group[groups].tolist(), [f"g{g}" for g in groups]


def test_folds(grouped):
    """Every recording is tested once, and never beside one of its group."""
    labels, groups = grouped
    folds = grouped_folds(labels, groups)
    assert len(folds) == 5
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(120))
    for train, test in folds:
        assert not {groups[i] for i in train} & {groups[i] for i in test}
        assert len(train) + len(test) == 120
    again = grouped_folds(labels, groups)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(folds, again, strict=True))


def test_folds_refuse_what_cannot_be_tested():
    """Too few groups, too few recordings of every label, and a label nobody else has."""
    with pytest.raises(ConversionError, match="only 3, and 5 folds"):
        grouped_folds(["a", "b", "a"], ["1", "2", "3"])
    with pytest.raises(ConversionError, match=r"label 'b': only in group '5'"):
        grouped_folds(list("aaaaabb"), list("0123455"))
    with pytest.raises(ConversionError, match="none has more than 3 recordings, and 5 folds"):
        grouped_folds(list("aaabbb"), list("012345"))
