"""Bad recordings: each is an AudioError that names the file and says what to do; none costs memory."""

import gzip
import io
import struct

import numpy as np
import pytest

from edgecry.audio.load import load_audio
from tests.audio.refusals import KINDS, STRICT, message, warned
from tests.recordings import encode, noisy_tone, wav

# -- what is there -----------------------------------------------------------------------------------


def test_missing_directory_and_empty_path(tmp_path):
    """Each is named, with its own reason."""
    assert message(tmp_path / "no.wav") == f"{tmp_path / 'no.wav'}: no such file; check the name"
    assert message(tmp_path).startswith(f"{tmp_path}: is a directory")
    assert "path is empty" in message("")
    assert "cannot be opened" in message("cry\0.wav")


def test_unreadable(tmp_path, monkeypatch):
    """The file may not be read. The error is raised by hand, since root may read anything."""
    path = tmp_path / "secret.wav"
    path.write_bytes(encode(noisy_tone(10)))

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.open", refuse)
    assert message(path) == f"{path}: may not be read; check its permissions"


def test_empty_and_zero_samples(tmp_path):
    """A file has no bytes, a header with nothing behind it, or a header with only notes behind it."""
    path = tmp_path / "clip.wav"
    path.write_bytes(b"")
    assert message(path) == f"{path}: is empty (0 bytes); record or copy it again"
    assert "holds no samples" in message(wav(b""))
    assert "holds no samples" in message(wav(b"", tail=b"LIST" + struct.pack("<I", 4) + b"INFO"))
    for kind in ("WAV", "AIFF", "CAF", "W64"):
        assert "holds no samples" in message(encode(np.zeros((0, 1)), kind=kind))
    assert "holds no samples" in message((np.zeros(0), 16000))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\0\0\x20ftypM4A ", "MPEG-4"),
        (b"\0\0\0\x18ftyp3gp4", "MPEG-4"),
        (b"\x1aE\xdf\xa3\x01\0\0\0", "WebM"),
        (bytes.fromhex("3026b2758e66cf11a6d9"), "Windows Media"),
        (b"#!AMR\n", "AMR"),
        (b"#!AMR-WB\n", "AMR"),
        (b"\xff\xf1\x60\x40\x1a\x7f\xfc", "AAC"),
    ],
)
def test_formats_libsndfile_lacks_by_content(head, name):
    """They are recognised whatever their names. If ffmpeg is not installed, the advice is to install it."""
    found = message(head + np.random.default_rng(0).bytes(4000))
    assert f"bytes: {name}" in found
    assert "; install ffmpeg, or convert it with 'ffmpeg -i IN out.wav' where it is installed" in found


def test_pcm_without_a_header(tmp_path):
    """Its format cannot be guessed, not even from a name, so the command has to say it."""
    pcm = np.random.default_rng(0).integers(-3000, 3000, 8000).astype("<i2").tobytes()
    for suffix in ("raw", "pcm"):
        path = tmp_path / f"clip.{suffix}"
        path.write_bytes(pcm)
        assert "-f s16le -ar 16000 -ac 1 -i" in message(path)
    for suffix in ("au", "snd", "vox", "gsm"):
        path = tmp_path / f"clip.{suffix}"
        path.write_bytes(pcm)
        assert "no recording" in message(path)


def test_content_decides_not_the_name(tmp_path):
    """A FLAC file called .m4a or .raw is a FLAC file."""
    data = encode(noisy_tone(100), kind="FLAC")
    for suffix in ("m4a", "raw", "wav", ""):
        path = tmp_path / f"clip.{suffix}"
        path.write_bytes(data)
        assert load_audio(path).duration == 100 / 16000


# -- absurd headers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0, 1, 999, 768_001, 2**31 - 1, 2**31, 2**32 - 1])
def test_absurd_rates(rate):
    """Zero, negative, and those that would make a gigabyte of a kilobyte."""
    assert f"{rate} Hz" in message(wav(rate=rate))


@pytest.mark.parametrize("channels", [0, 257, 1024, 1025, 32768, 65535])
def test_absurd_channels(channels):
    """There are no channels, or more than anybody records with."""
    assert f"{channels} channels" in message(wav(channels=channels))


def test_many_channels_are_fine():
    """Channels up to the limit are mixed as NumPy does it."""
    samples = noisy_tone(500, 256)
    expected = np.mean(samples.T, axis=0)
    found = load_audio(encode(samples, subtype="FLOAT")).samples
    np.testing.assert_array_equal(found, expected)


def flac_claiming(total: int) -> bytes:
    """Make a FLAC file of 1600 samples whose header states another number (36 bits; 0: unknown)."""
    data = bytearray(encode(noisy_tone(1600), kind="FLAC"))
    place = 8 + 13
    data[place] = data[place] & 0xF0 | total >> 32
    data[place + 1 : place + 5] = struct.pack(">I", total & 0xFFFFFFFF)
    return bytes(data)


def test_claimed_length_is_not_allocated():
    """A FLAC header that claims 49 days is refused at once."""
    found = message(flac_claiming(2**36 - 1))
    assert "lasts 4294967 s or more, and 86400 s are allowed" in found


def test_unknown_length_of_flac():
    """An encoder that writes to a pipe states no number."""
    expected = load_audio(encode(noisy_tone(1600), kind="FLAC")).samples
    np.testing.assert_array_equal(load_audio(flac_claiming(0)).samples, expected)


