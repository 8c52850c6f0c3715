"""addresses: a folder elsewhere is searched as one on disk, and its rows are the same."""

import pytest

from edgecry.archive.addresses import at_address
from edgecry.archive.search import find
from edgecry.archive.task import Ear, Task
from tests import streams
from tests.recordings import encode
from tests.servers import file_server

fsspec = pytest.importorskip("fsspec", reason="NOT TESTED: pip install '.[remote]'")
pytest.importorskip("aiohttp", reason="NOT TESTED: pip install '.[remote]'")

NAMES = ("a/1.wav", "a/.hidden.wav", "a/notes.txt", "b/2.WAV", "b/c/3.flac", "z.wav")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "nights"
    for i, name in enumerate(NAMES):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(streams.scene(31 + i, (5, 12)), streams.SR))
    return folder


@pytest.fixture
def memory(folder):
    fs = fsspec.filesystem("memory")
    fs.put(str(folder), "/nights", recursive=True)
    yield "memory://nights"
    fs.rm("/nights", recursive=True)


@pytest.mark.parametrize(
    "filters", [((), ()), (("b/*",), ()), ((), ("b",)), (("*.wav",), ("z*",)), ((), ("b/c",))]
)
def test_a_folder_in_memory_holds_what_one_on_disk_does(memory, folder, filters):
    there = [(one.name.removeprefix(memory), one.size) for one in find([memory + "/"], *filters)]
    here = [(one.name.removeprefix(str(folder)), one.size) for one in find([str(folder)], *filters)]
    assert there == here != []


def test_a_folder_of_a_web_server(folder):
    with file_server(folder) as (server, _):
        found = find([server + "/"])
        assert [one.name.removeprefix(server + "/") for one in found] == [
            "a/1.wav",
            "b/2.WAV",
            "b/c/3.flac",
            "z.wav",
        ]
        assert all(one.size and not one.error for one in found)


def test_rows_from_a_web_server_are_those_of_the_disk(folder, tmp_path):
    ear = Ear(Task(model=str(streams.loud_detector(tmp_path, window=1.0, hop=0.5).path)))
    with file_server(folder) as (server, _):
        there = ear.tell(f"{server}/a/1.wav")["record"]
    here = ear.tell(str(folder / "a/1.wav"))["record"]
    assert {**there, "file": ""} == {**here, "file": ""}
    assert there["cries"]


def test_a_change_is_another_version(memory):
    (before,) = find([memory + "/z.wav"])
    (again,) = find([memory + "/z.wav"])
    fsspec.filesystem("memory").pipe("/nights/z.wav", b"another of the same name")
    (after,) = find([memory + "/z.wav"])
    assert before == again != after


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("memory://nights", "put a / behind it"),
        ("memory://nights/none.wav", "is not there"),
        ("memory://nowhere/", "no recording is in this folder|is not there"),
        ("http://127.0.0.1:9/", "cannot be reached|no recording"),
        ("rtsp://camera/", "is an address, not a file"),
    ],
)
def test_what_is_wrong_is_a_row(memory, address, words):
    (found,) = at_address(address)
    assert found.name == address
    assert any(word in found.error for word in words.split("|"))
