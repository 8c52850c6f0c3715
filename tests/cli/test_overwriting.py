"""-o with the name of a recording, which is as it was afterwards, and with a name of stdout."""

import pytest

from tests import streams
from tests.recordings import encode


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "night.wav"
    path.write_bytes(encode(streams.scene(2, (0, 1)), streams.SR))
    return path


@pytest.mark.parametrize(
    "command",
    [
        ("classify", "--format", "csv"),
        ("classify", "--format", "jsonl", "--jobs", "2", "--sample"),
        ("features",),
        ("features", "--format", "npy", "--embedding"),
        ("measure", "--no-detector"),
    ],
    ids=" ".join,
)
def test_a_recording_is_not_written_over(run, recording, command):
    before = recording.read_bytes()
    code, out, err = run(*command, recording, "-o", recording)
    assert (code, out) == (2, "")
    assert f"{recording}: is one of the recordings; name another file" in err
    assert recording.read_bytes() == before


def test_nor_is_one_in_a_folder(run, recording):
    before = recording.read_bytes()
    code, _, err = run("classify", recording.parent, "--format", "csv", "-o", recording)
    assert code == 2
    assert "is one of the recordings" in err
    assert recording.read_bytes() == before
    assert list(recording.parent.iterdir()) == [recording]


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1"])
@pytest.mark.parametrize(
    "command", [("classify", "--format", "csv"), ("features",), ("measure", "--no-detector")], ids=" ".join
)
def test_stdout_has_names(run, recording, command, name, tmp_path, monkeypatch):
    """No file called - is made, and nothing is lost."""
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(*command, recording, "-o", name)
    assert code == 0
    assert "night.wav" in out
    assert [path.name for path in tmp_path.iterdir()] == [recording.name]


def test_answers_are_not_for_stderr(run, recording):
    code, out, err = run("classify", recording, "-o", "/dev/stderr")
    assert (code, out) == (2, "")
    assert "name a file, or - for stdout" in err
