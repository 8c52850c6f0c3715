"""pcm, wav: bytes in pieces of any size to mono samples."""

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from edgecry.audio.load import load_audio
from edgecry.audio.pcm import PcmDecoder
from edgecry.audio.pcm_format import ENCODINGS, PcmFormat
from edgecry.errors import AudioError
from tests.recordings import wav

SUBTYPES = {"s16le": "PCM_16", "s24le": "PCM_24", "s32le": "PCM_32", "f32le": "FLOAT"}
SR = 16000


def sound(frames: int = 1000, channels: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (frames, channels)).astype(np.float32)


def encoded(samples: np.ndarray, encoding: str, container: str = "RAW", sr: int = SR) -> bytes:
    file = io.BytesIO()
    endian = {"endian": "LITTLE"} if container == "RAW" else {}
    soundfile.write(file, samples, sr, subtype=SUBTYPES[encoding], format=container, **endian)
    return file.getvalue()


def fed(decoder: PcmDecoder, data: bytes, sizes: list[int]) -> np.ndarray:
    """Feed ``data`` in pieces of these sizes, over and over."""
    pieces, at, i = [], 0, 0
    while at < len(data):
        pieces.append(decoder.feed(data[at : at + sizes[i % len(sizes)]]))
        at, i = at + sizes[i % len(sizes)], i + 1
    return np.concatenate(pieces) if pieces else np.empty(0, np.float32)


def with_size(data: bytes, size: int) -> bytes:
    """Make a WAV file whose header claims this size."""
    at = data.index(b"data") + 4
    return data[:at] + struct.pack("<I", size) + data[at + 4 :]


# -- raw ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_same_as_decoding_a_file(encoding, channels):
    """The samples are those that libsndfile reads from a WAV file of the same sound, bit for bit."""
    samples = sound(channels=channels)
    expected = load_audio(encoded(samples, encoding, "WAV"), sr=SR).samples
    decoder = PcmDecoder(PcmFormat(SR, channels, encoding))
    np.testing.assert_array_equal(decoder.feed(encoded(samples, encoding)), expected)


@pytest.mark.parametrize(
    ("encoding", "data", "expected"),
    [
        ("s16le", b"\x00\x80\xff\x7f\x00\x40", [-1, 32767 / 32768, 0.5]),
        ("s24le", b"\x00\x00\x80\x00\x00\x40\xff\xff\xff", [-1, 0.5, -(2.0**-23)]),
        ("s32le", b"\x00\x00\x00\x80\x00\x00\x00\x40", [-1, 0.5]),
        ("f32le", struct.pack("<2f", -1, 1.5), [-1, 1.5]),
    ],
)
def test_closed_form(encoding, data, expected):
    samples = PcmDecoder(PcmFormat(SR, 1, encoding)).feed(data)
    assert samples.dtype == np.float32
    assert samples.tolist() == expected


@given(
    st.sampled_from(sorted(ENCODINGS)),
    st.integers(1, 3),
    st.lists(st.integers(1, 500), min_size=1, max_size=5),
    st.sampled_from(["RAW", "WAV"]),
)
def test_pieces_do_not_matter(encoding, channels, sizes, container):
    samples = sound(200, channels)
    whole = PcmDecoder(PcmFormat(SR, channels, encoding)).feed(encoded(samples, encoding))
    pieces = fed(PcmDecoder(PcmFormat(SR, channels, encoding)), encoded(samples, encoding, container), sizes)
    np.testing.assert_array_equal(pieces, whole)


def test_what_is_not_finite_is_silence_and_counted():
    decoder = PcmDecoder(PcmFormat(SR, 2, "f32le"))
    nan, inf, huge = float("nan"), float("inf"), 3e38
    data = struct.pack("<8f", nan, 1, inf, -inf, huge, huge, 0.5, 0.5)
    assert decoder.feed(data).tolist() == [0, 0, 0, 0.5]
    assert decoder.invalid == 3


def test_what_is_far_too_loud_is_silence_and_counted():
    decoder = PcmDecoder(PcmFormat(SR, 1, "f32le"))
    assert decoder.feed(struct.pack("<4f", 1e6, -1e6, 3e38, -1.1e6)).tolist() == [1e6, -1e6, 0, 0]
    assert decoder.invalid == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sr": 999}, "sr: 999 Hz is out of range; allowed are 1000 to 768000 Hz"),
        ({"sr": 16000.0}, "sr: 16000.0 is not a whole number"),
        ({"channels": 0}, "channels: 0 is out of range; allowed are 1 to 256"),
        ({"channels": True}, "channels: True is not a whole number"),
        ({"encoding": "mp3"}, "encoding: 'mp3' is unknown; allowed are s16le, s24le, s32le, f32le"),
    ],
)
def test_format_out_of_range(change, message):
    with pytest.raises(AudioError, match=message):
        PcmFormat(**change)


