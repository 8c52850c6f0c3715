"""trial: a few seconds of the source, and what they are."""

import json
import math

import numpy as np
import pytest

from edgecry.errors import EdgecryError
from edgecry.listening.trial import judge, listen_for, main
from edgecry.sources.settings import SourceSettings

SR = 16_000


@pytest.mark.parametrize("amplitude", [1.0, 0.1, 0.001])
def test_level_and_peak_of_a_square(amplitude):
    square = np.tile([amplitude, -amplitude], SR).astype(np.float32)
    found = judge(square, SR)
    assert found.level == found.peak == round(20 * math.log10(amplitude), 1)
    assert found.seconds == 2.0


@pytest.mark.parametrize(
    ("y", "state"),
    [
        (None, "no_sound"),
        (np.zeros(0, np.float32), "no_sound"),
        (np.full(SR, 0.25, np.float32), "digital_silence"),
        (np.clip(np.random.default_rng(0).standard_normal(SR), -1, 1).astype(np.float32), "clipping"),
        (np.random.default_rng(0).uniform(-1, 1, SR).astype(np.float32), "not_sound"),
        (0.1 * np.random.default_rng(0).standard_normal(SR).astype(np.float32), "hearing"),
    ],
)
def test_states(y, state):
    found = judge(y, SR, complaint="nothing came")
    assert found.state == state
    assert bool(found.reason) == (state != "hearing")


def test_a_program_that_sends_nothing():
    """Is waited for no longer than is said."""
    found = listen_for(SourceSettings("command", "sleep 100"), seconds=1.0, patience=0.5)
    assert (found.state, found.reason) == ("no_sound", "no sound for 0 s")


def test_why_there_is_no_sound():
    source = SourceSettings("command", "sh -c 'echo the camera is off >&2; exit 3'", restart="never")
    with pytest.raises(EdgecryError, match="the camera is off"):
        listen_for(source, seconds=1.0)


def test_written_as_json(tmp_path, capsys):
    config = tmp_path / "listen.toml"
    config.write_text("[source]\nkind = 'command'\ncommand = 'head -c 96000 /dev/zero'\n")
    assert main(str(config)) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["state"], found["seconds"]) == ("digital_silence", 3.0)
    config.write_text("[source]\nkind = 'radio'\n")
    assert main(str(config)) == 2
    assert "radio" in capsys.readouterr().err
