"""How long to wait before trying again."""

from __future__ import annotations


def doubled(first: float, longest: float, failures: int) -> float:
    """Return the seconds to wait after ``failures`` >= 1 failures in a row.

    ``first`` after the first failure, twice that after the next, and so on up to ``longest``.
    """
    return float(min(longest, first * 2.0 ** min(failures - 1, 60)))
