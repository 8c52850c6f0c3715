"""Damaged recordings: whatever the bytes, a Waveform or an AudioError, and nothing is printed."""

import io
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecry.audio.file_header import WavFormat
from edgecry.audio.load import Waveform, load_audio
from edgecry.errors import AudioError
from tests.audio.refusals import KINDS, warned
from tests.recordings import encode, noisy_tone, wav

VALID = [encode(noisy_tone(1500, 2), kind=kind, subtype=subtype) for kind, subtype in KINDS] + [
    encode(noisy_tone(1500), kind=kind) for kind in ("AU", "CAF", "W64", "RF64", "NIST", "VOC")
]


def read_or_refuse(data: bytes) -> None:
    """The result is either a valid Waveform or an AudioError."""
    try:
        found, _ = warned(data)
    except AudioError as error:
        assert str(error).startswith("bytes: ")
    else:
        Waveform(found.samples, found.sr)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=4000))
def test_random_bytes(data):
    """Noise is not a recording."""
    read_or_refuse(data)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from(VALID),
    st.lists(st.tuples(st.integers(0, 119), st.integers(0, 255)), max_size=6),
    st.floats(0, 1),
)
def test_damaged_headers(data, changes, keep):
    """Bytes of the header are changed, and the end is cut off."""
    damaged = bytearray(data)
    for place, value in changes:
        damaged[place] = value
    read_or_refuse(bytes(damaged[: max(1, int(keep * len(data)))]))


def outcome(data: bytes) -> tuple[str, bytes]:
    """Return the message of the AudioError or the warnings, and the samples, empty after an error."""
    try:
        found, notes = warned(data)
        return " ".join(notes), found.samples.tobytes()
    except AudioError as error:
        return str(error), b""


PLAIN = [wav(b"\1\0\2\3" * 501, tail=b"LIST\4\0\0\0INFO"), wav(b"\1\0\2" * 501, channels=2, rate=8000)]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from(PLAIN),
    st.lists(st.tuples(st.integers(0, 59), st.sampled_from([0, 1, 2, 127, 128, 255])), max_size=3),
    st.floats(0, 1) | st.just(1.0),
)
def test_plain_wav_is_read_as_libsndfile_reads_it(data, changes, keep):
    """The direct road gives the same samples and the same messages, damaged or not."""
    damaged = bytearray(data)
    for place, value in changes:
        damaged[place] = value
    found = outcome(bytes(damaged[: max(1, int(keep * len(data)))]))
    with mock.patch.object(WavFormat, "is_plain_pcm16", False):
        assert found == outcome(bytes(damaged[: max(1, int(keep * len(data)))]))


class Trickle(io.BytesIO):
    """A medium that gives an odd number of bytes at a time."""

    def read(self, size=-1):
        return super().read(min(size, 999) if size >= 0 else size)


def test_plain_wav_from_a_medium_that_trickles():
    data = encode(noisy_tone(20_000, 3))
    np.testing.assert_array_equal(load_audio(Trickle(data)).samples, load_audio(data).samples)


def test_damage_is_quiet(capfd):
    """No exception escapes into C, where it would be printed; only MP3's decoder talks by itself."""
    rng = np.random.default_rng(4)
    for data in (d for d, (kind, _) in zip(VALID, KINDS, strict=False) if kind != "MP3"):
        for _ in range(100):
            damaged = bytearray(data)
            for place in rng.integers(0, 120, 3):
                damaged[place] = rng.integers(256)
            read_or_refuse(bytes(damaged))
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_every_format_is_quiet(capfd):
    """Sound recordings put nothing on stdout or stderr."""
    for data in VALID:
        load_audio(data)
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_threads():
    """Decoding in several threads at once gives what it gives in one."""
    from concurrent.futures import ThreadPoolExecutor

    expected = [load_audio(data).samples for data in VALID]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            for found, samples in zip(pool.map(load_audio, VALID), expected, strict=True):
                np.testing.assert_array_equal(found.samples, samples)


def test_mp3_whose_header_promises_years():
    """A broken number of frames made it too long to be heard; the sound is what is there."""
    data = encode(noisy_tone(16000), kind="MP3", subtype="MPEG_LAYER_III")
    at = max(data.find(b"Xing"), data.find(b"Info"))
    assert at > 0
    lying = data[: at + 8] + b"\x7f\xff\xff\xff" + data[at + 12 :]
    (heard, notes), (honest, _) = warned(lying), warned(data)
    assert "its header promises" in notes[0]
    assert abs(len(heard.samples) - len(honest.samples)) < 3000
