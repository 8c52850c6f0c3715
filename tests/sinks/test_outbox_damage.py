"""outbox: what becomes of messages when the file is damaged, gone, or in the hands of others."""

import os
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from edgecry.errors import EdgecryError
from edgecry.sinks.outbox import Outbox, OutboxSettings
from tests.sinks.messages import cry
from tests.sinks.test_outbox import box, drain, ids


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "state" / "outbox.db"


def filled(path, n: int = 5) -> bytes:
    """Return the bytes of an outbox in which n messages wait."""
    outbox = box(path)
    outbox.reserve()
    for k in range(n):
        outbox.put("webhook", cry(k))
    outbox.close()
    return path.read_bytes()


def change(path, *statements: str) -> None:
    with sqlite3.connect(path) as db:
        for statement in statements:
            db.execute(statement)
    db.close()


# -- one message -------------------------------------------------------------------------------------


@pytest.mark.parametrize("xor", [0x01, 0x80])
@pytest.mark.parametrize("where", [b"source", b'"peak":0', b'"kind"', b'"crc":"'])
def test_a_damaged_message_holds_up_nobody(path, caplog, where, xor):
    """It is counted, told once, and kept for whoever wants to look at it; the others are delivered."""
    data = bytearray(filled(path))
    data[data.find(where) + len(where) - 1] ^= xor
    path.write_bytes(data)
    for run in range(2):
        outbox = box(path)
        outbox.put("webhook", cry(100 + run))
        assert outbox.waiting() == {"webhook": 5 + run}
        assert outbox.dropped() == {"webhook": 1}
        outbox.close()
    assert ["1 messages are damaged" in record.getMessage() for record in caplog.records] == [True]
    outbox = box(path)
    assert len(drain(outbox, "webhook")) == 6
    outbox.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM damaged").fetchone() == (1,)
    db.close()


def test_the_name_of_the_sink_is_damaged(path):
    """It stands in the text of the message, too."""
    filled(path)
    change(
        path,
        "UPDATE message SET sink = 'wfbhook' WHERE seq = 2",
        "UPDATE message SET sink = x'ff' WHERE seq = 3",
    )
    assert drain(box(path), "webhook") == ids(*range(5))


def test_messages_of_the_first_release(path):
    """They have neither the sink nor a checksum in their text, and there is an index."""
    filled(path, 1)
    import json

    body = json.dumps(cry(7).to_dict(), separators=(",", ":"))
    change(
        path,
        "CREATE INDEX message_by_sink ON message (sink, seq)",
        "DROP TABLE damaged",
        f"INSERT INTO message (sink, body) VALUES ('mqtt', '{body}')",
    )
    outbox = box(path)
    assert (drain(outbox, "webhook"), drain(outbox, "mqtt")) == (ids(0), ids(7))


@pytest.mark.parametrize("body", ["{}", "nonsense", "[1]", "null", "x" * 100_000, '{"schema":' * 1000])
def test_what_is_no_message(path, body):
    filled(path)
    change(path, f"UPDATE message SET body = '{body}' WHERE seq = 1")
    outbox = box(path)
    assert drain(outbox, "webhook") == ids(1, 2, 3, 4)
    assert outbox.dropped() == {"webhook": 1}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO dropped VALUES ('webhook', 'x')",
        "INSERT INTO dropped VALUES ('webhook', -1)",
        "INSERT INTO dropped VALUES (x'ff', 9e99)",
        "UPDATE number SET next = 'x'",
        "UPDATE number SET next = 9000000000000000000",
        "UPDATE number SET next = -5",
        "DELETE FROM number",
    ],
)
def test_a_counter_that_is_none(path, statement):
    """It is taken anew, and what waits is delivered."""
    filled(path)
    change(path, statement)
    for _ in range(2):
        outbox = box(path)
        assert 0 < outbox.reserve() < 10**16
        outbox.put("webhook", cry(9))
        outbox.done("webhook", 6)
        outbox.close()
    assert drain(box(path), "webhook")[:5] == ids(*range(5))


# -- the file ----------------------------------------------------------------------------------------


def test_any_byte(path, caplog):
    """A bit of it is flipped: it starts, and no message is gone without a word.

    The header, and a sample of the rest; every byte of the file in turn was tried once, and holds as well.
    """
    data, rng = filled(path), random.Random(0)
    written = [at for at, byte in enumerate(data) if byte]
    places = [*range(100), *rng.sample(written, 60), *rng.sample(range(len(data)), 10)]
    state = path.parent / "flipped"
    for at in places:
        state.mkdir()
        file = state / "outbox.db"
        damaged = bytearray(data)
        damaged[at] ^= 1 << rng.randrange(8)
        file.write_bytes(damaged)
        outbox = box(file)
        outbox.put("webhook", cry(9))
        told = sum(outbox.dropped().values()) + outbox.errors
        caplog.clear()
        assert not outbox.unwritten(), f"byte {at}: not on the disk"
        outbox.close()
        left = drain(box(file), "webhook")
        assert left[-1] == cry(9).id, f"byte {at}: a new message is lost"
        assert left == ids(*range(5), 9) or told, f"byte {at}: {len(left)} messages, and no word"
        assert len(left) >= 5, f"byte {at}: more than one message is lost"
        shutil.rmtree(state)


