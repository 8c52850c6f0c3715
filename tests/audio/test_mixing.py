"""mixing: channels to one, however the stream is cut."""

import numpy as np
import pytest

from edgecry.audio.chunks import Intake
from edgecry.audio.mixing import SPAN, Mixer
from edgecry.audio.pcm import PcmDecoder
from edgecry.audio.pcm_format import PcmFormat

SR = 1000
NOISE = (0.1 * np.random.default_rng(0).standard_normal(5 * SR)).astype(np.float32)
OTHER = (0.1 * np.random.default_rng(1).standard_normal(5 * SR)).astype(np.float32)
SECOND = round(SPAN * SR)


def stereo(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.stack([left, right], axis=1).astype(np.float32)


@pytest.mark.parametrize("right", [NOISE, OTHER, 0 * NOISE, 0.5 * NOISE + OTHER])
def test_channels_are_averaged(right):
    frames = stereo(NOISE, right)
    assert np.array_equal(Mixer(SR).mix(frames), frames.mean(axis=1))


def test_of_channels_that_cancel_the_loudest_is_heard_after_a_second():
    mixer = Mixer(SR)
    mixed = mixer.mix(stereo(-0.9 * NOISE, NOISE))
    assert mixer.channel == 1
    assert np.array_equal(mixed[SECOND:], NOISE[SECOND:])


def test_it_comes_and_goes():
    """A cable is mended: the average is back a second later; silence tells nothing."""
    mixer = Mixer(SR)
    for right, channel in ((-NOISE, 0), (0 * NOISE, None), (-NOISE, 0)):
        mixer.mix(stereo(NOISE, right))
        assert mixer.channel == channel
    mixer.mix(np.zeros((SECOND, 2), np.float32))
    assert mixer.channel == 0


@pytest.mark.parametrize("size", [1, 7, 999, 1000, 1001, 4000])
def test_cutting_changes_nothing(size):
    frames = np.concatenate([stereo(NOISE, -NOISE), stereo(NOISE, OTHER)])
    mixer = Mixer(SR)
    pieces = [mixer.mix(frames[start : start + size]) for start in range(0, len(frames), size)]
    assert np.array_equal(np.concatenate(pieces), Mixer(SR).mix(frames))


def test_one_channel_is_as_it_is():
    assert np.array_equal(Mixer(SR).mix(NOISE[:, None]), NOISE)


def test_what_is_no_number_tells_nothing():
    mixer = Mixer(SR)
    frames = stereo(NOISE, OTHER)
    frames[5] = np.nan
    frames[7] = np.float32(3e38)
    mixer.mix(frames)
    assert mixer.channel is None


def test_sources_and_streams_hear_what_cancels(caplog):
    """Both doors, and the log of the first says so, once."""
    frames = np.round(stereo(NOISE, -NOISE) * 32_768).clip(-32_768, 32_767).astype("<i2")
    heard = PcmDecoder(PcmFormat(SR, 2), "cot").feed(frames.tobytes())
    assert np.array_equal(heard[SECOND:], frames[SECOND:, 0] / np.float32(32_768))
    (record,) = (record for record in caplog.records if "channels" in record.getMessage())
    assert "cot: its channels cancel each other" in record.getMessage()
    given = np.concatenate(list(Intake(SR, 2, SR).feed(frames)))
    assert np.array_equal(given, heard)
