"""stream_marks: text and compressed sound are no PCM, and PCM is never taken for them."""

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
    ],
)
def test_refused_in_pieces_of_any_size(data, words, piece):
    decoder = PcmDecoder(PcmFormat(), "stdin")
    with pytest.raises(AudioError, match=r"^stdin: ") as caught:
        for start in range(0, len(data), piece):
            decoder.feed(data[start : start + piece])
    assert words in str(caught.value)


@pytest.mark.parametrize("first", [-1, -1025, 0x2020, 0x7FFF, 0])
@pytest.mark.parametrize("level", [1, 100, 20_000])
def test_pcm_is_passed_on(first, level):
    """This holds even if it begins like a frame or like a letter."""
    samples = np.random.default_rng(0).integers(-level, level, 4000, endpoint=True).astype("<i2")
    samples[0] = first
    data, decoder = samples.tobytes(), PcmDecoder(PcmFormat(), "stdin")
    found = np.concatenate([decoder.feed(data[at : at + 100]) for at in range(0, len(data), 100)])
    np.testing.assert_array_equal(found, samples / np.float32(32768))
