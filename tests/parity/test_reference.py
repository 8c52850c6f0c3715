"""The yardstick itself: the reference is the seed's function, to the last bit, and its new parts hold."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import seed_pipeline
from convert.synth import synthetic_cry
from edgecry.features.spec import FeatureSpec
from tests.parity import reference


def test_it_is_the_seeds_function():
    y = synthetic_cry(sr=16000, seconds=2.0, seed=1)
    theirs = seed_pipeline.features_of(y)
    assert np.array_equal(reference.vector(y, FeatureSpec()), theirs)


def test_handing_it_the_tunings_changes_nothing():
    y, spec = synthetic_cry(sr=16000, seconds=2.0, seed=2), FeatureSpec(families=("chroma", "tonnetz"))
    tuned = reference.tunings(y, spec)
    assert np.array_equal(reference.vector(y, spec, tuned), reference.vector(y, spec))
    elsewhere = {family: tuning + 0.25 for family, tuning in tuned.items()}
    assert not np.array_equal(reference.vector(y, spec, elsewhere), reference.vector(y, spec))


@pytest.mark.parametrize("n_frames", [1, 2, 3, 4, 8, 9, 50])
def test_slope_of_a_line_is_its_slope(n_frames):
    line = 2.5 * np.arange(n_frames)[np.newaxis] + 7
    assert np.allclose(reference.slope(line), 2.5 if n_frames >= 3 else 0.0)


def test_skew_of_what_does_not_vary_is_zero():
    with reference.quiet():
        assert reference.statistic(np.full((2, 9), 3.0), "skew").tolist() == [0.0, 0.0]
