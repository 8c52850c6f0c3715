"""tilt: harmonics that fall by a known slope."""

import numpy as np
import pytest

from edgecry.measure.pitch import track
from edgecry.measure.tilt import tilt
from tests.measure.voices import SR, harmonics


@pytest.mark.parametrize("f0", [160.0, 431.7, 1100.0])
@pytest.mark.parametrize("slope", [0.0, -1.0, -2.0])
def test_slope_of_the_harmonics(f0, slope):
    y = harmonics(f0, 0.5, slope)
    assert tilt(y, SR, track(y, SR, 150, 1500)) == pytest.approx(slope * 20 * np.log10(2), abs=0.05)


def test_two_harmonics_make_no_line():
    y = harmonics(1400.0, 0.5)
    assert tilt(y, SR, track(y, SR, 150, 1500)) is None
