"""Writing to somebody who does not read: nobody waits, and what is dropped is counted."""

import fcntl
import io
import os
import threading

import pytest

from edgecry.listening.writer import MOST, Behind, Direct, Writer, write

F_SETPIPE_SZ = 1031


@pytest.fixture
def pipe():
    """A pipe of 4096 bytes as two files: to read, and to write text to."""
    read, into = os.pipe()
    fcntl.fcntl(into, F_SETPIPE_SZ, 4096)
    with open(read, "rb", buffering=0) as out, open(into, "w", encoding="ascii") as stream:  # noqa: PTH123
        yield out, stream


def test_all_in_order():
    writer, stream = Writer(), io.StringIO()
    for n in range(MOST):
        writer.write(stream, f"{n}\n")
    assert writer.drain(30)
    writer.close()
    assert stream.getvalue().split() == [str(n) for n in range(MOST)]


def test_nobody_waits_for_a_reader_that_stops(pipe):
    """More than the pipe and the queue hold: the rest is counted, and told once somebody reads again."""
    out, stream = pipe
    writer = Writer()
    log = Behind(writer, stream)
    line = "x" * 99 + "\n"
    for _ in range(2 * MOST):
        log.write(line)
    assert not writer.is_idle
    heard = bytearray()

    def read():
        while data := out.read(65536):
            heard.extend(data)

    reader = threading.Thread(target=read)
    reader.start()
    assert writer.drain(30)
    log.write("again\n")
    assert writer.drain(30)
    writer.close()
    stream.close()
    reader.join(30)
    *lines, dropped, last = heard.decode().splitlines()
    assert last == "again"
    count = int(dropped.split()[1])
    assert len(lines) + count == 2 * MOST
    assert count > 0


def test_the_end_does_not_wait_for_ever(pipe, monkeypatch):
    monkeypatch.setattr("edgecry.listening.writer.PATIENCE", 0.05)
    out, stream = pipe
    writer = Writer()
    writer.write(stream, "x" * 10_000)
    writer.close()  # returns
    assert not writer.is_idle
    left = 10_000
    while left:  # no more than was written, as a read of nothing waits for ever
        left -= len(out.read(left))
    assert writer.drain(30)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_what_the_encoding_lacks_is_escaped(tmp_path, encoding):
    with (tmp_path / "out").open("w", encoding=encoding) as file:
        Direct(file).write("w\u00e4rm\n")
    expected = b"w\xc3\xa4rm\n" if encoding == "utf-8" else b"w\\xe4rm\n"
    assert (tmp_path / "out").read_bytes() == expected


def test_a_descriptor_that_does_not_block(pipe):
    """Whoever shares it has made it so; all arrives all the same."""
    out, stream = pipe
    os.set_blocking(stream.fileno(), False)
    heard = bytearray()

    def read():
        while len(heard) < 100_000:
            heard.extend(out.read(65536))

    reader = threading.Thread(target=read)
    reader.start()
    write(stream, "y" * 100_000)
    reader.join(30)
    assert len(heard) == 100_000


def test_a_reader_that_is_gone_ends_nothing():
    read, into = os.pipe()
    os.close(read)
    writer, other = Writer(), io.StringIO()
    with open(into, "w", encoding="ascii") as stream:  # noqa: PTH123
        writer.write(stream, "to nobody\n")
        writer.write(other, "to somebody\n")
        assert writer.drain(30)
    writer.close()
    assert other.getvalue() == "to somebody\n"
