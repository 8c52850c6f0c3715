"""The engines' kernels against one another, also those that this machine would not choose."""

from __future__ import annotations

import numpy as np
import pytest

from edgecry.features.contrast import Band
from edgecry.features.kernels import numpy_kernels

BANDS = tuple(
    Band(slice(low, high), n) for low, high, n in ((0, 3, 1), (3, 9, 2), (5, 13, 8), (0, 90, 3), (7, 90, 8))
)


@pytest.mark.parametrize("levels", [2, 1000])
@pytest.mark.parametrize("choice", ["sorted_extremes", "selected_extremes"])
def test_extremes_are_found_by_sorting_and_by_selection(levels, choice, monkeypatch):
    """To the last bit, of many equal values too."""
    numba_kernels = pytest.importorskip("edgecry.features.kernels.numba_kernels")
    S = np.random.default_rng(levels).integers(0, levels, (50, 90)).astype(np.float32) / 7
    expected = numpy_kernels.band_extremes(S, BANDS)
    monkeypatch.setattr(numba_kernels, "_extremes", getattr(numba_kernels, choice))
    np.testing.assert_array_equal(numba_kernels.band_extremes(S, BANDS), expected)
