"""journal: what was written whole is remembered, and nothing else."""

import pytest

from edgecry.archive.find import Found
from edgecry.archive.journal import Journal, identity_at
from edgecry.archive.task import failure
from edgecry.errors import EdgecryError

IDENTITY = {"model": "a", "threshold": 0.5}
A, B = Found("a.wav", 10, 1), Found("b.wav", 20, 2)


def told(name):
    return {"record": {"file": name, "label": "cry"}, "text": "Crying.", "notes": []}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "out.csv.journal"
    with Journal(path, IDENTITY) as journal:
        journal.add(A, told("a.wav"))
        journal.add(B, told("b.wav"))
    return path


def test_it_is_remembered(path):
    with Journal(path, IDENTITY) as journal:
        assert journal.changed == []
        assert journal.has(A)
        assert journal.told(B) == told("b.wav")
        assert not journal.has(Found("c.wav", 1, 1))
    assert identity_at(path) == IDENTITY


@pytest.mark.parametrize("found", [Found("a.wav", 11, 1), Found("a.wav", 10, 2)])
def test_a_recording_that_changed_is_done_again(path, found):
    with Journal(path, IDENTITY) as journal:
        assert not journal.has(found)


def test_what_failed_is_tried_again(path):
    with Journal(path, IDENTITY) as journal:
        journal.add(A, failure("a.wav", "a.wav: cannot be read"))
        assert journal.has(A)
    with Journal(path, IDENTITY) as journal:
        assert not journal.has(A) or journal.told(A) == told("a.wav")
        assert journal.has(B)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_line_that_was_cut_off_is_forgotten(path, cut):
    path.write_bytes(path.read_bytes()[:-cut])
    with Journal(path, IDENTITY) as journal:
        assert journal.has(A)
        assert not journal.has(B)
        journal.add(B, told("b.wav"))
    with Journal(path, IDENTITY) as journal:
        assert journal.told(A) == told("a.wav")
        assert journal.told(B) == told("b.wav")


@pytest.mark.parametrize(
    "left", [b"", b'{"iden', bytes(700), b'{"identity": {"mod' + bytes(494), bytes(512) + b'"cry"}}\n']
)
def test_a_first_line_that_a_power_cut_took_is_begun_anew(path, left):
    """The disk has the length of a file, and zeros where a sector was not written."""
    path.write_bytes(left)
    with Journal(path, IDENTITY) as journal:
        assert not journal.has(A)
        journal.add(A, told("a.wav"))
    with Journal(path, IDENTITY) as journal:
        assert journal.told(A) == told("a.wav")


def test_another_identity_begins_anew_and_says_what_changed(path):
    with Journal(path, {**IDENTITY, "threshold": 0.7, "new": 1}) as journal:
        assert journal.changed == ["new", "threshold"]
        assert not journal.has(A)
    assert identity_at(path)["threshold"] == 0.7


def test_two_at_once_are_refused(path):
    with Journal(path, IDENTITY), pytest.raises(EdgecryError, match="another edgecry"):
        Journal(path, IDENTITY)


def test_a_file_of_another_kind_is_left_as_it_is(tmp_path):
    path = tmp_path / "x.journal"
    path.write_text("dear diary\n")
    with pytest.raises(EdgecryError, match="not a journal"):
        Journal(path, IDENTITY)
    assert path.read_text() == "dear diary\n"