def test_a_million_empty_chunks():
    """The walk to the audio gives up."""
    assert "no recording" in message(b"RIFF\xff\xff\xff\x7fWAVE" + bytes(8_000_000))


# -- cut short ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 0x7F000000, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFDB, 0xFFFFFFFF])
@pytest.mark.parametrize("total", [None, 0, 36, 0xFFFFFFFF, 0x7FFFFFFF + 36])
def test_wav_of_unknown_size(size, total):
    """What ffmpeg, sox, arecord and cut-off recorders leave behind is read to its end."""
    data = (3000 * noisy_tone(4000)).astype("<i2").tobytes()
    expected = load_audio(wav(data)).samples
    np.testing.assert_array_equal(load_audio(wav(data, size=size, total=total)).samples, expected)


def test_wav_of_unknown_size_that_is_silent():
    """Zeros look like empty chunks, yet are audio."""
    assert load_audio(wav(bytes(3200), size=0)).duration == 0.1


@pytest.mark.parametrize(("kind", "subtype"), KINDS)
@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_cut_short(kind, subtype, keep, tmp_path):
    """What is there counts, with a warning that says how much. With ``strict`` it is refused."""
    data = encode(noisy_tone(80_000), kind=kind, subtype=subtype)
    path = tmp_path / "clip"
    path.write_bytes(data[: int(keep * len(data))])
    assert message(path, STRICT).startswith(f"{path}: is ")
    if subtype == "OPUS":  # libsndfile wants its last page at once
        return
    found, (note,) = warned(path)
    seconds = float(note.split("damaged after ")[1].split(" s")[0])
    assert found.duration == pytest.approx(seconds, abs=0.01)
    assert seconds == pytest.approx(5 * keep, abs=0.3 if kind != "OGG" else 1.5)
    n = len(found.samples) - 2048  # a codec's last block may have lost its end
    np.testing.assert_array_equal(found.samples[:n], load_audio(data).samples[:n])
    assert "only what comes before counts" in note


@pytest.mark.parametrize(("kind", "subtype"), KINDS)
def test_a_byte_short(kind, subtype):
    """With ``strict`` even a missing last byte is an error, but not for MP3, whose counts are loose."""
    data = encode(noisy_tone(20_000), kind=kind, subtype=subtype)
    assert load_audio(data).duration >= 1.25
    if kind == "MP3":
        assert load_audio(data[:-1], options=STRICT).duration > 1.15
    else:
        message(data[:-1], STRICT)


@pytest.mark.parametrize("extra", [1, 2, 44, 3200])
def test_a_header_that_counts_too_much(extra, recwarn):
    """Some recorders count the header as sound: up to a tenth of a second is not worth a word."""
    data = (3000 * noisy_tone(4000)).astype("<i2").tobytes()
    claimed = wav(data, size=len(data) + extra)
    np.testing.assert_array_equal(load_audio(claimed).samples, load_audio(wav(data)).samples)
    assert not recwarn.list
    assert "its header promises" in message(claimed, STRICT)
    assert len(warned(wav(data, size=len(data) + 3300))[1]) == 1


def test_a_header_and_nothing_after_it():
    """Nothing of it can be heard, so that it stays an error."""
    assert "cut short or damaged after 0.00 s" in message(wav(b"", size=32000))


@pytest.mark.parametrize(("kind", "subtype"), KINDS)
def test_something_behind_the_audio(kind, subtype):
    """Tags and junk after the end change nothing."""
    data = encode(noisy_tone(20_000), kind=kind, subtype=subtype)
    tagged = data + b"TAG" + bytes(125)
    np.testing.assert_array_equal(load_audio(tagged).samples, load_audio(data).samples)


# -- streams that fail -------------------------------------------------------------------------------


class Broken(io.BytesIO):
    """A medium that fails from some place on."""

    def __init__(self, data: bytes, good: int) -> None:
        super().__init__(data)
        self._good = good

    def read(self, size=-1):
        left = self._good - self.tell()
        if size and left <= 0:
            raise OSError(5, "Input/output error")
        return super().read(min(size, left) if left > 0 else size)


class BrokenPipe(io.RawIOBase):
    """A connection that is reset."""

    def read(self, size=-1):
        if size == 0:
            return b""
        raise ConnectionResetError(104, "Connection reset by peer")


def test_read_errors(capfd):
    """The system's reason is in the message, and nothing on stderr."""
    for good in (0, 12, 20, 36, 2000):
        for kind in ("WAV", "FLAC", "AIFF"):
            assert "Input/output error" in message(Broken(encode(noisy_tone(50_000), kind=kind), good))
    assert "reset by peer" in message(BrokenPipe())
    assert capfd.readouterr().err == ""


def test_truncated_gzip(tmp_path):
    """It raises EOFError, which is no OSError."""
    path = tmp_path / "clip.wav.gz"
    path.write_bytes(gzip.compress(encode(noisy_tone(5000)))[:-100])
    with gzip.open(path) as file:
        assert "end-of-stream marker" in message(file)


def test_file_objects_that_do_not_fit(tmp_path):
    """The file is open as text or for writing, or it is closed."""
    path = tmp_path / "clip.wav"
    path.write_bytes(encode(noisy_tone(10)))
    with path.open(encoding="latin-1") as text:
        assert "mode 'rb'" in message(text)
    assert "closed" in message(text)
    with (tmp_path / "other").open("wb") as writing:
        assert "mode 'rb'" in message(writing)
    assert "mode 'rb'" in message(io.StringIO("x"))
