"""intake: chunks of any kind and size to the samples that load_audio gives of the whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecry.audio.chunks import Intake
from edgecry.audio.load import load_audio
from edgecry.errors import AudioError

WANTED = 8000


def pcm(n: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).integers(-(2**15), 2**15, (n, channels)).astype(np.int16)


def all_of(intake: Intake, chunks) -> np.ndarray:
    pieces = [piece for chunk in chunks for piece in intake.feed(chunk)]
    return np.concatenate([*pieces, intake.finish()])


def cut(x, sizes):
    """Yield pieces of these sizes, again and again."""
    at = i = 0
    while at < len(x):
        yield x[at : at + sizes[i % len(sizes)]]
        at += sizes[i % len(sizes)]
        i += 1


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 11025])
@pytest.mark.parametrize("channels", [1, 2, 3])
@settings(max_examples=6, deadline=None)
@given(sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=5))
def test_is_load_audio(rate, channels, sizes):
    """This holds for each kind of chunk, wherever bytes and interleaved samples are cut."""
    x = pcm(4321, channels)
    floats = x / np.float64(3e4)
    given_and_meant = [
        (x.tobytes(), x),
        (x.reshape(-1), x),
        (x, x),
        (floats.astype(np.float32), floats.astype(np.float32)),
        (floats.reshape(-1), floats),
    ]
    for chunks, whole in given_and_meant:
        found = all_of(Intake(rate, channels, WANTED), cut(chunks, sizes))
        np.testing.assert_array_equal(found, load_audio((whole, rate), sr=WANTED).samples)


@pytest.mark.parametrize("size", [1, 17, 160, 8191])
def test_a_sample_at_a_time(size):
    x = pcm(3000, 2)
    expected = load_audio((x, 44100), sr=WANTED).samples
    np.testing.assert_array_equal(all_of(Intake(44100, 2, WANTED), cut(x.tobytes(), [size])), expected)


@pytest.mark.parametrize("kind", [bytearray, memoryview, lambda b: np.frombuffer(b, "<i2").data])
def test_kinds_of_bytes(kind):
    x = pcm(100)
    expected = all_of(Intake(8000, 1, WANTED), [x.tobytes()])
    np.testing.assert_array_equal(all_of(Intake(8000, 1, WANTED), [kind(x.tobytes())]), expected)


def test_large_chunks_come_in_pieces():
    pieces = list(Intake(8000, 1, WANTED).feed(np.zeros(100_000, np.int16)))
    assert sum(map(len, pieces)) == 100_000
    assert max(map(len, pieces)) <= 2**15


def test_what_is_no_sound_is_silence():
    x = np.array([0.5, np.nan, np.inf, -np.inf, 2e6, -0.5, 1e6])
    intake = Intake(8000, 1, WANTED)
    assert all_of(intake, [x, x.astype(np.float32)]).tolist() == 2 * [0.5, 0, 0, 0, 0, -0.5, 1e6]
    assert intake.invalid == 8


def test_finish_begins_a_new_stretch():
    """Half a sample and half a frame are forgotten, and the resampler starts again."""
    x = pcm(5000, 2)
    intake = Intake(44100, 2, WANTED)
    first = all_of(intake, [x.tobytes()[:-3]])
    second = all_of(intake, [x])
    np.testing.assert_array_equal(second, load_audio((x, 44100), sr=WANTED).samples)
    np.testing.assert_array_equal(first, load_audio((x[:-1], 44100), sr=WANTED).samples)


def test_frames_are_counted():
    intake = Intake(44100, 2, WANTED)
    list(intake.feed(b"\0" * 4005))
    assert intake.frames == 1001
    intake.finish()
    assert intake.frames == 0


@pytest.mark.parametrize(
    ("chunk", "complaint"),
    [
        ([0.0, 1.0], "found list"),
        ("abc", "found str"),
        (memoryview(np.zeros(4, np.float32)), "found memoryview"),
        (np.zeros(3, np.int32), r"found int32 of shape \(3,\); allowed are bytes"),
        (np.zeros((3, 1, 1), np.float32), r"of shape \(3, 1, 1\)"),
        (
            np.ma.masked_array(np.zeros(4, np.int16), [1, 0, 0, 0]),
            "found a masked array; fill what is masked",
        ),
        (np.zeros((4, 3), np.float32), r"found shape \(4, 3\); expected \(n, 2\)"),
    ],
)
def test_refuses_other_chunks(chunk, complaint):
    intake = Intake(8000, 2, WANTED)
    with pytest.raises(AudioError, match=complaint):
        list(intake.feed(chunk))
    assert intake.frames == 0


@pytest.mark.parametrize("start", [b"\0\0\0", b"\0\0"])
def test_kinds_do_not_mix_within_a_frame(start):
    intake = Intake(8000, 2, WANTED)
    list(intake.feed(start))
    with pytest.raises(AudioError, match="push the rest of that first"):
        list(intake.feed(np.zeros((3, 2), np.int16)))


@pytest.mark.parametrize(("sr", "channels"), [(999, 1), (8000, 0), (8000.0, 1), (8000, 257)])
def test_refuses_other_formats(sr, channels):
    with pytest.raises(AudioError, match=r"^(sr|channels): .* allowed are "):
        Intake(sr, channels, WANTED)
