"""What must hold of the extractor whatever librosa says: closed forms, equivalences, refusals."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.errors import EdgecryWarning, SpecError
from edgecry.features.extractor import FeatureExtractor
from edgecry.features.families import SEED_FAMILIES
from edgecry.features.kernels import ENGINES
from edgecry.features.spec import FeatureSpec
from edgecry.features.stft import BLOCK
from tests.features.signals import SR, features, noise, semitones, tone
from tests.spectra import estimate_tuning, magnitude

NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


# -- gain ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gain", [0.25, 3.0, 8.0])
def test_mel_is_power(gain):
    y = noise()
    assert np.allclose(features(gain * y, "mel"), gain**2 * features(y, "mel"), rtol=1e-5, atol=0)


@pytest.mark.parametrize("gain", [0.25, 3.0, 8.0])
def test_pitch_families_do_not_hear_gain(gain):
    y = noise()
    assert np.allclose(features(gain * y, "chroma"), features(y, "chroma"), rtol=0, atol=1e-5)
    assert np.allclose(features(gain * y, "tonnetz"), features(y, "tonnetz"), rtol=0, atol=1e-5)


@pytest.mark.parametrize("gain", [0.25, 3.0, 8.0])
def test_gain_moves_the_first_cepstrum_alone(gain):
    """A gain adds a constant to every log-mel value, of which the DCT keeps sqrt(n_mels) in mfcc_0."""
    y = noise()
    louder, plain = features(gain * y, "mfcc", n_mels=64), features(y, "mfcc", n_mels=64)
    assert np.isclose(louder[0] - plain[0], np.sqrt(64) * 20 * np.log10(gain), rtol=0, atol=1e-3)
    assert np.allclose(louder[1:], plain[1:], rtol=0, atol=1e-3)


@pytest.mark.parametrize("gain", [0.25, 3.0, 8.0])
def test_contrast_is_a_ratio(gain):
    y = noise()
    assert np.allclose(features(gain * y, "contrast"), features(y, "contrast"), rtol=0, atol=1e-4)


@pytest.mark.parametrize("gain", [1e-3, 0.25, 8.0])
def test_without_level_nothing_hears_gain(gain):
    y = noise()
    spec = FeatureSpec(level="remove", stats=("mean", "std", "skew"))
    extract = FeatureExtractor(spec).extract
    assert np.allclose(extract(gain * y), extract(y), rtol=1e-3, atol=1e-3)


def test_without_level_mel_has_mean_one():
    assert np.isclose(features(noise(), "mel", level="remove").mean(), 1, rtol=1e-6, atol=0)


def test_without_level_silence_stays_silent():
    assert not features(np.zeros(SR, np.float32), "mel", level="remove").any()


@pytest.mark.parametrize("engine", ENGINES)
def test_uncentred_frames_are_the_same_wherever_the_clip_begins(engine):
    y = noise(3.0)
    spec = FeatureSpec(families=("mel", "voice"), center=False, stats=("max",))
    extract = FeatureExtractor(spec, engine).extract
    whole = extract(y)
    for frames in (16, 32, 96, 112):
        size = spec.n_fft + (frames - 1) * spec.hop_length
        starts = range(0, len(y) - size + 1, BLOCK * spec.hop_length)
        parts = np.max([extract(y[at : at + size]) for at in starts], axis=0)
        last = (starts[-1] // spec.hop_length) + frames
        assert np.array_equal(extract(y[: spec.n_fft + (last - 1) * spec.hop_length]), parts)
        assert np.all(parts <= whole)


def test_an_uncentred_frame_is_made_of_a_shorter_clip():
    y = noise()[:500]
    padded = np.pad(y, (0, 1024 - 500))
    assert np.array_equal(features(y, "mel", center=False), features(padded, "mel", center=False))


@pytest.mark.parametrize("gain", [1e-3, 0.25, 8.0])
def test_voice_does_not_hear_gain(gain):
    y = noise()
    assert np.allclose(features(gain * y, "voice"), features(y, "voice"), rtol=0, atol=1e-6)


def test_voice_of_silence_and_of_a_constant_is_none():
    assert features(np.zeros(SR, np.float32), "voice")[0] == 0
    constant = FeatureSpec(families=("voice",), center=False, mel_fmin=150.0)
    assert abs(FeatureExtractor(constant).extract(np.full(SR, 0.5, np.float32))[0]) < 1


def test_harmonics_are_a_voice_and_noise_is_not():
    """The harmonics of a pulse train are all in phase with its period, so nearly all of it returns."""
    pulses = np.zeros(SR, np.float32)
    pulses[:: SR // 400] = 0.5
    spec = FeatureSpec(families=("voice",), center=False, win_length=1000)
    train, hiss = (FeatureExtractor(spec).extract(y)[0] for y in (pulses, noise(1.0)))
    assert train > 0.9
    assert hiss < 0.35


# -- closed forms ----------------------------------------------------------------------------------


def test_silence():
    with pytest.warns(EdgecryWarning, match="tuning"):
        vector = features(np.zeros(SR, np.float32))
    parts = FeatureSpec().slices
    for family in ("chroma", "mel", "contrast", "tonnetz"):
        assert not vector[parts[family]].any()
    # Each log-mel value is the -100 dB of power 1e-10.
    mfcc = vector[parts["mfcc"]]
    assert np.isclose(mfcc[0], -100 * np.sqrt(128), rtol=0, atol=2e-4)
    assert np.allclose(mfcc[1:], 0, rtol=0, atol=2e-4)


def test_contrast_of_a_flat_spectrum_is_zero():
    impulse = np.zeros(SR, np.float32)
    impulse[SR // 2] = 1
    assert np.allclose(features(impulse, "contrast"), 0, rtol=0, atol=1e-4)


def test_contrast_of_a_tone_shows_in_its_band():
    """Band 4 spans 800 to 1600 Hz."""
    assert np.argmax(features(tone(1100.0) + 1e-3 * noise(), "contrast")) == 4


def test_mel_of_an_impulse_is_the_window():
    """Its spectrum is flat, and a mel band weighs a flat one by 1 / bin width (Slaney's unit areas)."""
    at, impulse = 5000, np.zeros(10000, np.float32)
    impulse[at] = 0.5
    offsets = at - 160 * np.arange(1 + 10000 // 160) + 200
    inside = offsets[(offsets >= 0) & (offsets < 400)]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * inside / 400)
    power = np.sum((0.5 * window) ** 2) / (1 + 10000 // 160)
    mel = features(impulse, "mel", n_mels=20)
    assert np.allclose(mel[3:], power * 1024 / SR, rtol=0.05, atol=0)


@pytest.mark.parametrize("frequency", [500.0, 1000.0, 3000.0, 6500.0])
def test_mel_of_a_tone_peaks_where_it_is(frequency):
    """Slaney's scale: 3 / 200 mel a Hz up to 1 kHz, then 27 mel a factor of 6.4."""

    def mel(hz: float) -> float:
        return hz * 3 / 200 if hz < 1000 else 15 + 27 * np.log(hz / 1000) / np.log(6.4)

    # Forty bands have their centres at parts 1 / 41 to 40 / 41 of the range.
    expected = 41 * mel(frequency) / mel(SR / 2) - 1
    assert abs(np.argmax(features(tone(frequency), "mel", n_mels=40)) - expected) <= 1


@pytest.mark.parametrize("octave", [0, 1, 2])
@pytest.mark.parametrize("note", range(12))
def test_chroma_of_a_note_peaks_at_it(note, octave):
    chroma = features(tone(semitones(note - 9 + 12 * octave)), "chroma")
    assert NOTES[int(np.argmax(chroma))] == NOTES[note]
    assert np.isclose(chroma.max(), 1.0, rtol=0, atol=1e-6)


@pytest.mark.parametrize("start", [0, 3])
def test_a_fifth_is_one_step_round_the_circle_of_fifths(start):
    """Harte, Sandler & Gasser 2006: the first two tonnetz values are a point on that circle."""
    points = [features(tone(semitones(n)), "tonnetz")[:2] @ (1j, 1) for n in (start, start + 7)]
    turn = np.angle(points[1] / points[0], deg=True)
    assert abs(turn - 30) < 3
    assert np.isclose(*np.abs(points), rtol=0.1)
    assert 0.5 < np.abs(points[0]) <= 1


@given(st.integers(0, 10_000))
def test_tonnetz_stays_inside_its_circles(seed):
    x = features(noise(0.2, seed), "tonnetz")
    assert np.all(np.hypot(x[::2], x[1::2]) <= (1.0, 1.0, 0.5))


@pytest.mark.parametrize("cents", [-40, -25, 0, 10, 45])
def test_tuning_of_a_scale(cents):
    y = np.concatenate([tone(semitones(n + cents / 100), 0.3) for n in (0, 4, 7, 12)])
    S = magnitude(y, 2048, 512, 2048)
    assert abs(estimate_tuning(S, SR, 2048, 12) - cents / 100) < 0.035
    in_thirds = (3 * cents / 100 + 0.5) % 1 - 0.5
    off = estimate_tuning(S, SR, 2048, 36) - in_thirds
    assert abs((off + 0.5) % 1 - 0.5) < 0.105


# -- statistics ------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", SEED_FAMILIES)
def test_statistics_are_in_order(family):
    stats = ("min", "p5", "p50", "p95", "max")
    rows = features(noise(), family, stats=stats).reshape(len(stats), -1)
    assert np.all(np.diff(rows, axis=0) >= 0)
    assert np.all(rows[0] < rows[-1])
    ends = features(noise(), family, stats=("p0", "p100")).reshape(2, -1)
    assert np.array_equal(ends, rows[[0, -1]])


# -- the vector's layout ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole() -> np.ndarray:
    return features(noise(seed=5))


SUBSETS = [subset for n in range(1, 6) for subset in itertools.combinations(SEED_FAMILIES, n)]


@pytest.mark.parametrize("subset", SUBSETS, ids="+".join)
def test_a_subset_is_a_slice_of_the_whole(subset, whole):
    parts = FeatureSpec().slices
    expected = np.concatenate([whole[parts[family]] for family in subset])
    assert np.array_equal(features(noise(seed=5), *subset), expected)


@pytest.mark.parametrize("order", [SEED_FAMILIES[::-1], SEED_FAMILIES[2:] + SEED_FAMILIES[:2]], ids="+".join)
def test_an_order_is_a_permutation_of_the_whole(order, whole):
    parts = FeatureSpec().slices
    assert np.array_equal(
        features(noise(seed=5), *order), np.concatenate([whole[parts[family]] for family in order])
    )


def test_more_statistics_leave_the_means_alone(whole):
    spec = FeatureSpec(stats=("std", "mean", "delta_p50"))
    vector = FeatureExtractor(spec).extract(noise(seed=5))
    means = [i for i, name in enumerate(spec.names) if name in FeatureSpec().names]
    assert np.array_equal(vector[means], whole)


def test_names_and_families_are_the_specs():
    spec = FeatureSpec(families=("mel", "mfcc"), stats=("mean", "std"))
    extractor = FeatureExtractor(spec)
    assert (extractor.names, extractor.families, extractor.spec) == (spec.names, spec.slices, spec)
    vector = extractor.extract(noise())
    assert vector.shape == (spec.n_features,) == (len(extractor.names),)
    assert vector.dtype == np.float64


# -- length, padding, crop -------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.3, 0.6, 1.0, 1.3])
@pytest.mark.parametrize("padding", ["none", "zero", "repeat"])
@pytest.mark.parametrize("crop", ["start", "center"])
def test_a_length_is_what_one_would_cut_by_hand(seconds, padding, crop):
    y, size = noise(0.6), round(seconds * SR)
    if len(y) >= size:
        start = (len(y) - size) // 2 if crop == "center" else 0
        by_hand = y[start : start + size]
    else:
        by_hand = {
            "none": y,
            "zero": np.concatenate((y, np.zeros(size - len(y), np.float32))),
            "repeat": np.concatenate((y, y, y))[:size],
        }[padding]
    spec = FeatureSpec(families=("mfcc", "mel"), length=seconds, padding=padding, crop=crop)
    plain = dataclasses.replace(spec, length=None)
    assert np.array_equal(FeatureExtractor(spec).extract(y), FeatureExtractor(plain).extract(by_hand))


def test_an_unknown_engine_is_refused():
    for engine in ENGINES:
        assert FeatureExtractor(engine=engine).engine == engine
    with pytest.raises(SpecError, match="engine: 'fortran' is unknown; allowed are numpy, numba"):
        FeatureExtractor(engine="fortran")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("only", [("mel",), ("chroma", "tonnetz"), ("tonnetz",), ("contrast",), ()])
def test_only_some_families_are_the_same_to_the_last_bit(only, engine):
    y, spec = noise(), FeatureSpec()
    whole, part = FeatureExtractor(spec, engine).extract(y), FeatureExtractor(spec, engine, only).extract(y)
    for family, where in spec.slices.items():
        assert np.array_equal(part[where], whole[where] if family in only else np.zeros_like(whole[where]))


def test_only_names_a_family_of_the_spec():
    with pytest.raises(SpecError, match="only: 'chroma' is not among families \\(mel\\)"):
        FeatureExtractor(FeatureSpec(families=("mel",)), only=("chroma",))
