"""recording: whatever the source, decoded at one rate and then another as if it were read twice."""

import io
import os
import threading

import numpy as np
import pytest

from edgecry.audio.load import load_audio
from edgecry.audio.recording import Recording
from edgecry.errors import AudioError
from tests.conftest import tone

RATES = (8000, 16000, 8000)


class Pipe(io.RawIOBase):
    """What can be read once."""

    name = "<pipe>"

    def __init__(self, content: bytes, fails: bool = False) -> None:
        self._rest, self._fails = io.BytesIO(content), fails

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        if self._fails:
            raise OSError("cable out")
        return self._rest.readinto(buffer)


def sources(path):
    content = path.read_bytes()
    return {
        "path": path,
        "str": str(path),
        "bytes": content,
        "file": io.BytesIO(content),
        "pipe": Pipe(content),
        "array": (tone(0), 8000),
        "waveform": load_audio(path, sr=8000),
    }


@pytest.mark.parametrize("kind", ["path", "str", "bytes", "file", "pipe", "array", "waveform"])
def test_at_each_rate(recordings, kind):
    recording = Recording(sources(recordings[0])[kind], again=True)
    for sr in RATES:
        expected = load_audio(recordings[0], sr=sr)
        np.testing.assert_array_equal(recording.at(sr).samples, expected.samples)
        assert recording.at(sr).sr == sr


def test_an_open_file_at_each_rate(recordings):
    """libsndfile reads the descriptor itself, which a buffered file does not notice."""
    with recordings[0].open("rb") as file:
        recording = Recording(file, again=True)
        assert [len(recording.at(sr).samples) for sr in RATES] == [4000, 8000, 4000]


def test_the_same_rate_is_decoded_once(recordings):
    recording = Recording(recordings[0])
    assert recording.at(8000) is recording.at(8000)


def test_a_file_is_read_from_where_it_stands(recordings):
    file = io.BytesIO(b"junk" + recordings[0].read_bytes())
    file.seek(4)
    recording = Recording(file, again=True)
    lengths = [len(recording.at(sr).samples) for sr in RATES]
    assert lengths == [4000, 8000, 4000]


def test_a_named_pipe_is_read_once(recordings, tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(recordings[0].read_bytes()))
    writer.start()
    recording = Recording(str(path), again=True)
    writer.join()
    assert [len(recording.at(sr).samples) for sr in RATES] == [4000, 8000, 4000]
    assert recording.at(8000).origin == str(path)


def test_what_is_wrong_is_told_as_ever(tmp_path):
    for source, pattern in (
        (tmp_path / "none.wav", r"none\.wav: no such file"),
        (tmp_path, "is a directory"),
        ("", "the path is empty"),
        (42, "int is no audio"),
        (io.StringIO("text"), "open as text"),
        (Pipe(b"", fails=True), "<pipe>: cannot be read to its end .cable out"),
        (Pipe(b""), "<pipe>: "),
    ):
        with pytest.raises(AudioError, match=pattern):
            Recording(source, again=True).at(8000)
