"""Families of a few numbers a frame, in closed form. tests/parity holds them against librosa."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from edgecry.errors import AudioError, EdgecryWarning
from edgecry.features.cens import cens_frames
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.kernels import ENGINES
from edgecry.features.mfcc import dct_matrix
from edgecry.features.onset import onset_frames
from edgecry.features.poly import poly_matrix
from edgecry.features.shape import bandwidth, centroid, flatness, rolloff
from edgecry.features.spec import FeatureSpec
from edgecry.features.stft import Geometry
from edgecry.features.waveform import rms_frames, zero_crossing_frames

SR = 16000
FLAT = np.ones((3, 1025), np.float32)
GEOMETRY = Geometry(2048, 512, 2048)
MEASURES = ("rms", "zcr", "centroid", "bandwidth", "rolloff", "flatness", "poly", "onset")


def tone(frequency: float, amplitude: float = 0.3) -> np.ndarray:
    return (amplitude * np.cos(2 * np.pi * frequency * np.arange(SR) / SR)).astype(np.float32)


def test_the_shape_of_a_flat_spectrum():
    """Its centre is the middle, its spread that of a uniform distribution."""
    nyquist = SR / 2
    np.testing.assert_allclose(centroid(FLAT, SR), nyquist / 2)
    np.testing.assert_allclose(bandwidth(FLAT, SR), nyquist / np.sqrt(12), rtol=1e-3)
    np.testing.assert_allclose(rolloff(FLAT, SR, 0.25), nyquist / 4, atol=SR / 2048)
    np.testing.assert_allclose(flatness(FLAT), 1)


def test_the_shape_of_one_line():
    line = np.zeros((2, 1025), np.float32)
    line[:, 128] = 2
    assert centroid(line, SR).tolist() == rolloff(line, SR, 0.85).tolist() == [[1000.0], [1000.0]]
    assert not bandwidth(line, SR).any()
    assert flatness(line).max() < 1e-6


def test_the_shape_of_silence():
    silence = np.zeros((2, 1025), np.float32)
    assert not centroid(silence, SR).any()
    assert not bandwidth(silence, SR).any()
    assert not rolloff(silence, SR, 0.85).any()
    np.testing.assert_allclose(flatness(silence), 1)


@pytest.mark.parametrize("order", [0, 1, 3])
def test_a_polynomial_is_found_again(order):
    coefficients = np.array([2e-10, -3e-7, 1e-3, 0.5])[3 - order :]
    spectrum = np.polyval(coefficients, np.fft.rfftfreq(2048, 1 / SR))
    np.testing.assert_allclose(spectrum @ poly_matrix(SR, 2048, order), coefficients, rtol=1e-8)


def test_rms_of_a_tone():
    np.testing.assert_allclose(rms_frames(tone(500), GEOMETRY)[4:-4], 0.3 / np.sqrt(2), rtol=1e-6)


@pytest.mark.parametrize("frequency", [500, 2000])
def test_a_tone_crosses_zero_twice_a_period(frequency):
    """The frame's first sample counts as none."""
    found = zero_crossing_frames(tone(frequency), GEOMETRY)[4:-4]
    np.testing.assert_allclose(found, 2 * frequency / SR, atol=2 / 2048)
    flip = np.where(np.arange(SR) % 2, 0.1, -0.1).astype(np.float32)
    np.testing.assert_array_equal(zero_crossing_frames(flip, GEOMETRY)[4:-4], 2047 / 2048)


def test_what_is_as_good_as_zero_does_not_cross_it():
    faint = np.where(np.arange(SR) % 2, 1e-11, -1e-11).astype(np.float32)
    assert not zero_crossing_frames(faint, GEOMETRY).any()


def test_onset_is_the_mean_rise_moved_by_half_a_transform():
    db = np.zeros((10, 4), np.float32)
    db[5:] = (8, 0, 4, -12)  # falling bands count as 0
    assert onset_frames(db, 2048, 512, center=True).ravel().tolist() == [0] * 7 + [3, 0, 0]
    assert onset_frames(db, 2048, 512, center=False).ravel().tolist() == [0] * 5 + [3, 0, 0, 0, 0]
    assert not onset_frames(db[:2], 2048, 512, center=True).any()


def test_cens_of_one_note_is_that_note():
    notes = np.zeros((60, 12), np.float32)
    notes[:, 3] = 5
    np.testing.assert_allclose(cens_frames(notes), np.tile(np.eye(12)[3], (60, 1)))
    assert not cens_frames(np.zeros((3, 12), np.float32)).any()


@pytest.mark.parametrize("kind", [1, 2, 3])
@pytest.mark.parametrize("n", [2, 5, 40])
def test_an_orthogonal_transform_is_orthogonal(kind, n):
    matrix = dct_matrix(n, n, kind, "ortho")
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(n), atol=1e-12)


def test_the_unnormed_transforms_of_types_two_and_three_undo_one_another():
    np.testing.assert_allclose(
        dct_matrix(8, 8, 2, "none") @ dct_matrix(8, 8, 3, "none"), 16 * np.eye(8), atol=1e-12
    )


@pytest.mark.parametrize("n", [0, 1, 100])
def test_the_shortest_clips_have_finite_measures(n):
    spec = FeatureSpec(families=(*MEASURES, "chroma_cqt", "chroma_cens"), stats=("mean", "delta2_std"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EdgecryWarning)  # of clips without a pitch
        assert np.isfinite(FeatureExtractor(spec).extract(tone(440)[:n])).all()


@pytest.mark.parametrize("family", [name for name in MEASURES if name not in ("rms", "zcr", "onset")])
def test_too_loud_is_told(family):
    spec = FeatureSpec(families=(family,), poly_order=1)
    with pytest.raises(AudioError, match="too loud"):
        FeatureExtractor(spec).extract(np.full(SR, 3e37, np.float32) * tone(900, 1.0))


EVERY = ("mfcc", "chroma", "mel", "contrast", "tonnetz", "voice", "chroma_cqt", "chroma_cens", *MEASURES)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "only", [("onset", "mfcc"), ("rms",), ("chroma_cens",), ("chroma_cqt", "tonnetz"), MEASURES]
)
@pytest.mark.parametrize("others", [{}, {"chroma_power": 2, "tonnetz_of": "harmonic", "mel_unit": "db"}])
def test_what_is_left_out_changes_nothing(engine, only, others):
    """Families share results, which are dropped after the last that reads them."""
    spec = FeatureSpec(families=EVERY, **others)
    y = (tone(440) + 0.05 * np.random.default_rng(1).standard_normal(SR)).astype(np.float32)
    whole, part = FeatureExtractor(spec, engine).extract(y), FeatureExtractor(spec, engine, only).extract(y)
    for family, where in spec.slices.items():
        np.testing.assert_array_equal(part[where], whole[where] if family in only else 0, err_msg=family)


@pytest.mark.parametrize("others", [{}, {"chroma_power": 2, "tonnetz_of": "harmonic"}])
def test_engines_agree(others):
    spec = FeatureSpec(families=EVERY, stats=("mean", "std"), **others)
    y = (tone(440) + 0.05 * np.random.default_rng(2).standard_normal(SR)).astype(np.float32)
    one, other = (FeatureExtractor(spec, engine).extract(y) for engine in ENGINES)
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
