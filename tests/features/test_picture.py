"""The picture of a recording: a PNG that any reader takes, with a tone where it is heard."""

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
import soundfile

from edgecry.errors import AudioError
from edgecry.features.mel import mel_frequencies
from edgecry.features.picture import BLOCK, HEIGHT, N_FFT, WIDTH, _apart, _on, picture, png

SR = 16000


def read(data: bytes) -> np.ndarray:
    """Indexes of colours, uint8 [shape=(height, width)], of a PNG as :func:`png` writes it."""
    parts, at = {}, 8
    while at < len(data):
        (n,), name = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        content = data[at + 8 : at + 8 + n]
        assert struct.unpack(">I", data[at + 8 + n : at + 12 + n])[0] == zlib.crc32(name + content)
        parts[name], at = content, at + 12 + n
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    assert len(parts[b"PLTE"]) == 3 * 256
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:]


def drawn(tmp_path, y: np.ndarray) -> np.ndarray:
    soundfile.write(tmp_path / "a.flac", y, SR)
    return read(picture(tmp_path / "a.flac"))


def test_a_picture_is_what_it_was_made_of():
    indexes = np.random.default_rng(0).integers(0, 256, (5, 7)).astype(np.uint8)
    assert np.array_equal(read(png(indexes)), indexes)


@pytest.mark.parametrize("hz", [300.0, 1000.0, 4000.0])
def test_a_tone_is_a_line_at_its_height(tmp_path, hz):
    t = np.arange(3 * SR) / SR
    image = drawn(tmp_path, 0.3 * np.sin(2 * np.pi * hz * t))
    centres = mel_frequencies(HEIGHT + 2, 60.0, 8000.0)[1:-1][::-1]
    row = np.abs(centres - hz).argmin()
    assert np.all(np.abs(image[:, 2:-3].argmax(axis=0) - row) <= 1)


def test_time_goes_from_left_to_right(tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * SR)
    noise[: 2 * SR] *= 1e-3
    image = drawn(tmp_path, noise)
    half = image.shape[1] // 2
    assert image[:, : half - 2].mean() + 100 < image[:, half + 2 :].mean()


@pytest.mark.parametrize("seconds", [0.001, 0.5, 60.0])
def test_its_size_is_bounded(tmp_path, seconds):
    image = drawn(tmp_path, np.random.default_rng(0).normal(0, 0.1, round(seconds * SR)))
    assert image.shape[0] == HEIGHT
    assert 1 <= image.shape[1] <= WIDTH


def test_silence_is_a_picture_too(tmp_path):
    assert drawn(tmp_path, np.zeros(SR)).shape[0] == HEIGHT


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("step", [100, N_FFT, 5000, 2 * BLOCK + 1])
def test_reading_on_finds_what_seeking_finds(tmp_path, channels, step):
    y = np.random.default_rng(0).normal(0, 0.1, (6 * BLOCK + 7, channels))
    soundfile.write(tmp_path / "a.flac", y, SR)
    found = []
    for how in (_on, _apart):
        with soundfile.SoundFile(tmp_path / "a.flac") as sound:
            found.append(np.array(list(how(sound, range(0, sound.frames, step)))))
    assert np.array_equal(*found)
    assert found[0].shape == (-(-len(y) // step), N_FFT)


def test_memory_does_not_grow_with_the_length(tmp_path):
    """Several times the image in floating point is all that it takes at once."""
    rng = np.random.default_rng(0)
    for seconds in (20, 200):
        soundfile.write(tmp_path / "a.flac", rng.normal(0, 0.1, seconds * SR), SR)
        picture(tmp_path / "a.flac")  # what is made once for all pictures is made
        tracemalloc.start()
        picture(tmp_path / "a.flac")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 6 * 8 * HEIGHT * WIDTH


def test_what_is_no_recording_is_refused(tmp_path):
    (tmp_path / "a.flac").write_bytes(b"no sound at all")
    with pytest.raises(AudioError, match=r"a\.flac: cannot be read"):
        picture(tmp_path / "a.flac")