@pytest.mark.parametrize(
    "damage", ["not a database", "torn", "zeros", "cut off", "write version", "read version"]
)
def test_damaged_is_set_aside(path, caplog, damage):
    data = filled(path, 200)
    path.write_bytes(
        {
            "not a database": b"hello" * 100,
            "torn": data[:5000] + random.Random(1).randbytes(len(data) - 5000),
            "zeros": bytes(len(data)),
            "cut off": data[: len(data) // 2],
            "write version": data[:18] + b"\x82" + data[19:],
            "read version": data[:19] + b"\x42" + data[20:],
        }[damage]
    )
    damaged = path.read_bytes()
    outbox = box(path)
    assert "set aside as outbox.db.corrupt" in caplog.text
    assert path.with_name("outbox.db.corrupt").stat().st_size == len(damaged)
    outbox.put("webhook", cry(1000))
    outbox.close()
    left = drain(box(path), "webhook")
    assert left[-1] == cry(1000).id
    assert left == sorted(set(left))
    if "version" in damage:
        assert left == ids(*range(200), 1000), "a header that is damaged costs no message"
    if damage == "cut off":
        assert len(left) > 50


def test_an_earlier_damaged_file_is_not_overwritten(path):
    path.parent.mkdir()
    for n in range(3):
        path.write_bytes(b"%d" % n * 200)
        box(path).close()
    found = sorted(p.name for p in path.parent.glob("outbox.db.corrupt*"))
    assert found == ["outbox.db.corrupt", "outbox.db.corrupt2", "outbox.db.corrupt3"]
    assert [path.with_name(name).read_bytes()[:1] for name in found] == [b"0", b"1", b"2"]


def test_a_newer_version(path, caplog):
    """It is kept for the day when the newer edgecry is back; what this one understands is delivered."""
    filled(path, 3)
    for version in (2, 3):
        change(path, f"PRAGMA user_version = {version}")
        outbox = box(path)
        assert outbox.waiting() == {"webhook": 3}
        outbox.close()
    assert "newer version 2" in caplog.text
    assert "3 messages taken over" in caplog.text
    assert path.with_name("outbox.db.newer").exists()
    assert path.with_name("outbox.db.newer2").exists()


def test_damaged_while_in_use(path, caplog):
    """All that waits is in memory, too."""
    outbox = box(path)
    for n in range(300):
        outbox.put("mqtt", cry(n))
    db = outbox._file._db
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(random.Random(2).randbytes(path.stat().st_size - 4096))
    db.execute("PRAGMA shrink_memory")
    assert drain(outbox, "mqtt") == ids(*range(300))
    assert "set aside" in caplog.text
    outbox.put("mqtt", cry(999))
    outbox.close()
    assert drain(box(path), "mqtt") == ids(999)


# -- others ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["folder", "file"])
def test_removed_while_in_use(path, what):
    outbox = box(path)
    outbox.put("webhook", cry(1))
    shutil.rmtree(path.parent) if what == "folder" else path.unlink()
    outbox.put("webhook", cry(2))
    outbox.put("webhook", cry(3))
    assert not outbox.unwritten()
    outbox.close()
    assert drain(box(path), "webhook") == ids(1, 2, 3)


def test_replaced_while_in_use(path, tmp_path):
    """A restored backup does this. What it holds comes first, and what both hold comes once."""
    filled(path, 3)
    backup = tmp_path / "backup"
    shutil.copy(path, backup)
    outbox = box(path)
    outbox.put("webhook", cry(7))
    outbox.done("webhook", outbox.peek("webhook").seq)
    backup.replace(path)
    outbox.put("webhook", cry(8))
    assert outbox.waiting() == {"webhook": 5}
    outbox.close()
    assert drain(box(path), "webhook") == ids(0, 1, 2, 7, 8)


def test_a_backup_reads_it_at_the_start(path, caplog):
    """Messages wait in memory meanwhile, and those of the file come as soon as it can be read."""
    filled(path, 2)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM message").fetchall()
    outbox = box(path)
    outbox.put("webhook", cry(5))
    assert outbox.waiting() == {"webhook": 1}
    assert not outbox.refresh()
    other.close()
    assert outbox.refresh()
    assert drain(outbox, "webhook") == ids(0, 1, 5)


def test_it_is_closed_to_others(path):
    before = os.umask(0)
    try:
        outbox = box(path)
        outbox.put("webhook", cry(1))
        modes = {p.name: p.stat().st_mode & 0o777 for p in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert set(modes.values()) == {0o600}, modes


def test_a_refusal_leaves_no_lock(path):
    first = box(path)
    with pytest.raises(EdgecryError, match="in use"):
        Outbox(OutboxSettings(path))
    first.close()
    box(path).close()


def test_numbers_go_on_in_a_new_file(path):
    """The next run gives none that this one has given, although the file that knew of them is gone."""
    before = box(path)
    first = before.reserve() + 5 * 10**9  # this run began with a clock that was ahead
    before._reserved = first + 10**9
    path.unlink()
    before.put("webhook", cry(1))
    before.close()
    assert box(path).reserve() >= first + 10**9


def test_a_pipe_in_its_place_is_refused(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    with pytest.raises(EdgecryError, match="is not a file; give the outbox another path"):
        Outbox(OutboxSettings(path))
