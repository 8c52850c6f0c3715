"""The synthetic cry has its parts where its plan says, and is the same every time."""

import argparse
from itertools import pairwise

import numpy as np
import pytest
import soundfile

from convert.commands import sample
from convert.errors import ConversionError
from convert.synth import EXPIRATION_RANGE, F0_RANGE, expirations, melody, synthetic_cry

SEEDS = range(5)


def level(y: np.ndarray, sr: int, start: float, duration: float) -> float:
    """RMS of a stretch in dB of full scale."""
    part = y[round(start * sr) : round((start + duration) * sr)].astype(float)
    return 20 * np.log10(np.sqrt(np.mean(part**2)))


@pytest.mark.parametrize("sr", [8000, 16000, 44100])
@pytest.mark.parametrize("seconds", [0.0, 0.3, 1.0, 7.0])
def test_length_type_and_peak(sr, seconds):
    """It is as long as asked, float32, finite, and exactly as loud as asked."""
    y = synthetic_cry(sr, seconds, peak=0.25)
    assert y.shape == (round(sr * seconds),)
    assert y.dtype == np.float32
    assert np.isfinite(y).all()
    assert np.abs(y).max(initial=0) == (0.25 if seconds else 0)


def test_determinism():
    """A seed is a cry; another one is another; the plan is the same at every rate."""
    np.testing.assert_array_equal(synthetic_cry(seed=3), synthetic_cry(seed=3))
    assert not np.array_equal(synthetic_cry(seed=3), synthetic_cry(seed=4))
    assert expirations(7.0, 3) == expirations(7.0, 3) != expirations(7.0, 4)


@pytest.mark.parametrize("seed", SEEDS)
def test_plan(seed):
    """Expirations of 0.5 to 1.5 s with a breath and silence between them, filling the time."""
    plan = expirations(7.0, seed)
    assert 3 <= len(plan) <= 7
    for part, after in pairwise(plan):
        assert EXPIRATION_RANGE[0] <= part.duration <= EXPIRATION_RANGE[1]
        assert part.start + part.duration + 0.08 <= part.breath[0]
        assert sum(part.breath) + 0.08 <= after.start
    assert plan[-1].start + plan[-1].duration <= 7.0


@pytest.mark.parametrize("seed", SEEDS)
def test_melody(seed):
    """It rises and falls between its ends and its top, and never leaves the range."""
    rng = np.random.default_rng(seed)
    for part in expirations(7.0, seed):
        f0 = melody(part, 16000, rng)
        assert F0_RANGE[0] <= f0.min() and f0.max() <= F0_RANGE[1]
        assert f0[0] == pytest.approx(part.low, rel=0.04)
        assert f0[-1] == pytest.approx(part.low, rel=0.04)
        assert f0.max() == pytest.approx(part.high, rel=0.04)


@pytest.mark.parametrize("seed", SEEDS)
def test_fundamental_is_what_is_heard(seed):
    """The lag of the highest autocorrelation is the planned melody's, at the top of each expiration."""
    y = synthetic_cry(16000, seed=seed).astype(float)
    for part in expirations(7.0, seed):
        top = round((part.start + 0.42 * part.duration) * 16000)
        frame = y[top - 512 : top + 512]
        lags = np.arange(16000 // 700, 16000 // 300)
        heard = 16000 / lags[np.argmax([np.dot(frame[lag:], frame[: frame.size - lag]) for lag in lags])]
        assert heard == pytest.approx(part.high, rel=0.06)


@pytest.mark.parametrize("seed", SEEDS)
def test_levels(seed):
    """Cry, breath 15 dB or more below, room noise below that in the gaps, where it is told to be."""
    sr = 16000
    y = synthetic_cry(sr, seed=seed, room_db=-60)
    peak = 20 * np.log10(np.abs(y).max())
    for part in expirations(7.0, seed)[:-1]:
        cry = level(y, sr, part.start, part.duration)
        breath = level(y, sr, *part.breath)
        gap = level(y, sr, part.start + part.duration + 0.005, 0.07)
        assert cry - breath > 15
        assert breath - gap > 15
        assert gap - peak == pytest.approx(-60, abs=1.5)


def test_harmonics_stop_below_nyquist():
    """Those above would be folded back, some of them below the fundamental, where nothing may sound."""
    y = synthetic_cry(4000, 2.0, seed=1).astype(float)
    spectrum = np.abs(np.fft.rfft(y * np.hanning(y.size))) ** 2
    low = spectrum[np.fft.rfftfreq(y.size, 1 / 4000) < 0.9 * F0_RANGE[0]].sum()
    assert low < 1e-3 * spectrum.sum()


def test_formants_show():
    """More energy around the first two formants than between them."""
    y = synthetic_cry(16000, 7.0)
    spectrum = np.abs(np.fft.rfft(y)) ** 2
    f = np.fft.rfftfreq(y.size, 1 / 16000)

    def energy(centre: float) -> float:
        return spectrum[np.abs(f - centre) < 300].mean()

    assert energy(1100) > 4 * energy(2200)
    assert energy(3300) > 1.5 * energy(2200)


def run(*argv) -> int:
    """``python -m convert sample`` without the process."""
    parser = argparse.ArgumentParser()
    sample.add_arguments(parser)
    return sample.run(parser.parse_args(list(map(str, argv))))


@pytest.mark.parametrize("kind", ["FLAC", "WAV"])
def test_sample_command(tmp_path, kind):
    """16 bits of the cry that was asked for, in the format of the name, the same bytes each time."""
    paths = tmp_path / f"a.{kind.lower()}", tmp_path / f"b.{kind.lower()}"
    for path in paths:
        assert run("-o", path, "--sr", 8000, "--seconds", 2, "--seed", 5) == 0
    assert paths[0].read_bytes() == paths[1].read_bytes()
    info = soundfile.info(paths[0])
    assert (info.format, info.subtype, info.samplerate) == (kind, "PCM_16", 8000)
    found, _ = soundfile.read(paths[0])
    np.testing.assert_allclose(found, synthetic_cry(8000, 2.0, 5), atol=2**-15)


@pytest.mark.parametrize(
    "wrong", [["--sr", 0], ["--seconds", -1], ["--seconds", "nan"], ["-o", "no/folder.flac"], ["-o", "clip"]]
)
def test_wrong_arguments(wrong, tmp_path, monkeypatch):
    """Each has its message."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConversionError, match=r"(sr|seconds|folder\.flac|clip): "):
        run(*["-o", "clip.flac", "--seconds", 1, *wrong])


def test_bundled_sample_is_the_default():
    """The committed recording is what the command writes, up to the last bit of the CPU's sine."""
    found, sr = soundfile.read(sample.SAMPLE)
    assert sr == 16000
    np.testing.assert_allclose(found, synthetic_cry(), atol=2**-14)
