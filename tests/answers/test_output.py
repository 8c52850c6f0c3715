"""output: a file of results is whole when it appears."""

import os
from pathlib import Path

import pytest

from edgecry.answers.output import Output, spare
from edgecry.errors import EdgecryError


def test_it_replaces_the_old_file_at_the_end(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    with Output(str(path)) as output:
        output.stream.write("new")
        output.stream.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), Output(str(path)) as output:
        output.stream.write("new")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_what_is_published_grows(tmp_path):
    path = tmp_path / "out.csv"
    with Output(str(path)) as output:
        output.stream.write("first\n")
        output.publish()
        assert path.read_text() == "first\n"
        output.stream.write("second\n")
    assert path.read_text() == "first\nsecond\n"


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with Output(str(tmp_path / "link")) as output:
        output.stream.write("x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "x"


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(EdgecryError, match="is a folder"):
        Output(str(tmp_path))


def test_what_is_no_file_is_written_directly():
    with Output("/dev/null", binary=True) as output:
        output.stream.write(b"x")
    assert not Path("/dev/null").is_file()


def test_a_recording_is_not_written_over(tmp_path):
    path = tmp_path / "cry.wav"
    path.write_bytes(b"RIFF")
    (tmp_path / "link").hardlink_to(path)
    (tmp_path / "soft").symlink_to(path)
    for name in ("cry.wav", "link", "soft"):
        with pytest.raises(EdgecryError, match="is one of the recordings; name another file"):
            spare(str(tmp_path / name), ["-", "no\0name", "gone.wav", str(path)])
    spare(str(tmp_path / "cries.csv"), [str(path)])
    spare(os.devnull, [str(path)])


def test_an_error_has_the_name_that_was_given(tmp_path):
    path = str(tmp_path / "none" / "out.csv")
    with pytest.raises(FileNotFoundError) as failed:
        Output(path)
    assert failed.value.filename == path
    assert ".part" not in str(failed.value)
