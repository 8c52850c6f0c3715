"""sources: from settings to a reader."""

import io
import shlex
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from edgecry.config import SourceSettings
from edgecry.errors import AudioError
from edgecry.sources import make_reader, make_source
from edgecry.sources.pipe import PipeSource
from edgecry.sources.restart import Restarting

SCRIPT = "import os; os.write(1, bytes([0, 64]) * 1000)"


def everything(reader) -> np.ndarray:
    with reader:
        pieces = []
        while not reader.ended:
            block = reader.read(10_000, timeout=10)
            if block is not None:
                pieces.append(block.samples)
    return np.concatenate(pieces)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", ["stdin", "command"])
def test_stdin_and_command_give_the_same(monkeypatch, kind, channels):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(bytes([0, 64]) * 1000)))
    command = shlex.join([sys.executable, "-c", SCRIPT]) if kind == "command" else ""
    settings = SourceSettings(kind, command, channels=channels, restart="never")
    heard = everything(make_reader(settings))
    assert heard.tolist() == [0.5] * (1000 // channels)


def test_what_can_come_back_does():
    assert isinstance(make_source(SourceSettings("device")), Restarting)
    assert isinstance(make_source(SourceSettings("command", "arecord")), Restarting)


def test_stdin_cannot(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO()))
    assert isinstance(make_source(SourceSettings("stdin")), PipeSource)


def test_a_command_that_cannot_be_split():
    with pytest.raises(AudioError, match="No closing quotation"):
        make_source(SourceSettings("command", "arecord 'x"))
