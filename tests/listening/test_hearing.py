"""hearing: what arrives, and whether that is hearing."""

import numpy as np
import pytest

from edgecry.errors import EdgecryError
from edgecry.listening.hearing import Hearing, HearingSettings, Looks, Verdict

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


@pytest.mark.parametrize("seconds", [1, 7])
def test_at_the_end_all_that_came_is_judged(seconds):
    """A recording that is piped in may be shorter than what is waited for."""
    hearing, now = after(seconds, np.zeros(SR // 2, np.float32))
    assert hearing.verdict(now).state == "hearing"
    assert hearing.verdict_at_end(now).state == "digital_silence"
    noise = np.random.default_rng(0).uniform(-1, 1, SR // 2).astype(np.float32)
    hearing, now = after(seconds, noise)
    assert hearing.verdict(now).state == "hearing"
    assert hearing.verdict_at_end(now).state == "not_sound"
    hearing, now = after(seconds)
    assert hearing.verdict_at_end(now).state == "hearing"
    hearing.hear(np.zeros(SR // 2, np.float32), now)
    assert hearing.verdict_at_end(now).state == "hearing"


PAIRS = "samples come in pairs: are there two channels? set channels to 2"


@pytest.mark.parametrize("second", [0.0, 0.7, 1.0])
def test_two_channels_that_are_taken_for_one(second):
    """Of one microphone, on both channels or on one of them."""
    tone = 0.1 * np.sin(0.7 * np.arange(SR // 4)) + NOISE[: SR // 4]
    both = np.stack([tone, second * tone], axis=1).astype(np.float32).reshape(-1)
    hearing, now = after(10, both)
    assert hearing.verdict(now) == ("wrong_pace", PAIRS)
    assert not hearing.verdict(now).is_deaf
    assert after(20, NOISE, hearing=hearing)[0].verdict(20.0) == ("wrong_pace", PAIRS)
    for mono in (10 * NOISE, tone, np.cumsum(NOISE), np.clip(50 * NOISE, -1, 1)):
        hearing, now = after(10, mono.astype(np.float32))
        assert hearing.verdict(now).reason != PAIRS


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
def test_wrong_pace_names_the_likely_rate(rate):
    hearing, now = after(60, pace=rate / SR)
    assert hearing.verdict(now).state == "wrong_pace"
    assert f"is the rate {rate} Hz?" in hearing.verdict(now).reason
    assert not hearing.verdict(now).is_deaf


@pytest.mark.parametrize("pace", [0.97, 1.0, 1.03, 1.7, 50.0])
def test_a_pace_that_says_nothing(pace):
    """The clock may be a little off, and a recording may be piped in as fast as it goes."""
    hearing, now = after(900, pace=pace)
    assert hearing.verdict(now).state == "hearing"


@pytest.mark.parametrize("backlog", [-2.5, 3.8, 5.0])
def test_a_process_that_was_held_up(backlog):
    """What waited comes at once, or is lost: over ten seconds that is the pace of another rate."""
    hearing = Hearing(SR, HearingSettings(), 0.0)
    more = np.tile(NOISE, 10)[: round(max(0.0, backlog) * SR)]
    for k in range(200):
        at = 0.5 * k + min(0.0, backlog) * (k < 47)
        hearing.hear(NOISE, at)
        if k == 47:
            hearing.hear(more, at)
        assert hearing.verdict(at).state == "hearing"


def test_a_pace_that_is_the_listeners_own():
    """A recording that is piped in comes as fast as it is heard, which may be the pace of another rate."""
    hearing = Hearing(SR, HearingSettings(), 0.0)
    for k in range(1000):
        hearing.hear(NOISE, k / 12, is_behind=True)
        assert hearing.verdict(k / 12).state == "hearing"


@pytest.mark.parametrize("most", [0.0, 1e-3, 0.0703, 9 / 128, 0.0704, 0.125, 0.2, 0.95, 1.0])
def test_quiet_sound_is_counted_like_loud_sound(most):
    y = np.append(np.linspace(-most, most, 2001), [-most, 0.0, most]).astype(np.float32)
    looks = Looks()
    looks.add(y, 0.9)
    assert np.array_equal(looks._steps, np.histogram(y, 16, (-1.0, 1.0))[0])
    counts = np.count_nonzero(abs(y) >= 0.9), np.count_nonzero(y >= 9 / 128), len(y)
    assert (looks._loud, looks._over, looks.count) == counts


def test_clipping():
    """Also of samples that are read in another format than they are in: those are as loud as can be."""
    loud = np.clip(np.random.default_rng(1).standard_normal(SR // 2), -1, 1).astype(np.float32)
    hearing, now = after(11, loud)
    assert hearing.verdict(now).state == "clipping"
    assert not hearing.verdict(now).is_deaf
    quiet, later = after(11, 0.8 * loud)
    assert quiet.verdict(later).state == "hearing"


def samples(data: bytes) -> np.ndarray:
    """Bytes taken for 16-bit samples: half a second of them."""
    return np.frombuffer((data * SR)[:SR], "<i2") / np.float32(32_768)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b'{"error": "camera is asleep", "code": 503}\n', "text"),
        (
            b"\tpl\xc3\xa4tzlich kein Ton\r\n" * 3 + b"and a page of plain words, as servers send them;" * 8,
            "text",
        ),
        (np.random.default_rng(2).bytes(SR), "compressed"),
    ],
)
def test_what_is_not_sound(data, what):
    """By the samples alone, as a stream may turn into something else when it has begun."""
    hearing, now = after(11, samples(data))
    found = hearing.verdict(now)
    assert (found.state, found.is_deaf) == ("not_sound", True)
    assert what in found.reason


@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_an_offset_is_sound(offset):
    """Even a microphone with an offset of a fifth of full scale, a bad one, does not look like text."""
    hearing, now = after(11, NOISE + np.float32(offset))
    assert hearing.verdict(now) == ("hearing", "")


def test_what_is_hearing():
    """Neither before the first sample, nor without one; though what is wrong otherwise may be heard."""
    names = (
        "starting",
        "no_sound",
        "digital_silence",
        "not_sound",
        "gone",
        "wrong_pace",
        "clipping",
        "hearing",
    )
    assert [name for name in names if Verdict(name).is_hearing] == ["wrong_pace", "clipping", "hearing"]
    assert [name for name in names if Verdict(name).is_deaf] == list(names[1:5])


@pytest.mark.parametrize("name", ["no_sound", "digital_silence", "span", "pace", "loud", "clipping"])
def test_settings_are_checked(name):
    with pytest.raises(EdgecryError, match=name):
        HearingSettings(**{name: 0})
