"""Views of arrays."""

import numpy as np
import pytest

from edgecry.arrays import framed


@pytest.mark.parametrize(
    ("n", "size", "step"), [(10, 4, 3), (11, 4, 3), (4, 4, 9), (3, 4, 1), (0, 1, 1), (50, 7, 1)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_frames_are_slices_of_the_signal(n, size, step, dtype):
    y = np.random.default_rng(0).standard_normal(n).astype(dtype)
    frames = framed(y, size, step)
    wanted = [y[at : at + size] for at in range(0, n - size + 1, step)]
    assert frames.shape == (len(wanted), size) and frames.dtype == dtype
    np.testing.assert_array_equal(frames, np.array(wanted, dtype).reshape(-1, size))


def test_frames_share_the_memory_of_the_signal():
    y = np.zeros(8)
    frames = framed(y, 4, 2)
    y[3] = 1
    assert frames[0, 3] == frames[1, 1] == 1
