"""A mute outlives a new start: as long as was left, never longer than was asked for, never by damage."""

import math
import stat
import threading

import pytest

from edgecry.listening.mute import MuteFile
from edgecry.sinks.controls import Controls
from tests.sinks.messages import wait_for
from tests.sources.fakes import Clock

T = 1_763_936_280.0


@pytest.fixture
def clock():
    clock = Clock()
    clock.now = T
    return clock


@pytest.fixture
def start(tmp_path, clock):
    """Starts anew: controls as a listener has them that begins now."""

    def again() -> Controls:
        controls = Controls(0.8, clock, clock)
        MuteFile(tmp_path / "state" / "mute.json", clock).keep(controls)
        return controls

    return again


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "mute.json"


def mute(start, path, *seconds):
    start().mute(*seconds)
    wait_for(path.exists, "the file")


def test_what_is_left_is_left_after_a_new_start(start, path, clock, caplog):
    mute(start, path, 1800)
    clock.now += 600
    controls = start()
    assert controls.muted_until == T + 1800
    assert "alerts are off for 20 min more" in caplog.text
    clock.now += 1200
    assert not controls.is_muted
    assert not start().is_muted


def test_it_is_its_owners_alone(start, path):
    mute(start, path, 1800)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_none_leaves_no_file(start, path):
    start()
    assert not path.parent.exists()
    mute(start, path, 1800)
    start().mute(0)
    wait_for(lambda: not path.exists(), "no file")
    assert not start().is_muted


def test_without_end_stays_and_is_told(start, path, clock, caplog):
    mute(start, path)
    clock.now += 1e8
    assert start().muted_until == math.inf
    assert "alerts are off without end" in caplog.text


@pytest.mark.parametrize("now", [0.0, 100.0, T - 1e6, T - 1])
def test_a_clock_that_starts_in_the_past_makes_it_no_longer(start, path, clock, now):
    mute(start, path, 1800)
    clock.now = now
    controls = start()
    assert controls.muted_until == pytest.approx(now + 1800, abs=1.1)
    clock.now += 1800
    assert not controls.is_muted


def test_a_clock_that_starts_in_the_future_ends_it(start, path, clock):
    mute(start, path, 1800)
    clock.now = T + 1e9
    assert not start().is_muted


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"until": 1e400, "seconds": 5}', '{"until": "x", "seconds": 5}',
     "\xff\xfe", '{"until": NaN, "seconds": 1}', '{"until": true, "seconds": 1}', '{"until": 9e18}',
     "[" * 5000, '{"until": 1, "seconds": ' + "9" * 900 + "}"],
)  # fmt: skip
def test_what_is_no_mute_leaves_alerts_on(start, path, text, caplog):
    path.parent.mkdir()
    path.write_text(text, encoding="latin-1")
    assert not start().is_muted
    assert "alerts are on" in caplog.text


def test_a_huge_length_is_bounded_by_its_end(start, path):
    path.parent.mkdir()
    path.write_text('{"until": %f, "seconds": 1e300}' % (T + 60))
    assert start().muted_until == T + 60


def test_a_disk_that_takes_nothing_is_told(start, path, caplog):
    path.parent.write_text("a file in place of the folder")
    start().mute(60)
    wait_for(lambda: "will not outlive a new start" in caplog.text, "a word")


def test_the_newest_of_quick_changes_is_kept(start, path, clock):
    controls = start()
    for i in range(50):
        controls.mute(100 + i)
    wait_for(lambda: path.exists() and b"149" in path.read_bytes(), "the newest")
    wait_for(
        lambda: all(one.name != "edgecry-mute" for one in threading.enumerate()), "the last to have written"
    )
    assert start().muted_until == T + 149
    assert list(path.parent.iterdir()) == [path]
