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
MP3 = encode(noisy_tone(8000), kind="MP3", subtype="MPEG_LAYER_III")


@pytest.mark.parametrize("piece", [1, 7, 4096])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (PAGE, "is text, not sound; it begins with '<!DOCTYPE html>"),
        (b'{"error": "camera is off", "items": []}' * 9, "is text, not sound"),
        ("\u00c4rger mit der Kamera: der Strom ist weg. ".encode() * 3, "is text, not sound"),
        (ADTS * 4, "is AAC, not raw PCM"),
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
