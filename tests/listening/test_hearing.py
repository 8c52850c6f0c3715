"""hearing: what arrives, and whether that is hearing."""

import numpy as np
import pytest

from edgecry.errors import EdgecryError
from edgecry.listening.hearing import Hearing, HearingSettings

SR = 16_000
NOISE = (0.01 * np.random.default_rng(0).standard_normal(SR // 2)).astype(np.float32)


def after(seconds: float, block: np.ndarray = NOISE, pace: float = 1.0, hearing: Hearing | None = None):
    """The object and the time after sound that came block by block, at a multiple of its pace."""
    hearing = hearing or Hearing(SR, HearingSettings(), 0.0)
    now = 0.0
    for k in range(round(2 * seconds)):
        now = 0.5 * (k + 1) / pace
        hearing.hear(block, now)
    return hearing, now


def test_hearing_and_its_beginning():
    assert Hearing(SR, HearingSettings(), 0.0).verdict(9.9).state == "starting"
    hearing, now = after(60)
    assert hearing.verdict(now) == ("hearing", "")


def test_no_sound():
    """From the start, and after there was some; back at once."""
    assert Hearing(SR, HearingSettings(), 5.0).verdict(15.0) == ("no_sound", "no sound for 10 s")
    hearing, now = after(20)
    assert hearing.verdict(now + 9.9).state == "hearing"
    assert hearing.verdict(now + 10).is_deaf
    hearing.hear(NOISE, now + 11)
    assert hearing.verdict(now + 11).state == "hearing"


@pytest.mark.parametrize("value", [0.0, 0.25])
@pytest.mark.parametrize("pace", [1.0, 1000.0])
def test_digital_silence(value, pace):
    """By the samples, so that a recording that is piped in is judged alike; one other sample ends it."""
    block = np.full(SR // 2, value, np.float32)
    hearing, now = after(29.5, block, pace)
    assert hearing.verdict(now).state != "digital_silence"
    hearing.hear(block, now)
    assert hearing.verdict(now).state == "digital_silence"
    assert "30 s" in hearing.verdict(now).reason
    block[7] = 0.5
    hearing.hear(block, now)
    assert hearing.verdict(now).state != "digital_silence"


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
def test_wrong_pace_names_the_likely_rate(rate):
    hearing, now = after(60, pace=rate / SR)
    assert hearing.verdict(now).state == "wrong_pace"
    assert f"is the rate {rate} Hz?" in hearing.verdict(now).reason
    assert not hearing.verdict(now).is_deaf


@pytest.mark.parametrize("pace", [0.97, 1.0, 1.03, 1.7, 50.0])
def test_a_pace_that_says_nothing(pace):
    """Of a clock that is a little off, and of a recording that is piped in as fast as it goes."""
    hearing, now = after(900, pace=pace)
    assert hearing.verdict(now).state == "hearing"


def test_clipping():
    """Also of samples that are read in another format than they are in: those are as loud as can be."""
    loud = np.random.default_rng(1).uniform(-1, 1, SR // 2).astype(np.float32)
    hearing, now = after(11, loud)
    assert hearing.verdict(now).state == "clipping"
    quiet, later = after(11, 0.8 * loud)
    assert quiet.verdict(later).state == "hearing"


@pytest.mark.parametrize("name", ["no_sound", "digital_silence", "span", "pace", "loud", "clipping"])
def test_settings_are_checked(name):
    with pytest.raises(EdgecryError, match=name):
        HearingSettings(**{name: 0})
