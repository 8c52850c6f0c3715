"""stream_looks: bytes that cannot be samples are refused, and sound never is."""

import numpy as np
import pytest

from edgecry.audio.pcm import PcmDecoder
from edgecry.audio.pcm_format import ENCODINGS, PcmFormat
from edgecry.errors import AudioError
from tests.audio.test_pcm import encoded
from tests.recordings import encode, noisy_tone

SR = 16_000
RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=2 * SR)
SLOPE = np.cumsum(NOISE) / 100
TONE = np.sin(0.3 * np.arange(2 * SR))
SOUNDS = {"noise": NOISE, "rumble": SLOPE - SLOPE.mean(), "tone": TONE, "steps": np.sign(TONE)}


OGG = encode(noisy_tone(12 * SR), kind="OGG", subtype="VORBIS")
NO_SAMPLES = {
    "random": RNG.bytes(40_000),
    "text": "Ошибка: устройство недоступно. ".encode("koi8-r") * 1200,
    "ogg": OGG[5000:],
    "8 bits": np.clip(NOISE * 40 + 128, 0, 255).astype(np.uint8).tobytes() * 2,
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("what", NO_SAMPLES)
def test_what_cannot_be_samples_is_refused(what, encoding):
    data, decoder = NO_SAMPLES[what], PcmDecoder(PcmFormat(SR, 1, encoding), "stdin")
    with pytest.raises(AudioError, match=f"^stdin: is not sound in {encoding}: .*; have its program write"):
        for at in range(0, len(data), 3001):
            decoder.feed(data[at : at + 3001])


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("peak", [0.0, 0.0001, 0.1, 1.0, 3.0, 30.0])
@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize("channels", [1, 2])
def test_sound_is_passed_on_however_loud(sound, peak, encoding, channels):
    y = SOUNDS[sound]
    y = np.clip(peak * y / np.abs(y).max(), -1, 1)
    data = encoded(np.repeat(y[:, None], channels, axis=1), encoding)
    found = PcmDecoder(PcmFormat(SR, channels, encoding)).feed(data)
    np.testing.assert_allclose(found, y, atol=2.0**-14)
