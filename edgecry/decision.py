"""Probabilities to what we say. Pure: no audio, no model, no array library."""

from __future__ import annotations

from collections.abc import Sequence

from edgecry.errors import ModelError

#: Decimals that count. Another processor adds float32 in another order and moves the digits after
#: these; two labels that agree up to here are tied, and the tie breaks the same way everywhere.
DIGITS = 6


def rank(probabilities: Sequence[float]) -> list[int]:
    """Order labels from the most to the least probable.

    Probabilities are compared after rounding to ``DIGITS`` decimals; of equal ones the first wins.
    For float32 values widened to float64, ``numpy.round`` followed by ``argmax`` agrees.

    Parameters
    ----------
    probabilities : sequence of float in [0, 1]
        One for each label.

    Returns
    -------
    list of int
        Indices into ``probabilities``.
    """
    rounded = [round(float(p), DIGITS) for p in probabilities]
    return sorted(range(len(rounded)), key=lambda i: -rounded[i])


def top_label(probabilities: Sequence[float], labels: Sequence[str]) -> str:
    """Return the label that ranks first.

    Parameters
    ----------
    probabilities : sequence of float in [0, 1]
        One for each label.
    labels : sequence of str
        Their names, in the same order.

    Raises
    ------
    ModelError
        There is no label, or not one probability for each.
    """
    if not labels or len(probabilities) != len(labels):
        raise ModelError(
            f"probabilities: found {len(probabilities)} for {len(labels)} labels; "
            "expected one for each, and at least one"
        )
    return labels[rank(probabilities)[0]]
