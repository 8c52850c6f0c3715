"""A history that is damaged, or on a disk that is full: listening goes on."""

import contextlib
import resource
import sqlite3

import pytest

from edgecry.errors import SinkError
from edgecry.web.history import History
from tests.sinks.messages import cry
from tests.web.test_microphones import STATE


def filled(path, n=300):
    """Write a history of some pages, with its rows in the file itself."""
    with contextlib.closing(History(path)) as history:
        for number in range(n):
            history.tell(cry(number, started_at=f"2026-11-30T0{number // 60}:{number % 60:02d}:00Z"))
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


def as_new(path, caplog):
    """Open a damaged history: a new one has begun, the old one is kept, and the log says so."""
    damaged = path.read_bytes()
    with contextlib.closing(History(path)) as history:
        assert history.count() == 0
        history.tell(cry())
        assert history.count() == 1
    assert path.with_name("history.db.damaged").read_bytes() == damaged
    assert "is damaged" in caplog.text
    with contextlib.closing(History(path)) as history:
        assert history.count() == 1


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database(tmp_path, caplog, content):
    (tmp_path / "history.db").write_bytes(content)
    as_new(tmp_path / "history.db", caplog)


def test_files_that_were_damaged_before_are_kept(tmp_path):
    """Up to five, the newest among them."""
    path = tmp_path / "history.db"
    for number in range(8):
        path.write_bytes(b"no database" * 100 + bytes([number]))
        History(path).close()
    kept = {one.name: one.read_bytes()[-1] for one in tmp_path.glob("*.damaged*")}
    names = ("damaged", "damaged2", "damaged3", "damaged4", "damaged5")
    assert kept == {f"history.db.{name}": n for name, n in zip(names, (0, 1, 2, 3, 7), strict=True)}


@pytest.mark.parametrize("where", [0.2, 0.5, 0.9])
def test_a_block_that_went_bad(tmp_path, caplog, where):
    path = tmp_path / "history.db"
    size = filled(path)
    with path.open("r+b") as file:
        file.seek(int(where * size) // 4096 * 4096)
        file.write(b"\xa5" * 4096)
    as_new(path, caplog)


def test_the_rest_of_a_file_that_was_cut(tmp_path, caplog):
    path = tmp_path / "history.db"
    size = filled(path)
    with path.open("r+b") as file:
        file.truncate(size // 2)
    as_new(path, caplog)


def test_a_sound_file_is_left_as_it_is(tmp_path):
    filled(tmp_path / "history.db", 20)
    with contextlib.closing(History(tmp_path / "history.db")) as history:
        assert history.count() == 20
    assert not (tmp_path / "history.db.damaged").exists()


def test_a_disk_that_is_full_at_the_start(tmp_path, caplog):
    path = tmp_path / "history.db"
    filled(path, 3)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # no file may grow
    try:
        history = History(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    with contextlib.closing(history):
        assert "is not kept on the disk" in caplog.text
        history.tell(cry())
        assert history.count() == 1
    with contextlib.closing(History(path)) as history:
        assert history.count() == 3


def test_what_holds_now_is_told_whatever_the_history_is(page):
    """The page of several microphones shows the last cry of each."""
    assert page.post("/api/microphones/cot-2/state", STATE).status == 204
    page.page.history._reader.close()
    with pytest.raises(SinkError, match="cannot be read"):
        page.page.history.count()
    assert page.ask("/api/cries").status == 503
    assert page.ask("/api/state").status == 200
    assert page.ask("/").status == 200
    own, other = page.ask("/api/microphones").json()
    assert (own["last_cry"], other["name"]) == (None, "cot-2")
