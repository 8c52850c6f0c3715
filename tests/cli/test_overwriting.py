"""-o with the name of a recording: it is refused, and the recording is as it was."""

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
