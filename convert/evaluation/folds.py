"""Splits that keep a group on one side."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError

FOLDS: Final = 5
Fold = tuple[NDArray[np.intp], NDArray[np.intp]]


def grouped_folds(
    labels: Sequence[str], groups: Sequence[str], n_splits: int = FOLDS, seed: int = 0
) -> list[Fold]:
    """Split so that each recording is tested once, apart from all others of its group.

    Parameters
    ----------
    labels, groups : sequence of str
        Of each recording. The folds have about equal shares of each label.
    n_splits, seed : int

    Returns
    -------
    list of (train, test) indices

    Raises
    ------
    ConversionError
        There are fewer groups than folds, no label with as many recordings, or all recordings of a label
        are in one group.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    groups_of: dict[str, set[str]] = {}
    for label, group in zip(labels, groups, strict=True):
        groups_of.setdefault(label, set()).add(group)
    if len(set(groups)) < n_splits:
        raise ConversionError(
            f"groups: only {len(set(groups))}, and {n_splits} folds need one each; add others"
        )
    for label, members in sorted(groups_of.items()):
        if len(members) < 2:
            raise ConversionError(
                f"label {label!r}: only in group {members.pop()!r}, so it cannot be both learned and tested; "
                "add recordings of others, or leave the label out"
            )
    if (most := max(Counter(labels).values())) < n_splits:
        raise ConversionError(
            f"labels: none has more than {most} recordings, and {n_splits} folds need one each; add others"
        )
    splitter = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A label in fewer groups than folds is missing from some tests, which is no harm to the pool.
        warnings.filterwarnings("ignore", "The least populated class")
        return list(splitter.split(np.zeros(len(labels)), np.asarray(labels), np.asarray(groups)))
