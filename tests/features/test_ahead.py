"""ahead: a clip that was measured while it grew has the vector of the whole, to the last bit."""

from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecry.errors import AudioError
from edgecry.features.ahead import Halves
from edgecry.features.cqt import N_OCTAVES, halved
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.families import SEED_FAMILIES
from edgecry.features.kernels import ENGINES
from edgecry.features.spec import FeatureSpec
from tests.features.signals import SR, noise, tone

#: It is silent at first and gets louder: its loudest moment, say, is known at its end only.
Y = np.concatenate((np.zeros(3000, np.float32), noise(1) * 0.01, tone(450, 1) + noise(1), noise(2)))
SPECS = {
    "five families": FeatureSpec(),
    "of loud and quiet": FeatureSpec(level="remove", stats=("mean", "std", "max")),
    "with others": FeatureSpec(
        families=("mfcc", "voice", "onset", "chroma", "poly", "centroid", "chroma_cqt")
    ),
    "power": FeatureSpec(families=("chroma", "contrast", "tonnetz"), chroma_power=2, stft_hop_length=300),
    "notes alone": FeatureSpec(families=("tonnetz", "contrast")),
    "harmonic": FeatureSpec(families=("tonnetz", "mel"), tonnetz_of="harmonic"),
    "at a high rate": FeatureSpec(sr=44100, families=("tonnetz", "chroma", "rms")),
}


def grown(extractor: FeatureExtractor, y: np.ndarray, sizes: list[int]):
    ahead = None
    for n in accumulate(sizes):
        ahead = extractor.work_ahead(y[:n], ahead)
    return ahead


@pytest.mark.filterwarnings("ignore:no pitch")
@pytest.mark.parametrize("engine", ENGINES)
@settings(max_examples=10, deadline=None)
@given(sizes=st.lists(st.integers(0, 20_000), min_size=1, max_size=5), rest=st.integers(1, 20_000))
def test_is_the_whole_to_the_last_bit(engine, sizes, rest):
    extractor, y = FeatureExtractor(FeatureSpec(), engine), Y[: sum(sizes) + rest]
    ahead = grown(extractor, y, sizes)
    np.testing.assert_array_equal(extractor.extract(y, ahead), extractor.extract(y))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", SPECS)
def test_of_any_families(engine, name):
    extractor = FeatureExtractor(SPECS[name], engine)
    ahead = grown(extractor, Y, [100, 20_000, 9_000])
    assert ahead is not None
    np.testing.assert_array_equal(extractor.extract(Y, ahead), extractor.extract(Y))


def test_only_what_is_asked_for():
    extractor = FeatureExtractor(FeatureSpec(), only=("contrast", "chroma"))
    ahead = grown(extractor, Y, [30_000])
    np.testing.assert_array_equal(extractor.extract(Y, ahead), extractor.extract(Y))


def test_most_frames_are_computed_ahead(monkeypatch):
    """What is left to the end is less than was computed before."""
    extractor, counts = FeatureExtractor(FeatureSpec(families=SEED_FAMILIES)), []
    real = extractor._kernels.magnitudes

    def counted(*arguments):
        transform = real(*arguments)

        def counting(stretch, out):
            counts.append(len(out))
            return transform(stretch, out)

        return counting

    monkeypatch.setattr(extractor._kernels, "magnitudes", counted)
    ahead = grown(extractor, Y, [40_000, 20_000])
    before = sum(counts)
    extractor.extract(Y, ahead)
    whole = 1 + len(Y) // 512
    assert sum(counts) == whole
    assert before > 0.7 * whole


@pytest.mark.parametrize("spec", [FeatureSpec(center=False), FeatureSpec(length=3.0)])
def test_of_what_cannot_be_foreseen_nothing_is_computed(spec):
    """A clip that is brought to a length may be padded before its first sample, or cut there."""
    assert FeatureExtractor(replace(spec, families=("mel",))).work_ahead(Y[:20_000]) is None


@settings(max_examples=20, deadline=None)
@given(sizes=st.lists(st.integers(0, 5000), max_size=5), rest=st.integers(0, 5000))
def test_halves_are_those_of_the_whole(sizes, rest):
    halves, y = Halves(), Y[: sum(sizes) + rest]
    for n in accumulate(sizes):
        halves.extend(y[:n])
    found, expected = halves.finish(y), y
    assert len(found) == N_OCTAVES - 1
    for one in found:
        expected = halved(expected)
        np.testing.assert_array_equal(one, expected)


def test_of_sound_too_loud_to_measure_is_refused_as_ever():
    extractor, y = FeatureExtractor(FeatureSpec(families=("mel",))), np.full(2 * SR, 3e38, np.float32)
    y[::2] *= -1
    ahead = grown(extractor, y, [20_000])
    with pytest.raises(AudioError, match="too loud"):
        extractor.extract(y, ahead)
