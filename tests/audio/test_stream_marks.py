"""stream_marks: text and compressed sound are no PCM, and PCM is never taken for them."""

import gzip

import numpy as np
import pytest

from edgecry.audio.pcm import PcmDecoder
from edgecry.audio.pcm_format import PcmFormat
from edgecry.errors import AudioError
from tests.recordings import encode, noisy_tone

PAGE = b"<!DOCTYPE html><html><head><title>401 Unauthorized</title></head><body><p>log in</p></body></html>"
ADTS = bytes([0xFF, 0xF1, 0x60, 0x40, 0x04, 0x1F, 0xFC]) + bytes(25)  # a frame of 32 bytes
LOAS = bytes([0x56, 0xE0, 0x1D]) + bytes(29)
AC3 = b"\x0b\x77\0\0" + bytes([0x00, 0x40]) + bytes(122)  # 48 kHz, 32 kbit a second
EAC3 = b"\x0b\x77\0\x1f" + bytes([0x3F, 0x80]) + bytes(58)
LAYER_2 = bytes([0xFF, 0xFD, 0x14, 0x04]) + bytes(92)  # 48 kHz, 32 kbit a second
LATIN = "Gerät nicht verfügbar, bitte später prüfen! ".encode("latin-1") * 9
MP3 = encode(noisy_tone(8000), kind="MP3", subtype="MPEG_LAYER_III")


@pytest.mark.parametrize("piece", [1, 7, 4096])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (PAGE, "is text, not sound; it begins with '<!DOCTYPE html>"),
        (b'{"error": "camera is off", "items": []}' * 9, "is text, not sound"),
        ("\u00c4rger mit der Kamera: der Strom ist weg. ".encode() * 3, "is text, not sound"),
        (LATIN, "is text, not sound; it begins with 'Gerät nicht verfügbar"),
        ("Камера недоступна. ".encode() * 20, "is text, not sound; it begins with 'Камера недоступна"),
        ("摄像头没有声音。".encode() * 20, "is text, not sound; it begins with '摄像头没有声音"),
        (b"\x1b[31mERROR\x1b[0m: the device is busy, and nothing can be recorded\n", "is text, not sound"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: sound\r\nTransfer-Encoding: chunked\r\n\r\n\0", "is text, not"),
        (ADTS * 4, "is AAC, not raw PCM"),
        (LOAS * 4, "is AAC, not raw PCM"),
        (AC3 * 4, "is AC-3, not raw PCM"),
        (EAC3 * 4, "is AC-3, not raw PCM"),
        (LAYER_2 * 4, "is MPEG audio, not raw PCM"),
        (b"\0\0\1\xba" + bytes(100), "is MPEG program stream, not raw PCM"),
        (b"7z\xbc\xaf'\x1c" + bytes(100), "is a 7z archive, not raw PCM"),
        (MP3, "is MP3, not raw PCM"),
        (b"ID3\4" + bytes(100), "is MP3, not raw PCM"),
        (b"\0\0\0\x20ftypM4A " + bytes(100), "is MPEG-4 audio, not raw PCM"),
        (b"#!AMR\n" + bytes(100), "is AMR speech, not raw PCM"),
        (PAGE.decode().encode("utf-16"), "is text, not sound; it begins with '<!DOCTYPE html>"),
        (PAGE.decode().encode("utf-16-be").join([b"\xfe\xff", b""]), "is text, not sound"),
        (encode(noisy_tone(8000), kind="W64"), "is Sony Wave64, not raw PCM"),
        (b"RIFF\0\1\0\0AVI LIST" + bytes(100), "is AVI video, not raw PCM"),
        ((b"\x47\x40" + bytes(186)) * 3, "is MPEG-TS, not raw PCM"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is a picture (PNG), not raw PCM; look at what"),
        (gzip.compress(PAGE, mtime=0), "is compressed with gzip, not raw PCM"),
    ],
)
def test_refused_in_pieces_of_any_size(data, words, piece):
    decoder = PcmDecoder(PcmFormat(), "stdin")
    with pytest.raises(AudioError, match=r"^stdin: ") as caught:
        for start in range(0, len(data), piece):
            decoder.feed(data[start : start + piece])
    assert words in str(caught.value)


@pytest.mark.parametrize("first", [-1, -2, -257, -1025, 0x2020, 0x4747, 0x7FFF, 0])
@pytest.mark.parametrize("level", [1, 100, 20_000])
def test_pcm_is_passed_on(first, level):
    """This holds even if it begins like a frame or like a letter."""
    samples = np.random.default_rng(0).integers(-level, level, 4000, endpoint=True).astype("<i2")
    samples[0] = first
    data, decoder = samples.tobytes(), PcmDecoder(PcmFormat(), "stdin")
    found = np.concatenate([decoder.feed(data[at : at + 100]) for at in range(0, len(data), 100)])
    np.testing.assert_array_equal(found, samples / np.float32(32768))


@pytest.mark.parametrize("offset", [-100, -200, -940, 80, -0x2B90])
def test_quiet_sound_with_an_offset_is_no_text(offset):
    """Its high bytes are all one letter, and its low bytes may be plain letters."""
    samples = (np.random.default_rng(0).integers(-8, 8, 4000) + offset).astype("<i2")
    found = PcmDecoder(PcmFormat(), "stdin").feed(samples.tobytes())
    np.testing.assert_array_equal(found, samples / np.float32(32768))
