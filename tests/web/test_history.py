"""The history: what is kept, what an interruption leaves, what goes with time."""

import sqlite3
import stat

import pytest

from edgecry.errors import EdgecryError, SinkError
from edgecry.sinks.ids import utc
from edgecry.web.history import History, Minute
from tests.sinks.messages import cry

T = 1_763_936_277.0


@pytest.fixture
def history(tmp_path):
    found = History(tmp_path / "state" / "history.db", days=10, clock=lambda: T)
    yield found
    found.close()


def test_steps_of_a_cry_become_one_row(history):
    for kind, peak in (("start", 0.9), ("update", 0.95), ("end", 0.97)):
        history.tell(cry(1, kind, peak=peak), curve="[[0, 1]]" if kind == "end" else None)
    history.tell(cry(1, "recorded", clip="/clips/a.flac"))
    (row,) = history.cries()
    assert (row["peak"], row["ended_at"], row["clip"], row["curve"]) == (
        0.97,
        "2025-11-23T22:19:09.000Z",
        "/clips/a.flac",
        "[[0, 1]]",
    )


def test_a_cry_in_which_the_clock_was_set_has_its_right_time(history):
    history.tell(cry(1, "start", started_at=utc(40.0)))
    history.tell(cry(1, "end", started_at=utc(T), ended_at=utc(T + 72)))
    (row,) = history.cries()
    assert (row["started_at"], row["ended_at"]) == (utc(T), utc(T + 72))


def test_the_revision_rises_with_every_change(history):
    revisions = [history.revision]
    for change in (lambda: history.tell(cry()), lambda: history.judge(cry().event, "cry")):
        change()
        revisions.append(history.revision)
    assert revisions == sorted(set(revisions))


def test_a_cry_that_a_power_cut_interrupted_is_over(tmp_path):
    path = tmp_path / "history.db"
    first = History(path)
    first.tell(cry(1, "start", duration=5.0, started_at=utc(T)))
    first.close()
    second = History(path)
    assert second.cries()[0]["ended_at"] == utc(T + 5)
    second.close()


def test_it_is_its_owners_alone(history):
    assert stat.S_IMODE(history.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(history.path.parent.stat().st_mode) == 0o700


def test_what_is_old_goes(history):
    for number, age in ((1, 11), (2, 9)):
        history.tell(cry(number, started_at=utc(T - 86_400 * age)))
    history.add_minutes(Minute(int(T // 60) - 1440 * age, -30.0, 0.1, 60.0) for age in (11, 9))
    history.note([(T - 86_400 * 11, "no_sound", "old"), (T, "hearing", "")])
    history.tidy()
    assert [row["event"] for row in history.cries()] == [cry(2).event]
    assert len(history.minutes(0)) == 1
    assert [row["kind"] for row in history.troubles()] == ["hearing"]


def test_nothing_goes_while_the_clock_is_not_set(tmp_path):
    history = History(tmp_path / "history.db", clock=lambda: 100.0)
    history.tell(cry())
    history.tidy()
    assert history.count() == 1
    history.close()


def test_a_clip_is_found_by_its_whole_name_alone(history):
    history.tell(cry(clip="/a/clips/cry-1.flac"))
    assert str(history.clip("cry-1.flac")) == "/a/clips/cry-1.flac"
    assert history.clip("ry-1.flac") is None
    assert history.clip("%") is None
    assert history.clip("") is None
    assert history.clip("/a/clips") is None


def test_what_is_in_the_way_is_told(tmp_path):
    (tmp_path / "history.db").mkdir()
    with pytest.raises(EdgecryError, match=r"history\.db: the history cannot be opened .*; move it away"):
        History(tmp_path / "history.db")


def test_a_later_edgecry_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "history.db") as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(EdgecryError, match="later edgecry"):
        History(tmp_path / "history.db")


def test_a_disk_that_fails_is_an_error_of_the_sink(history):
    history._writer.execute("PRAGMA query_only = 1")
    with pytest.raises(SinkError, match="cannot be written"):
        history.tell(cry())
    history._writer.execute("PRAGMA query_only = 0")
    history.tell(cry())
    assert history.count() == 1
