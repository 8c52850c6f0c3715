"""find: the recordings of a folder, always in the same order, and a word for what cannot be looked at."""

import os

import pytest

from edgecry.archive.find import Left, recordings


@pytest.fixture
def folder(tmp_path):
    for name in (
        "b.wav",
        "a.FLAC",
        "sub/c.ogg",
        "sub/deep/d.mp3",
        "notes.txt",
        "._b.wav",
        ".git/x.wav",
        "Z.wav",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(folder, *args, left=None):
    return [os.path.relpath(found.name, folder) for found in recordings(str(folder), *args, left)]


def test_recordings_by_name_in_the_order_of_bytes(folder):
    left = Left()
    assert names(folder, (), (), left=left) == ["Z.wav", "a.FLAC", "b.wav", "sub/c.ogg", "sub/deep/d.mp3"]
    assert left.files == 2


def test_names_begin_as_the_folder_was_given(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert [found.name for found in recordings("sub")] == ["sub/c.ogg", "sub/deep/d.mp3"]
    assert [found.name for found in recordings("./sub/deep")] == ["./sub/deep/d.mp3"]


@pytest.mark.parametrize(
    "include, exclude, expected",
    [
        (["*.txt"], [], ["notes.txt"]),
        (["sub/*"], [], ["sub/c.ogg", "sub/deep/d.mp3"]),
        (["?.wav"], ["b*"], ["Z.wav"]),
        ([], ["sub"], ["Z.wav", "a.FLAC", "b.wav"]),
        ([], ["sub/deep"], ["Z.wav", "a.FLAC", "b.wav", "sub/c.ogg"]),
        ([], ["*"], []),
    ],
)
def test_patterns(folder, include, exclude, expected):
    assert names(folder, include, exclude) == expected


def test_a_loop_of_links_ends(folder):
    (folder / "sub/loop").symlink_to(folder)
    (folder / "again").symlink_to(folder / "sub")
    left = Left()
    assert len(names(folder, (), (), left=left)) == 5
    assert sorted(os.path.relpath(path, folder) for path in left.seen) == ["again/loop", "sub"]


def test_a_link_that_leads_nowhere_has_an_error(folder):
    (folder / "lost.wav").symlink_to("nowhere")
    (found,) = [found for found in recordings(str(folder)) if found.error]
    assert found.name.endswith("lost.wav")
    assert "No such file" in found.error


def test_a_folder_that_cannot_be_read_has_an_error(folder, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    errors = [found for found in recordings(str(folder)) if found.error]
    assert [os.path.relpath(found.name, folder) for found in errors] == ["sub"]
    assert "Permission denied" in errors[0].error


def test_pipes_are_left_out(folder):
    os.mkfifo(folder / "pipe.wav")
    assert "pipe.wav" not in names(folder)
