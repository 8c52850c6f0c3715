"""load_audio equals librosa.load, whatever it is given, and its memory is bounded by what it returns."""

import io
import math
import os
import subprocess
import sys
from unittest import mock

import librosa
import numpy as np
import pytest

from edgecry.audio.load import AudioOptions, Waveform, load_audio
from edgecry.errors import AudioError, EdgecryWarning
from tests.recordings import encode, noisy_tone, wav

RATES = (8000, 11025, 16000, 22050, 44100, 48000)
WAVS = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM")
FORMATS = [("WAV", subtype) for subtype in WAVS] + [
    ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
    ("AIFF", "PCM_16"),
    ("AIFF", "FLOAT"),
    ("AU", "ULAW"),
    ("CAF", "ALAC_16"),
    ("W64", "PCM_24"),
    ("RF64", "PCM_16"),
]


def accepts(subtype: str, channels: int, rate: int) -> bool:
    """Return True if libsndfile can write this."""
    if subtype in ("IMA_ADPCM", "MS_ADPCM", "ALAC_16", "MPEG_LAYER_III") and channels > 2:
        return False
    return subtype != "OPUS" or rate in (8000, 16000, 48000)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize(("kind", "subtype"), FORMATS)
def test_equals_librosa(kind, subtype, channels, tmp_path):
    """Every format, rate and number of channels gives librosa's samples, bit for bit."""
    path = tmp_path / f"clip.{kind.lower()}"
    compared = 0
    for rate in RATES:
        if not accepts(subtype, channels, rate):
            continue
        for n in (1, 50, rate + 17):
            path.write_bytes(encode(noisy_tone(n, channels, rate), rate, kind, subtype))
            expected, _ = librosa.load(path, sr=16000)
            found = load_audio(path)
            assert found.samples.dtype == np.float32
            np.testing.assert_array_equal(found.samples, expected)
            compared += 1
    assert compared or channels > 2