# -- a WAV header ------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("container", ["WAV", "WAVEX"])
def test_header_says_what_it_is(encoding, container):
    samples = sound(channels=2)
    decoder = PcmDecoder(PcmFormat(SR, 1, "s16le"))
    heard = decoder.feed(encoded(samples, encoding, container))
    np.testing.assert_array_equal(heard, load_audio(encoded(samples, encoding, "WAV"), sr=SR).samples)
    assert decoder.format == PcmFormat(SR, 2, encoding)


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFF000])
def test_sizes_that_the_writer_did_not_know(size):
    samples = sound()
    data = with_size(encoded(samples, "s16le", "WAV"), size)
    heard = fed(PcmDecoder(PcmFormat(SR)), data, [100])
    np.testing.assert_array_equal(heard, load_audio(encoded(samples, "s16le", "WAV"), sr=SR).samples)


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=4))
def test_files_in_a_row(sizes):
    """``cat *.wav``: what is before, between and after the sound is not heard."""
    first, second = (encoded(sound(101, seed=i), "s24le", "WAV") for i in range(2))
    listed = first + b"LIST" + struct.pack("<I", 5) + b"INFO!\x00"
    heard = fed(PcmDecoder(PcmFormat(SR)), listed + second, sizes)
    expected = np.concatenate([load_audio(part, sr=SR).samples for part in (first, second)])
    np.testing.assert_array_equal(heard, expected)


@pytest.mark.parametrize("pad", [b"", b"\0"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_chunk_of_odd_size_before_the_sound(pad, size):
    """Some programs leave out the byte that pads it. It is found out in files and in streams."""
    data = wav(before=b"LIST\7\0\0\0INFOabc" + pad)
    samples = load_audio(wav(), sr=SR).samples
    np.testing.assert_array_equal(load_audio(data, sr=SR).samples, samples)
    np.testing.assert_array_equal(fed(PcmDecoder(PcmFormat(SR)), data, [size]), samples)


@pytest.mark.parametrize("head", [b"RI", b"R!", b"RIFF\0\0\0\0WAVX", b"RIFX"[:3] + b"!"])
def test_raw_sound_that_begins_like_a_header(head):
    data = head + bytes(40)
    heard = fed(PcmDecoder(PcmFormat(SR)), data, [1])
    np.testing.assert_array_equal(heard, np.frombuffer(data, "<i2") / np.float32(32768))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda: encoded(sound(), "s16le", "WAV", sr=44100), "says 44100 Hz, .* set the rate to 44100"),
        (lambda: encoded(sound(), "s16le", "FLAC"), "pipe: is FLAC, not raw PCM; decode it .* -ar 16000 -"),
        (lambda: encoded(sound(), "s16le", "AIFF"), "is AIFF"),
        (lambda: encoded(sound(), "s16le", "RF64"), "is WAV of the 64-bit kind"),
        (lambda: b"OggS" + bytes(100), "is Ogg"),
        (lambda: with_kind(6, 8), "8-bit samples of kind 6; allowed are s16le, s24le, s32le, f32le"),
        (lambda: with_kind(1, 8), "8-bit samples of kind 1"),
        (lambda: with_kind(1, 16).replace(b"fmt ", b"fmx "), "without a format before the sound"),
        (lambda: b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", 5000) + bytes(20), "a format of 5000 bytes"),
        (lambda: b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", 4) + bytes(20), "a format of 4 bytes"),
        (lambda: b"RIFF\0\0\0\0WAVE\xff\xfe\0\0" + bytes(20), "with a chunk .* it is broken"),
        (lambda: with_kind(1, 16, channels=0), "pipe: its WAV header is broken; channels: 0 is out"),
        (
            lambda: encoded(sound(), "s16le", "WAV", sr=900),
            "pipe: its WAV header is broken; sr: 900 Hz is out",
        ),
        (
            lambda: encoded(sound(), "s16le", "WAV") + encoded(sound(), "s24le", "WAV"),
            "WAV of s16le, 16000 Hz, 1 channel, followed by one of s24le, 16000 Hz, 1 channel",
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 10_000_000])
def test_refusals(data, message, size):
    with pytest.raises(AudioError, match=message):
        fed(PcmDecoder(PcmFormat(SR), "pipe"), data(), [size])


def with_kind(code: int, bits: int, channels: int = 1) -> bytes:
    fmt = struct.pack("<HHIIHH", code, channels, SR, SR, 1, bits)
    return b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", 16) + fmt + b"data\0\0\0\0" + bytes(100)
