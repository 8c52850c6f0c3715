"""extractor: what it takes and refuses, and that clips and threads do not disturb each other."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edgecry.errors import AudioError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.kernels import ENGINES
from tests.features.signals import features, noise, semitones, tone


@pytest.fixture(scope="module")
def whole() -> np.ndarray:
    return features(noise(seed=5))


def test_the_input_is_left_as_it_was():
    y = noise()
    before = y.copy()
    features(y, length=1.0)
    features(y, length=0.1)
    assert np.array_equal(y, before)


def test_how_samples_are_stored_does_not_matter(whole):
    y = noise(seed=5)
    read_only = y.copy()
    read_only.flags.writeable = False
    strided = np.repeat(y, 3)[::3]
    backwards = y[::-1].copy()[::-1]
    for same in (y.astype(np.float64), read_only, strided, backwards, y.astype(">f4"), y.tolist()):
        assert np.array_equal(features(same), whole)


def test_it_is_deterministic(whole):
    extractor = FeatureExtractor()
    for _ in range(3):
        assert np.array_equal(extractor.extract(noise(seed=5)), whole)
    extractor.extract(noise(1.1, seed=6))
    assert np.array_equal(extractor.extract(noise(seed=5)), whole)


def test_eight_threads_may_share_it():
    """Clips of different lengths and tunings at the same time, each as if it were alone."""
    extractor = FeatureExtractor()
    clips = [tone(semitones(n / 10), 0.2 + 0.05 * n) + noise(0.2 + 0.05 * n, n) for n in range(8)]
    alone = [FeatureExtractor().extract(y) for y in clips]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(extractor.extract, clips * 4))
    for i, vector in enumerate(together):
        assert np.array_equal(vector, alone[i % 8])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, 4000, -1])
def test_what_is_not_finite_is_refused(value, at):
    y = noise()
    y[at] = value
    with pytest.raises(AudioError, match="NaN or infinity"):
        FeatureExtractor().extract(y)


@pytest.mark.parametrize("shape", [(), (1, 9600), (9600, 2), (0, 0)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(AudioError, match=r"expected one channel, shape \(n,\)"):
        FeatureExtractor().extract(np.zeros(shape, np.float32))


@pytest.mark.parametrize("dtype", ["int16", "uint8", "bool", "complex64", "U1", "object"])
def test_other_types_are_refused(dtype):
    with pytest.raises(AudioError, match="expected float"):
        FeatureExtractor().extract(np.zeros(9600).astype(dtype))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("peak", [1e25, 1e300])
def test_what_overflows_is_refused(peak):
    with pytest.raises(AudioError, match=r"^(y: |samples )"):
        FeatureExtractor().extract(peak * noise().astype(np.float64))


@pytest.mark.parametrize("engine", ENGINES)
def test_memory_of_a_long_clip_grows_with_its_samples(engine):
    """Beside the samples themselves (4 bytes each) at most 8 bytes a sample, here for three minutes."""
    y = np.resize(noise(), 16000 * 180)
    extractor = FeatureExtractor(engine=engine)
    extractor.extract(noise())
    tracemalloc.start()
    extractor.extract(y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 8 * len(y)


@pytest.mark.parametrize("engine", ENGINES)
def test_samples_that_cannot_be_written_give_the_same(engine):
    """numba's kernels are compiled for arrays that can; mapped files and bytes give others."""
    y = np.random.default_rng(3).standard_normal(40000).astype(np.float32)
    extractor = FeatureExtractor(engine=engine)
    expected = extractor.extract(y)
    y.flags.writeable = False
    np.testing.assert_array_equal(extractor.extract(y), expected)