@pytest.mark.parametrize("sr", [4000, 8000, 22050, 44100])
@pytest.mark.parametrize("rate", [8000, 11025, 44100])
def test_other_target_rates(rate, sr):
    """The wanted rate is a parameter, and any two rates work together."""
    data = encode(noisy_tone(rate // 2 + 3, 2, rate), rate)
    expected, _ = librosa.load(io.BytesIO(data), sr=sr)
    found = load_audio(data, sr=sr)
    assert found.sr == sr
    np.testing.assert_array_equal(found.samples, expected)


@pytest.mark.parametrize("short", [2**20, 2**16, 0])
def test_long_recordings_equal_librosa(monkeypatch, short):
    """Many blocks join without a seam, from wherever on they are resampled one by one."""
    monkeypatch.setattr("edgecry.audio.mono._SHORT", short)
    data = encode(noisy_tone(40 * 44100, 2, 44100), 44100)
    expected, _ = librosa.load(io.BytesIO(data), sr=16000)
    np.testing.assert_array_equal(load_audio(data).samples, expected)


@pytest.mark.parametrize("n", range(1, 40))
def test_length_is_the_rounded_up_one(n):
    """``ceil(n * sr / rate)`` samples, also for the shortest recordings."""
    found = load_audio((np.zeros(n, np.float32), 44100), sr=16000)
    assert len(found.samples) == math.ceil(n * 16000 / 44100)


def test_formats_without_seeking_are_read():
    """librosa refuses these telephone codecs; they decode to about the tone that went in."""
    tone = noisy_tone(8000, sr=8000)
    for subtype in ("G721_32", "NMS_ADPCM_32", "GSM610"):
        found = load_audio(encode(tone, 8000, "WAV", subtype), sr=8000)
        assert np.corrcoef(found.samples[:8000], tone[:, 0])[0, 1] > 0.9


# -- waveform ----------------------------------------------------------------------------------------


def test_waveform_checks_its_samples():
    """float32, one dimension, at least one, all finite."""
    good = np.zeros(8, np.float32)
    assert Waveform(good, np.int64(8000)).duration == 0.001
    assert type(Waveform(good, np.int64(8000)).sr) is int
    for bad, match in [
        (good.astype(float), "float64 of shape"),
        (good[None], r"shape \(1, 8\)"),
        ([0.0], "list"),
        (good[:0], "no samples"),
        (good + np.nan, "sample 0 .* is nan"),
        (good + np.inf, "sample 0 .* is inf"),
    ]:
        with pytest.raises(AudioError, match=match):
            Waveform(bad, 8000, "here")


def test_waveform_as_source():
    """Itself at its own rate; resampled like an array at another."""
    waveform = load_audio((noisy_tone(700)[:, 0], 8000), sr=8000)
    assert load_audio(waveform, sr=8000) is waveform
    expected = load_audio((waveform.samples, 8000), sr=16000).samples
    np.testing.assert_array_equal(load_audio(waveform, sr=16000).samples, expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("rate", [16000, 8000])
@pytest.mark.parametrize("channels", [1, 2])
def test_not_finite(value, rate, channels):
    """In an array it is refused, with its place; in a file it is silence of one sample, or refused."""
    array = noisy_tone(30_000, channels)
    array[20_001, -1] = value
    data = encode(array, rate, subtype="FLOAT")
    for source, options in (((array, rate), AudioOptions()), (data, AudioOptions(strict=True))):
        with pytest.raises(AudioError, match=rf"sample 20001 \(at {20001 / rate:.3f} s\) is -?(nan|inf)"):
            load_audio(source, options=options)
    mended = array.copy()
    mended[20_001, -1] = 0
    with pytest.warns(EdgecryWarning, match="1 of its samples are NaN, infinite or over 1e\\+10"):
        found = load_audio(data)
    np.testing.assert_array_equal(found.samples, load_audio((mended, rate)).samples)


@pytest.mark.parametrize("value", [1e30, -3e38, 2e10])
def test_one_huge_sample_does_not_lose_the_recording(value):
    """A bit of a float sample that has flipped; whole numbers of 32 bits as floats are loud, and stay."""
    array = noisy_tone(30_000)
    array[20_001] = value
    with pytest.warns(EdgecryWarning, match="1 of its samples are"):
        samples = load_audio(encode(array, subtype="FLOAT")).samples
    assert samples[20_001] == 0
    assert np.abs(samples).max() < 1
    loud = encode(noisy_tone(1000) * 2.0**31, subtype="FLOAT")
    assert load_audio(loud).samples.max() > 1e8


def test_too_much_that_is_not_finite():
    """Up to a hundredth of a file."""
    array = noisy_tone(1000)
    array[:10] = np.nan
    with pytest.warns(EdgecryWarning, match="10 of its samples"):
        load_audio(encode(array, subtype="FLOAT"))
    array[10] = np.nan
    with pytest.raises(AudioError, match=r"11 of 1000 samples are NaN, .* 1e\+10; it is not sound"):
        load_audio(encode(array, subtype="FLOAT"))


# -- channels that cancel each other -----------------------------------------------------------------


@pytest.mark.parametrize("rate", [16000, 8000])
@pytest.mark.parametrize("rest", [-1.0, -0.8])
def test_the_loudest_of_channels_that_cancel_each_other(rate, rest):
    """A balanced microphone on a stereo input gives this. It is tried as a file and as an array."""
    one = noisy_tone(100_000)
    both = np.hstack((0.9 * one, 0.9 * rest * one, one)) if rest == -1 else np.hstack((rest * one, one))
    both[:, -1] *= 1 if rest != -1 else 0.01
    loudest = int(np.argmax((both**2).sum(axis=0)))
    expected = load_audio((both[:, loudest], rate)).samples
    for source in ((both, rate), encode(both, rate, subtype="FLOAT")):
        with pytest.warns(EdgecryWarning, match=f"only channel {loudest + 1} is heard"):
            np.testing.assert_array_equal(load_audio(source).samples, expected)


@pytest.mark.parametrize(("kind", "subtype"), [("WAV", "PCM_24"), ("FLAC", "PCM_16"), ("AIFF", "PCM_16")])
def test_a_file_is_read_again_from_its_beginning_where_channels_cancel(kind, subtype, tmp_path):
    """libsndfile reads from the descriptor of a file, and leaves it anywhere."""
    one = noisy_tone(50_000)
    path = tmp_path / "both"
    path.write_bytes(encode(np.hstack((one, -one)), kind=kind, subtype=subtype))
    expected = load_audio(encode(one, kind=kind, subtype=subtype)).samples
    with pytest.warns(EdgecryWarning, match="only channel 1 is heard"):
        np.testing.assert_array_equal(load_audio(path).samples, expected)
    with path.open("rb") as file, pytest.warns(EdgecryWarning):
        for _ in range(2):
            file.seek(0)
            np.testing.assert_array_equal(load_audio(file).samples, expected)


@pytest.mark.parametrize("channels", [2, 6, 256])
def test_channels_that_have_nothing_in_common_are_mixed(channels, recwarn):
    """However many, and with one that is silent: their mix is as loud as chance has it."""
    array = np.random.default_rng(1).standard_normal((3000, channels)).astype(np.float32) / 10
    array[:, -1] = 0
    np.testing.assert_array_equal(load_audio((array, 16000)).samples, array.mean(axis=1))
    load_audio((np.zeros((100, 2)), 16000))
    assert not recwarn.list


# -- how long ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG"])
def test_the_longest(kind):
    """By the header or while it is decoded, at the recording's rate; as long as that is allowed."""
    data = encode(noisy_tone(16000, sr=8000), 8000, kind, "VORBIS" if kind == "OGG" else "PCM_16")
    assert load_audio(data, options=AudioOptions(longest=2)).duration == 2
    for source in (data, (noisy_tone(16000), 8000)):
        with pytest.raises(AudioError, match="lasts 2 s or more, and 2 s are allowed; cut it"):
            load_audio(source, options=AudioOptions(longest=1.9))


@pytest.mark.parametrize("longest", [0, -1, math.nan, math.inf, "a day", None, 10**400])
def test_the_longest_is_a_number(longest):
    with pytest.raises(AudioError, match=r"^longest: "):
        AudioOptions(longest=longest)


def test_what_does_not_fit_into_memory(monkeypatch):
    monkeypatch.setattr("edgecry.audio.load.join", mock.Mock(side_effect=MemoryError))
    with pytest.raises(AudioError, match="bytes: its samples do not fit into the memory that is free"):
        load_audio(encode(noisy_tone(100)))


def test_overflow_is_not_finite(recwarn):
    """Values no float32 holds are refused without a warning from NumPy."""
    for array in (np.full(9, 1e300), np.full((9, 2), 3e38, np.float32)):
        with pytest.raises(AudioError, match="is inf"):
            load_audio((array, 16000))
    assert not recwarn.list


def test_more_than_full_scale_is_kept():
    """Floating-point recordings may exceed 1."""
    assert load_audio((np.full(9, 3.5), 16000)).samples.max() == 3.5


# -- cost --------------------------------------------------------------------------------------------

# Not getrusage: its peak is inherited from the process that started this one.
PEAK = """
import re, sys
from pathlib import Path
from unittest import mock
import numpy, soundfile, soxr
from edgecry.audio.load import load_audio
peak = lambda: 1024 * int(re.search("VmHWM:(.*)kB", Path("/proc/self/status").read_text())[1])
load_audio((numpy.zeros(1000, "f4"), 8000))
before = peak()
n = len(load_audio(sys.argv[1]).samples)
print(n, peak() - before)
"""


def test_memory_is_bounded_by_the_result(tmp_path):
    """Four minutes in six channels at 48 kHz cost at most 8 bytes a sample of the mono result."""
    seconds, rate, channels = 240, 48000, 6
    size = seconds * rate * channels * 2
    path = tmp_path / "long.wav"
    path.write_bytes(wav(b"", channels=channels, rate=rate, size=size, total=size + 36))
    os.truncate(path, 44 + size)  # a sparse file: silence that takes no disk
    done = subprocess.run([sys.executable, "-c", PEAK, path], capture_output=True, text=True, check=True)
    n, grown = map(int, done.stdout.split())
    assert n == seconds * 16000
    assert grown <= 8 * n


def test_only_what_a_recording_needs_is_imported(tmp_path):
    """A rate that is the wanted one does without soxr, and 16-bit WAV without libsndfile."""
    path = tmp_path / "clip"
    code = (
        "import sys; from edgecry.audio.load import load_audio; load_audio(sys.argv[1]); "
        "print(*sorted({'soundfile', 'soxr'} & set(sys.modules)))"
    )
    for rate, subtype, needed in (
        (16000, "PCM_16", ""),
        (8000, "PCM_16", "soxr"),
        (16000, "PCM_24", "soundfile"),
        (8000, "FLOAT", "soundfile soxr"),
    ):
        path.write_bytes(encode(noisy_tone(100), rate, subtype=subtype))
        command = [sys.executable, "-c", code, path]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == f"{needed}\n"
