"""patience: a pipe whose end does not come is told of, and read all the same."""

import os
import threading

import pytest

from edgecry.cli.inputs import find
from edgecry.cli.patience import Patient


@pytest.fixture
def told(monkeypatch):
    """What was said, and an event that is set when it is."""
    words, event = [], threading.Event()

    def say(text: str) -> None:
        words.append(text)
        event.set()

    monkeypatch.setattr("edgecry.cli.patience.say", say)
    return words, event


@pytest.mark.parametrize("sent", [b"", b"RIFF"])
def test_no_end(told, sent):
    words, event = told
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as file:
        os.write(writer, sent)
        patient, found = Patient("-", file, patience=0.05), []
        thread = threading.Thread(target=lambda: found.append(patient.read()))
        thread.start()
        assert event.wait(60)
        os.write(writer, b"rest")
        os.close(writer)
        thread.join()
    assert found == [sent + b"rest"]
    came = "4 bytes came" if sent else "nothing came"
    assert words[0].startswith(f"-: {came}, and no end yet")
    assert "edgecry listen -" in words[0]


def test_a_named_pipe_without_a_writer(told, tmp_path):
    """It waits while it is opened, too."""
    words, event = told
    path = tmp_path / "mic.wav"
    os.mkfifo(path)
    patient, found = Patient(str(path), None, patience=0.05), []
    thread = threading.Thread(target=lambda: found.append(patient.read(9)))
    thread.start()
    assert event.wait(60)
    path.write_bytes(b"sound")
    thread.join()
    assert [*found, patient.read(9)] == [b"sound", b""]
    assert words[0].startswith(f"{path}: nothing came")


def test_an_end_is_not_told_of(told, tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(b"sound")
    with path.open("rb") as file:
        patient = Patient("clip", file, patience=3600)
        assert [patient.read(0), patient.read(), patient.read()] == [b"", b"sound", b""]
    assert told[0] == []
    assert not patient.is_waiting


def test_only_pipes_are_waited_for(tmp_path):
    path = tmp_path / "mic.wav"
    os.mkfifo(path)
    plain = tmp_path / "clip.wav"
    plain.touch()
    found = dict(find([str(path), str(plain), "none.wav"], None))
    assert isinstance(found.pop(str(path)), Patient)
    assert found == {str(plain): str(plain), "none.wav": "none.wav"}
