"""load_audio: paths, bytes, pipes, file objects and arrays."""

import gzip
import io
import math
import os
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgecry.audio.load import Waveform, load_audio
from edgecry.audio.mono import MAX_CHANNELS
from edgecry.errors import AudioError
from tests.recordings import encode, noisy_tone

# -- sources -----------------------------------------------------------------------------------------


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A stereo recording at 22050 Hz."""
    path = tmp_path / "clip.wav"
    path.write_bytes(encode(noisy_tone(5000, 2, 22050), 22050))
    return path


class Pipe(io.RawIOBase):
    """A binary stream that cannot seek and gives a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self._file.readinto(memoryview(buffer)[:1000])


def test_all_sources_agree(clip):
    """Path, str, bytes, bytearray, file, raw file, buffer, pipe and array give the same waveform."""
    data = clip.read_bytes()
    expected = load_audio(clip)
    assert expected.origin == str(clip)
    with clip.open("rb") as file, clip.open("rb", buffering=0) as raw:
        sources = [
            str(clip),
            data,
            bytearray(data),
            memoryview(data),
            file,
            raw,
            io.BytesIO(data),
            Pipe(data),
        ]
        for source in [*sources, soundfile.read(clip, dtype="float32")]:
            np.testing.assert_array_equal(load_audio(source).samples, expected.samples)
        assert not file.closed


def fill(writer: int, data: bytes) -> None:
    """Write into a pipe and close it."""
    with os.fdopen(writer, "wb") as file:
        file.write(data)


def test_os_pipe(clip):
    """What another process writes into a pipe, by file object and by path."""
    expected = load_audio(clip)
    for by_path in (False, True):
        reader, writer = os.pipe()
        thread = threading.Thread(target=fill, args=(writer, clip.read_bytes()))
        thread.start()
        with os.fdopen(reader, "rb") as file:
            found = load_audio(f"/dev/fd/{reader}" if by_path else file)
        thread.join()
        np.testing.assert_array_equal(found.samples, expected.samples)


def test_file_object_is_read_from_its_position(clip):
    """Two recordings in one file are told apart by position, and the file stays open."""
    file = io.BytesIO(b"something else" + clip.read_bytes())
    file.seek(14)
    np.testing.assert_array_equal(load_audio(file).samples, load_audio(clip).samples)
    assert not file.closed


def test_compressed_file_objects(clip, tmp_path):
    """Whatever reads like a file."""
    with gzip.open(tmp_path / "clip.wav.gz", "wb") as packed:
        packed.write(clip.read_bytes())
    with zipfile.ZipFile(tmp_path / "clips.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(clip, "clip.wav")
    expected = load_audio(clip).samples
    with gzip.open(tmp_path / "clip.wav.gz") as file:
        np.testing.assert_array_equal(load_audio(file).samples, expected)
    with zipfile.ZipFile(tmp_path / "clips.zip") as archive, archive.open("clip.wav") as file:
        np.testing.assert_array_equal(load_audio(file).samples, expected)


def test_large_pipe_goes_through_a_file(clip, monkeypatch):
    """A pipe longer than what is kept in memory reads the same."""
    monkeypatch.setattr("edgecry.audio.spool.MEMORY_BYTES", 100)
    np.testing.assert_array_equal(load_audio(Pipe(clip.read_bytes())).samples, load_audio(clip).samples)


def test_names_that_are_not_utf8(clip):
    """A file name is bytes to the system."""
    odd = os.fsdecode(bytes(clip.parent) + b"/cry \xff\xfe.wav")
    clip.rename(odd)
    assert load_audio(odd).origin == odd


@pytest.mark.parametrize(
    ("dtype", "subtype"),
    [
        ("uint8", "PCM_U8"),
        ("int16", "PCM_16"),
        ("int32", "PCM_32"),
        ("float32", "FLOAT"),
        ("float64", "DOUBLE"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_equal_the_file_that_holds_them(dtype, subtype, channels):
    """Full scale of each type is libsndfile's."""
    rng = np.random.default_rng(3)
    if dtype.startswith("float"):
        array = rng.uniform(-1, 1, (900, channels)).astype(dtype)
        data = encode(array, 11025, subtype=subtype)
    else:
        info = np.iinfo(dtype)
        array = rng.integers(info.min, info.max, (900, channels), dtype=dtype, endpoint=True)
        array[0], array[1] = info.min, info.max
        signed = (array.astype(np.int32) - 128 << 24) if dtype == "uint8" else array
        data = encode(signed, 11025, subtype=subtype)
    for rate in (11025, 16000):
        expected = load_audio(data, sr=rate).samples
        np.testing.assert_array_equal(load_audio((array, 11025), sr=rate).samples, expected)
        if channels == 1:
            np.testing.assert_array_equal(load_audio((array[:, 0], 11025), sr=rate).samples, expected)


def test_array_memory_layouts():
    """Strided, Fortran-ordered and big-endian arrays are the values they hold."""
    array = (1000 * noisy_tone(500, 2)).astype(np.int16)
    expected = load_audio((array, 16000)).samples
    for other in (np.asfortranarray(array), np.repeat(array, 2, axis=0)[::2], array.astype(">i2")):
        np.testing.assert_allclose(load_audio((other, 16000)).samples, expected, atol=1e-9)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(9, bool),
        np.zeros(9, complex),
        np.zeros(9, object),
        np.zeros(9, "U3"),
        np.zeros(9, np.int64),
        np.zeros(9, np.int8),
        np.zeros(9, np.float16),
        np.zeros((3, 3, 3), np.float32),
        np.float32(0.5),
        np.array(0.5),
        [0.0, 0.1],
        None,
    ],
)
def test_wrong_arrays_are_named(array):
    """The message says what came and what is allowed."""
    with pytest.raises(
        AudioError, match=r"^array: found .*allowed are uint8, int16, int32, float32, float64"
    ):
        load_audio((array, 16000))


@pytest.mark.parametrize("shape", [(2, 16000), (9, MAX_CHANNELS + 1), (9, 0)])
def test_wrong_number_of_channels(shape):
    """Channels come last; an array the other way round has too many of them."""
    with pytest.raises(AudioError, match=rf"\({shape[0]}, {shape[1]}\).* {shape[1]} channels"):
        load_audio((np.zeros(shape, np.float32), 16000))


@pytest.mark.parametrize("rate", [0, -8000, 999, 768_001, 16000.0, "16000", None, True, math.nan])
def test_wrong_rates_are_named(rate):
    """A bad rate is refused for an array, as the wanted rate, and for a Waveform."""
    array = np.zeros(100, np.float32)
    for make in (
        lambda: load_audio((array, rate)),
        lambda: load_audio((array, 16000), sr=rate),
        lambda: Waveform(array, rate),
    ):
        with pytest.raises(AudioError, match=r"(sr|rate): .*allowed are .*1000 to 768000 Hz"):
            make()


@pytest.mark.parametrize("source", [None, 3, 3.5, [1, 2], np.zeros(9), (np.zeros(9),), (1, 2, 3)])
def test_wrong_sources(source):
    """A bare array has no rate."""
    with pytest.raises(AudioError, match=r"^source: "):
        load_audio(source)


def test_a_masked_array_is_refused():
    with pytest.raises(AudioError, match="array: found a masked array; fill what is masked"):
        load_audio((np.ma.array(np.zeros(100), mask=[True] * 100), 8000))


def test_rate_and_array_in_each_others_place():
    """The message tells what it found, and does not print it."""
    with pytest.raises(AudioError, match=r"^array: rate: found float64 of shape \(100,\); allowed are whole"):
        load_audio((8000, np.zeros(100)))
