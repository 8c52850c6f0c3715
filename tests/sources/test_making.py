"""sources: from settings to a reader."""

import io
import shlex
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from edgecry.audio.pcm_format import PcmFormat
from edgecry.errors import AudioError
from edgecry.sources.command import CommandSource
from edgecry.sources.making import make_reader, make_source
from edgecry.sources.pipe import PipeSource
from edgecry.sources.reader import Reader
from edgecry.sources.restart import Restarting, RestartSettings
from edgecry.sources.settings import SourceSettings

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


def test_a_program_that_is_killed_in_the_middle_leaves_a_gap_and_a_true_timeline(tmp_path):
    """The samples of each run say which it is; what is missing in between is told, not closed up."""
    script = (
        "import os, pathlib, signal\n"
        f"mark = pathlib.Path({str(tmp_path)!r}) / 'mark'\n"
        "second = mark.exists()\n"
        "mark.touch()\n"
        "os.write(1, bytes([0, 32 if second else 64]) * 2000)\n"
        "os._exit(0) if second else os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    settings = RestartSettings("on-failure", first=0.2, longest=0.2)
    command = shlex.join([sys.executable, "-c", script])
    reader = Reader(Restarting(lambda: CommandSource(command, PcmFormat()), settings))
    blocks = []
    with reader:
        while not reader.ended:
            if (block := reader.read(10_000, timeout=10)) is not None:
                blocks.append(block)
    assert np.concatenate([b.samples for b in blocks]).tolist() == [0.5] * 2000 + [0.25] * 2000
    ends = [0, *(block.end for block in blocks)]
    assert [b.start - end for b, end in zip(blocks, ends, strict=False)] == [b.gap for b in blocks]
    (gap,) = [b.gap for b in blocks if b.gap]
    assert gap >= 0.2 * 16000 - 2000  # as long as nobody was there, at least
    counts = reader.counts
    assert (counts.gaps, counts.missing, counts.restarts) == (1, gap, 1)
    assert counts.last_error == f"{sys.executable}: died of SIGKILL"


def test_what_can_come_back_does():
    assert isinstance(make_source(SourceSettings("device")), Restarting)
    assert isinstance(make_source(SourceSettings("command", "arecord")), Restarting)


def test_stdin_cannot(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO()))
    assert isinstance(make_source(SourceSettings("stdin")), PipeSource)


def test_a_command_that_cannot_be_split():
    with pytest.raises(AudioError, match="No closing quotation"):
        make_source(SourceSettings("command", "arecord 'x"))
