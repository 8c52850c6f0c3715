"""overlap: stretches of a stream get the vectors that they get alone, and frames are computed once."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecry.audio.load import load_audio
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.kernels import ENGINES
from edgecry.features.spec import FeatureSpec
from edgecry.stream.history import History
from edgecry.stream.vectors import share
from tests import streams

HOP, KEEP = 800, 5600
Y = streams.noise(8, level=0.1) * np.linspace(0.01, 1, 8 * streams.SR, dtype=np.float32)


def over(*specs, engine="numpy", sr=streams.SR, keep=KEEP, y=Y, hop=HOP):
    """Return the vectors of a stream of the samples by each recipe, and the samples."""
    samples = History(keep)
    vectors = share(samples, sr, [FeatureExtractor(spec, engine) for spec in specs], keep, hop)
    return samples, vectors


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("level", ["keep", "remove"])
@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 7), st.booleans()), max_size=12))
def test_is_the_extractor_to_the_last_bit(engine, level, steps):
    """Whatever was skipped in between, and however long the stretch is."""
    spec = replace(streams.SPEC, level=level, families=("voice", "mel", "mfcc"))
    samples, (vectors,) = over(spec, engine=engine)
    extract = FeatureExtractor(spec, engine).extract
    for hops, length, off in steps:
        samples.extend(Y[samples.stop : samples.stop + hops * HOP])
        stop = samples.stop - 37 * off
        start = max(samples.start, stop - length * HOP)
        if start < stop:
            np.testing.assert_array_equal(vectors.of(start, stop), extract(Y[start:stop]))


@pytest.mark.parametrize("engine", ENGINES)
def test_of_the_bundled_detectors_geometry(engine):
    spec = replace(
        streams.SPEC, sr=16000, n_fft=512, hop_length=250, win_length=400, n_mels=40, n_mfcc=20, length=3.0
    )
    y = streams.noise(12, level=0.1, sr=16000)
    samples, (vectors,) = over(spec, engine=engine, sr=16000, keep=7 * 16000, hop=16000)
    extract = FeatureExtractor(spec, engine).extract
    for second in range(12):
        samples.extend(y[16000 * second :][:16000])
        start, stop = max(0, samples.stop - 48000), samples.stop
        np.testing.assert_array_equal(vectors.of(start, stop), extract(y[start:stop]))


@pytest.mark.parametrize("engine", ENGINES)
def test_of_a_network_on_frames(engine):
    """Its frames are those of mel; whole windows share them, and a short stretch is padded as a recording."""
    geometry = {"sr": 16000, "n_fft": 512, "hop_length": 320, "win_length": 512, "n_mels": 40}
    network = replace(streams.SPEC, **geometry, families=("logmel",), stats=(), length=3.0, padding="none")
    other = replace(streams.SPEC, **geometry, families=("mfcc",))
    hop, y = 15360, streams.noise(12, level=0.1, sr=16000)
    samples, vectors = over(network, other, engine=engine, sr=16000, keep=7 * 16000, hop=hop)
    extract = [FeatureExtractor(spec, engine).extract for spec in (network, other)]
    for i in range(12):
        samples.extend(y[hop * i :][:hop])
        start = max(0, samples.stop - 48000) // hop * hop
        stop = min(samples.stop, start + 48000)
        for ours, alone in zip(vectors, extract, strict=True):
            np.testing.assert_array_equal(ours.of(start, stop), alone(y[start:stop]))


def computed(monkeypatch) -> list[int]:
    """Count the frames that are computed, call by call."""
    counts = []
    frames = FeatureExtractor.frames

    def counted(self, y):
        out = frames(self, y)
        counts.append(len(out.mel))
        return out

    monkeypatch.setattr(FeatureExtractor, "frames", counted)
    return counts


def test_frames_are_computed_once(monkeypatch):
    """But for those of the last block, which is not full: 16 frames a hop, and 12 again."""
    samples, (vectors,) = over(streams.SPEC)
    counts = computed(monkeypatch)
    samples.extend(Y[:2400])
    vectors.of(0, 2400)
    assert counts == [43]
    for _ in range(20):
        samples.extend(Y[samples.stop : samples.stop + HOP])
        vectors.of(samples.stop - 2400, samples.stop)
    assert counts[1:] == 20 * [27]


def test_recipes_share_frames(monkeypatch):
    other = replace(streams.SPEC, families=("mel",), stats=("max",), level="keep", n_mfcc=2)
    samples, vectors = over(streams.SPEC, other)
    counts = computed(monkeypatch)
    samples.extend(Y[:5600])
    for spec, one in zip((streams.SPEC, other), vectors, strict=True):
        np.testing.assert_array_equal(one.of(0, 5600), FeatureExtractor(spec).extract(Y[:5600]))
    assert counts == [107, 11]


def test_frames_that_nothing_needs_are_not_computed(monkeypatch):
    samples, (vectors,) = over(streams.SPEC)
    counts = computed(monkeypatch)
    samples.extend(Y[:40_000])
    vectors.of(40_000 - 2400, 40_000)
    assert counts == [43]


ALONE = {
    "centred": replace(streams.SPEC, center=True),
    "another family": replace(streams.SPEC, families=("mfcc", "contrast"), n_bands=5),
    "another hop": replace(streams.SPEC, hop_length=60),
    "padded": replace(streams.SPEC, length=0.5),
    "cropped": replace(streams.SPEC, length=0.2),
}


@pytest.mark.parametrize("name", ALONE)
def test_what_cannot_be_shared_is_computed_alone(monkeypatch, name):
    samples, (vectors,) = over(ALONE[name])
    counts = computed(monkeypatch)
    samples.extend(Y[:8000])
    for start in (800, 2400, 4000):
        expected = FeatureExtractor(ALONE[name]).extract(Y[start : start + 2400])
        np.testing.assert_array_equal(vectors.of(start, start + 2400), expected)
    assert counts == []


def test_another_rate_is_resampled():
    spec = replace(streams.SPEC, sr=16000)
    samples, (vectors,) = over(spec)
    samples.extend(Y[:5600])
    y = load_audio((Y[800:3200], streams.SR), sr=16000).samples
    np.testing.assert_array_equal(vectors.of(800, 3200), FeatureExtractor(spec).extract(y))


def test_begins_anew():
    """Frames of before are not taken for those at the same place."""
    samples, (vectors,) = over(streams.SPEC)
    samples.extend(Y[:2400])
    vectors.of(0, 2400)
    samples.begin(0)
    vectors.begin()
    samples.extend(Y[8000:10400])
    expected = FeatureExtractor(streams.SPEC).extract(Y[8000:10400])
    np.testing.assert_array_equal(vectors.of(0, 2400), expected)


GROWING = FeatureSpec(sr=streams.SR, families=("mfcc", "chroma"), n_mels=8, n_mfcc=4, mel_fmax=3800)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_expected_is_computed_as_it_comes(engine, monkeypatch):
    """Its vector is that of the samples alone, and its frames are computed before the end."""
    samples, (vectors,) = over(GROWING, engine=engine, keep=24_000)
    given = []
    extract = FeatureExtractor.extract

    def watched(self, y, ahead=None):
        given.append(ahead is not None)
        return extract(self, y, ahead)

    monkeypatch.setattr(FeatureExtractor, "extract", watched)
    samples.extend(Y[:8000])
    for stop in (8000, 14_000, 20_000):
        samples.extend(Y[samples.stop : stop])
        vectors.expect(3000, most=6000)
    samples.extend(Y[20_000:22_000])
    expected = FeatureExtractor(GROWING, engine).extract(Y[3000:22_000])
    np.testing.assert_array_equal(vectors.of(3000, 22_000), expected)
    np.testing.assert_array_equal(vectors.of(3000, 22_000), expected)
    assert given == [False, True, False]


def test_another_stretch_than_expected():
    samples, (vectors,) = over(GROWING, keep=24_000)
    samples.extend(Y[:20_000])
    vectors.expect(12_000, most=10_000)
    expected = FeatureExtractor(GROWING).extract(Y[12_800:20_000])
    np.testing.assert_array_equal(vectors.of(12_800, 20_000), expected)


def test_nothing_is_expected_of_a_stretch_before():
    """After a gap, samples are counted anew."""
    samples, (vectors,) = over(GROWING, keep=24_000)
    samples.extend(Y[:20_000])
    vectors.expect(12_000, most=10_000)
    samples.begin(0)
    vectors.begin()
    samples.extend(Y[20_000:40_000])
    np.testing.assert_array_equal(
        vectors.of(12_000, 20_000), FeatureExtractor(GROWING).extract(Y[32_000:40_000])
    )


def test_too_much_at_once_is_left_for_the_end(monkeypatch):
    samples, (vectors,) = over(GROWING, keep=24_000)
    calls = []
    monkeypatch.setattr(FeatureExtractor, "work_ahead", lambda self, y, ahead: calls.append(len(y)))
    samples.extend(Y[:20_000])
    vectors.expect(10_000, most=9999)
    vectors.expect(20_000, most=9999)
    assert calls == []
    vectors.expect(10_001, most=9999)
    assert calls == [9999]
