"""Rates at which no cry can be told: a warning, so that "no cry" is not taken for an answer."""

import numpy as np
import pytest

from edgecry.audio.blocks import blocks
from edgecry.audio.load import AudioOptions, load_audio
from edgecry.audio.mono import FULL_RATE
from edgecry.audio.pcm import PcmDecoder
from edgecry.audio.pcm_format import PcmFormat
from edgecry.errors import EdgecryWarning
from tests.recordings import wav

NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, 2 * FULL_RATE).astype(np.float32)
SAMPLES = (NOISE * 32_767).astype("<i2").tobytes()
TOLD = "holds nothing above 2000 Hz, which is too little to tell a cry"


def test_a_recording(tmp_path):
    path = tmp_path / "low.wav"
    path.write_bytes(wav(SAMPLES, rate=FULL_RATE // 2))
    with pytest.warns(EdgecryWarning, match=f"low.wav: at 4000 Hz it {TOLD}"):
        load_audio(path)
    with pytest.warns(EdgecryWarning, match=TOLD):
        list(blocks(path, 16000, AudioOptions()))


def test_an_array():
    with pytest.warns(EdgecryWarning, match=TOLD):
        load_audio((NOISE, FULL_RATE // 2))


def test_a_stream_once(caplog):
    for rate in (FULL_RATE // 2, FULL_RATE):
        decoder = PcmDecoder(PcmFormat(rate), "cot")
        for _ in range(3):
            decoder.feed(SAMPLES)
    assert [TOLD in record.getMessage() for record in caplog.records] == [True]


def test_the_rate_of_a_telephone_is_enough(tmp_path):
    """Warnings are errors here (pyproject.toml)."""
    path = tmp_path / "enough.wav"
    path.write_bytes(wav(SAMPLES, rate=FULL_RATE))
    assert len(load_audio(path).samples) == 2 * len(NOISE)
