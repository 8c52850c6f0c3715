"""The board: what holds now, in bounded memory, and never a silence that looks like all is well."""

import json
import math

import pytest

from edgecry.sinks.controls import Controls
from edgecry.sinks.ids import utc
from edgecry.sinks.message import Health
from edgecry.sinks.present import STUCK
from edgecry.web.board import CURVE, Board
from tests.sinks.messages import cry
from tests.web.standing import T


@pytest.fixture
def board(clock):
    return Board("cot", Controls(0.8, clock, clock), clock, clock)


def health(**changes) -> Health:
    return Health(**{"at": utc(T), "state": "hearing", "reason": "", "hearing": True, **changes})


def test_before_anything_came_it_does_not_hear(board):
    now = board.now()
    assert (now["hearing"], now["microphone"], now["level_dbfs"]) == (False, "starting", None)


def test_what_the_listener_says_is_told(board):
    board.tell(health())
    assert board.now()["hearing"] is True
    board.tell(health(state="no_sound", reason="no sound for 12 s", hearing=False))
    now = board.now()
    assert (now["hearing"], now["microphone"], now["reason"]) == (False, "no_sound", "no sound for 12 s")


def test_a_listener_that_hangs_does_not_hear_whatever_it_said(board, clock):
    board.tell(health())
    board.show(-30.0, 0.5, None, 1.0)
    clock.now += STUCK + 1
    now = board.now()
    assert (now["hearing"], now["microphone"], now["level_dbfs"], now["probability"]) == (
        False,
        "stuck",
        None,
        None,
    )
    board.show(-30.0, 0.5, None, 2.0)
    assert board.now()["hearing"] is True


def test_a_level_is_told_only_while_sound_comes(board):
    board.show(-30.0, 0.5, None, 1.0)
    assert board.now()["level_dbfs"] == -30.0
    board.show(-30.0, 0.5, None, 1.0)  # a sign of life, and no sound
    assert board.now()["level_dbfs"] is None
    board.show(-math.inf, 0.0, None, 2.0)
    assert board.now()["level_dbfs"] is None


def test_a_cry_begins_and_ends(board):
    board.tell(cry(1, "start"))
    assert board.now()["crying"]
    board.tell(cry(1, "update"))
    assert board.now()["since"] == cry().started_at
    board.tell(cry(1, "end"))
    board.tell(cry(1, "recorded", clip="a.flac"))
    assert not board.now()["crying"]


def test_minutes_are_handed_over_when_they_are_over(board, clock):
    for i in range(1, 241):  # two minutes, half a second each
        board.show(-50.0 if i != 7 else -20.0, 0.9 if i == 9 else 0.1, None, i / 2)
        clock.now += 0.5
    (minute,) = board.take_minutes()
    assert (minute.t, minute.level_max, minute.score_max) == (int(T // 60), -20.0, 0.9)
    assert minute.heard == pytest.approx(60.0)
    assert board.take_minutes() == []


def test_the_curve_is_of_the_cry_alone_and_not_long(board):
    for i in range(4 * CURVE):
        board.show(-30.0, 0.5 if i % 2 else 0.25, None, i / 2)
    end = 2.0 * CURVE
    points = json.loads(board.curve(end - 700, end - 10))
    assert len(points) <= 300
    assert points[0][0] >= -5.0
    assert {p for _, p in points[:-1]} == {0.5}  # of several, the highest
    assert board.curve(0.0, 10.0) is None


def test_changes_of_hearing_are_noted_once(board):
    for _ in range(3):
        board.tell(health())
    board.tell(health(state="no_sound", reason="no sound", hearing=False))
    assert [kind for _, kind, _ in board.take_notes()] == ["hearing", "no_sound"]
    assert board.take_notes() == []


def test_a_mute_that_is_over_is_none(board, clock):
    board.controls.mute(60)
    assert board.is_muted
    clock.now += 61
    assert not board.is_muted
    assert board.now()["muted_until"] is None
