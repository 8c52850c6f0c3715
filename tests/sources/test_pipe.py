"""pipe: raw PCM from a file object."""

import io
import os
import pty
import threading
import time
from contextlib import suppress

import numpy as np
import pytest

from edgecry.audio.pcm_format import PcmFormat
from edgecry.errors import AudioError
from edgecry.sources.pipe import GATHER, PIPE_BYTES, Lull, PipeSource

PCM = PcmFormat(16000)
RAMP = np.arange(-30000, 30000, 7).astype("<i2")


@pytest.fixture
def pipe():
    """A pipe: its end to read, a file object, and its end to write, a descriptor."""
    out, into = os.pipe()
    with os.fdopen(out, "rb") as file:
        yield file, into
    with suppress(OSError):  # the test may have closed it
        os.close(into)


def everything(source: PipeSource) -> np.ndarray:
    pieces = []
    while (block := source.read(10)) is not None:
        pieces.append(block)
    return np.concatenate(pieces) if pieces else np.empty(0, np.float32)


def test_pieces_of_a_pipe(pipe):
    file, into = pipe
    with PipeSource(file, PCM) as source:
        os.write(into, b"\x00")
        assert len(source.read(10)) == 0  # half a sample
        os.write(into, b"\x40\x00")
        assert source.read(10).tolist() == [0.5]
        assert len(source.read(0)) == 0  # nothing for now
        os.write(into, b"\xc0")
        os.close(into)
        assert source.read(10).tolist() == [-0.5]
        assert source.read(10) is None


@pytest.mark.parametrize("kind", ["file", "bytes", "wav"])
def test_files(tmp_path, kind):
    data = RAMP.tobytes()
    if kind == "wav":
        import soundfile

        file = io.BytesIO()
        soundfile.write(file, RAMP, 16000, format="WAV", subtype="PCM_16")
        data = file.getvalue()
    (tmp_path / "sound").write_bytes(data)
    with (tmp_path / "sound").open("rb") if kind == "file" else io.BytesIO(data) as file:
        with PipeSource(file, PCM) as source:
            np.testing.assert_array_equal(everything(source), RAMP / np.float32(32768))
        assert not file.closed


def test_no_more_than_a_pipeful_at_once():
    with PipeSource(io.BytesIO(bytes(10 * PIPE_BYTES)), PCM) as source:
        assert len(source.read(0)) == PIPE_BYTES // 2


def test_a_terminal_is_refused():
    main, other = pty.openpty()
    message = r"stdin: is a terminal, .* arecord -t raw .* -r 16000"
    with os.fdopen(other, "rb", buffering=0) as file, pytest.raises(AudioError, match=message):
        PipeSource(file, PCM).open()
    os.close(main)


def test_a_file_that_was_closed():
    file = io.BytesIO(b"1234")
    file.close()
    with PipeSource(file, PCM, "pipe") as source, pytest.raises(AudioError, match=r"pipe: cannot be read"):
        source.read(0)


class Rests:
    """A clock that a lull can turn on, and what it rested."""

    def __init__(self, fd: int, rate: int = 32_000) -> None:
        self.now = 0.0
        self.rests: list[float] = []
        self.lull = Lull(fd, rate, lambda: self.now, self.rests.append)

    def read(self, after: float, n: int, rate: int = 32_000) -> list[float]:
        """Read so many bytes after so many seconds; the rests before the next read."""
        self.now += after
        self.rests.clear()
        self.lull.note(n, rate)
        self.lull.wait()
        self.lull.wait()  # once is enough
        return list(self.rests)


def test_what_comes_as_it_sounds_gathers(pipe):
    """Each read of a live source is followed by a rest; what comes faster, or has ended, gets none."""
    rests = Rests(pipe[0].fileno())
    assert rests.read(0.1, 3200) == [GATHER]
    assert rests.read(0.5, 16_000) == [GATHER]
    assert rests.read(0.001, 3200) == []
    assert rests.read(0.4, PIPE_BYTES) == []
    assert rests.read(0.1, 0) == []


@pytest.mark.parametrize("expected", [1, 32_000])
@pytest.mark.parametrize("rate", [16_000, 192_000, 3_072_000])
def test_a_rest_is_over_before_the_pipe_is_full(pipe, expected, rate):
    """This holds even if a header says that more comes than was expected."""
    (rest,) = Rests(pipe[0].fileno(), expected).read(0.1, rate // 10, rate)
    assert 0 < rest * rate <= PIPE_BYTES / 4


@pytest.mark.parametrize("rate", [96_000, 384_000])
def test_a_pipe_is_enlarged_for_what_comes_fast(pipe, rate):
    file, into = pipe
    assert Rests(file.fileno(), rate).read(0.1, rate // 10, rate) == [GATHER]
    os.set_blocking(into, False)
    assert os.write(into, bytes(2**20)) >= 4 * GATHER * rate


def test_a_pipe_that_cannot_be_enlarged_rests_shorter(pipe):
    (rest,) = Rests(pipe[0].fileno(), 10**9).read(0.1, 10**8, 10**9)
    assert 0 < rest < GATHER


def test_only_a_pipe_gathers(tmp_path):
    with (tmp_path / "sound").open("wb+") as file:
        assert Rests(file.fileno()).read(0.1, 3200) == []


def test_a_paced_pipe_is_read_seldom(pipe):
    """Ten pieces a second come in a few reads, and none is lost."""
    file, into = pipe
    pieces = np.split(RAMP[:8000], 10)

    def write() -> None:
        for piece in pieces:
            os.write(into, piece.tobytes())
            time.sleep(len(piece) / 16000)
        os.close(into)

    with PipeSource(file, PCM) as source:
        writer = threading.Thread(target=write)
        writer.start()
        blocks = []
        while (block := source.read(10)) is not None:
            blocks.append(block)
        writer.join()
    assert np.array_equal(np.concatenate(blocks), RAMP[:8000] / np.float32(32768))
    assert len(blocks) < len(pieces) / 2
