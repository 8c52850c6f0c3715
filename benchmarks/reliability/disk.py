"""A disk that loses what was not synced: a write log, and what a power cut at any place of it leaves.

The log comes from ``write_log.c``, which is loaded before the C library and sees what Python, SQLite and
libsndfile do alike. The disk is modelled on the promises of POSIX, not on a file system that gives more: a
write is there after the file was synced, a name after its folder was. What was not synced is there or not,
write by write, and a write may be there in part.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

#: Bytes that a disk writes at once.
SECTOR = 512
_SOURCE = Path(__file__).with_name("write_log.c")


def compiler() -> str | None:
    """Return the C compiler that the recorder is built with, if there is one."""
    return shutil.which("cc")


def recorded(work: str, folder: Path, scratch: Path) -> list[Entry]:
    """Do a work of edgecry's in a process of its own, and return what it did to the files of a folder.

    Parameters
    ----------
    work : str
        Python code; ``sys.argv[1]`` is the folder, and what it prints is what it has acknowledged.
    folder : Path
        Its files.
    scratch : Path
        A folder for the recorder and its log.
    """
    library, log = scratch / "write_log.so", scratch / "write_log"
    subprocess.run([str(compiler()), "-O1", "-shared", "-fPIC", "-o", library, _SOURCE], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library), "WRITE_LOG": str(log)}
    command = [sys.executable, "-u", "-c", work, str(folder)]
    subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return list(_Log(log.read_bytes(), folder).entries())


#: The number of the folder itself among the files.
_FOLDER = 0


@dataclass(frozen=True)
class Entry:
    """One thing that was done: a "write", "truncate", "sync", "name", "unlink" or "rename", or was "said".

    ``file`` numbers the files; names are relative to the folder.
    """

    what: str
    file: int = _FOLDER
    name: str = ""
    new: str = ""
    at: int = 0
    data: bytes = b""


class _Log:
    """Reads a log: what was done in a folder, and what was said on stdout."""

    def __init__(self, log: bytes, folder: Path) -> None:
        self._log, self._top = log, str(folder)
        self._open: dict[int, int] = {}  # files by descriptor
        self._names: dict[str, int] = {"": _FOLDER}
        self._new = itertools.count(_FOLDER + 1)

    def entries(self) -> Iterator[Entry]:
        at = 0
        while at < len(self._log):
            end = self._log.index(b"\n", at)
            word, _, rest = self._log[at:end].decode(errors="surrogateescape").partition(" ")
            size = int(rest.split()[-1]) if word in ("write", "said") else 0
            at = end + 1 + size
            yield from self._entry(word, rest, self._log[end + 1 : at])

    def _entry(self, word: str, rest: str, data: bytes) -> Iterator[Entry]:
        if word == "said":
            yield Entry("said", data=data)
        elif word in ("write", "truncate", "sync", "close"):
            fd, *numbers = map(int, rest.split())
            if fd in self._open and word != "close":
                yield Entry(word, self._open[fd], at=numbers[0] if numbers else 0, data=data)
            elif word == "close":
                self._open.pop(fd, None)
        elif word == "open":
            number, _, path = rest.partition(" ")
            name = self._name(path)
            if name is None:
                return
            if name not in self._names:
                self._names[name] = next(self._new)
                yield Entry("name", self._names[name], name)
            self._open[int(number)] = self._names[name]
        elif word in ("unlink", "rename"):
            name, _, new = (self._name(path) or "" for path in rest.partition("\t"))
            if not name:
                return
            number = self._names.pop(name)
            if new:
                self._names[new] = number
            yield Entry(word, number, name, new)

    def _name(self, path: str) -> str | None:
        """Return a name in the folder, "" for the folder itself, None for what is elsewhere."""
        if path != self._top and not path.startswith(f"{self._top}/"):
            return None
        return path.removeprefix(self._top).lstrip("/")


@dataclass
class _File:
    """A file: what the disk has, and what was done since it was synced."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Entry] = field(default_factory=list)


class Disk:
    """What a disk holds after a prefix of a write log."""

    def __init__(self) -> None:
        self._files: dict[int, _File] = {}
        self._names: dict[str, int] = {}
        self._pending: list[Entry] = []  # names that were given or taken since the folder was synced

    def do(self, entry: Entry) -> None:
        """Take the next entry."""
        file = self._files.setdefault(entry.file, _File())
        if entry.what in ("write", "truncate"):
            file.pending.append(entry)
        elif entry.what in ("name", "unlink", "rename"):
            self._pending.append(entry)
        elif entry.what == "sync" and entry.file == _FOLDER:
            for one in self._pending:
                _name(self._names, one)
            self._pending.clear()
        elif entry.what == "sync":
            for one in file.pending:
                _apply(file.durable, one)
            file.pending.clear()

    def after_a_cut(self, random: Random, kept: float) -> dict[str, bytes]:
        """Return the files that a power cut leaves; of what was not synced it keeps a part, from 0 to 1."""
        names = dict(self._names)
        for entry in self._pending:  # a folder's changes are in order: the first that is lost is the last
            if random.random() >= kept:
                break
            _name(names, entry)
        return {name: self._content(file, random, kept) for name, file in names.items()}

    def _content(self, number: int, random: Random, kept: float) -> bytes:
        file = self._files.get(number, _File())
        content = bytearray(file.durable)
        for entry in file.pending:
            if entry.what == "truncate" or len(entry.data) <= SECTOR:
                if random.random() < kept:
                    _apply(content, entry)
                continue
            for at in range(0, len(entry.data), SECTOR):  # each sector by itself
                if random.random() < kept:
                    piece = entry.data[at : at + SECTOR]
                    _apply(content, Entry("write", at=entry.at + at, data=piece))
        return bytes(content)


def _name(names: dict[str, int], entry: Entry) -> None:
    if entry.what == "name":
        names[entry.name] = entry.file
    elif names.get(entry.name) == entry.file:
        del names[entry.name]
        if entry.what == "rename":
            names[entry.new] = entry.file


def _apply(content: bytearray, entry: Entry) -> None:
    if entry.what == "truncate":
        content[entry.at :] = bytes(max(0, entry.at - len(content)))
        return
    if entry.at > len(content):
        content.extend(bytes(entry.at - len(content)))
    content[entry.at : entry.at + len(entry.data)] = entry.data


def cuts(log: list[Entry], random: Random, kept: float) -> Iterator[tuple[list[str], dict[str, bytes]]]:
    """Cut the power after every entry: what was said until then, and the files that are left."""
    disk, said = Disk(), ""
    for entry in log:
        said += entry.data.decode() if entry.what == "said" else ""
        disk.do(entry)
        yield said.splitlines(), disk.after_a_cut(random, kept)
