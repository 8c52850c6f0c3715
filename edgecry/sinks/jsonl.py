"""A file of JSON lines, rotated."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from edgecry.checks import check_kinds, whole
from edgecry.errors import EdgecryError, SinkError
from edgecry.needs import Folder, Need
from edgecry.sinks.base import Backoff, Sink
from edgecry.sinks.message import Report
from edgecry.syncing import sync_folder

#: The path that stands for standard output.
STDOUT: Final = "-"
#: Older files that can be kept; each is looked at when a new one begins.
MOST: Final = 1000


@dataclass(frozen=True)
class JsonlSettings:
    """Where the lines go, and how many are kept.

    Attributes
    ----------
    path : path
        The newest lines; older ones are in ``path.1``, ``path.2`` and so on. ``-`` is standard output, to
        which the rest does not apply.
    max_bytes : int
        Size at which a new file begins; 0 leaves rotation to logrotate.
    keep : int in [0, 1000]
        Older files that are kept; 0 keeps none.
    fsync : bool
        Whether each line is on disk before the next is taken. Without it the kernel writes when it
        likes, within half a minute, and a power cut takes what it had not.
    """

    path: str | os.PathLike[str]
    max_bytes: int = 10 * 2**20
    keep: int = 5
    fsync: bool = True

    def __post_init__(self) -> None:
        check_kinds(self, "jsonl: ")
        if not os.fspath(self.path):
            raise EdgecryError("jsonl: path: found nothing; name a file")
        whole("jsonl: max_bytes", self.max_bytes, 0)
        whole("jsonl: keep", self.keep, 0, MOST)


class JsonlStream(Sink):
    """Writes a line for each event to standard output."""

    Settings = JsonlSettings
    alerts = False

    def __init__(self, stream: TextIO, name: str = "jsonl") -> None:
        self.stream = stream
        self.name = name

    def deliver(self, message: Report) -> None:
        """Write the line at once."""
        try:
            self.stream.write(json.dumps(message.to_dict(), allow_nan=False) + "\n")
            self.stream.flush()
        except (OSError, ValueError) as error:
            raise SinkError(f"cannot write a line ({error})", permanent=True) from error


class JsonlSink(Sink):
    """Appends a line for each event, whole or not at all.

    A file that was moved or deleted, as logrotate does, is begun anew. Where the disk is full, lines
    wait in memory until it is not.
    """

    Settings = JsonlSettings
    alerts = False
    backoff = Backoff(first=1, longest=30)

    def __init__(self, settings: JsonlSettings, name: str = "jsonl") -> None:
        self.settings = settings
        self.name = name
        self._path = Path(settings.path)
        self._file: int | None = None
        if self._path.exists() and not self._path.is_file():
            kind = "a directory" if self._path.is_dir() else "not a file that can be rotated"
            raise EdgecryError(f"jsonl: {self._path} is {kind}; name a file")
        directory = self._path.parent
        if not directory.is_dir():
            raise EdgecryError(f"jsonl: {self._path}: the directory {directory} does not exist; make it")

    @classmethod
    def make(cls, settings: JsonlSettings, stream: TextIO) -> Sink:
        """Make a sink that writes to the file, or to ``stream`` for the path ``-``."""
        return JsonlStream(stream) if settings.path == STDOUT else cls(settings)

    @classmethod
    def shown(cls, settings: JsonlSettings) -> str:
        """Return the file."""
        return "standard output" if settings.path == STDOUT else str(settings.path)

    @classmethod
    def needs(cls, settings: JsonlSettings) -> tuple[Need, ...]:
        """Return the folder that has to be there."""
        if settings.path == STDOUT:
            return ()
        return (Folder(Path(settings.path).parent, settings.max_bytes),)

    def deliver(self, message: Report) -> None:
        """Append the line."""
        line = json.dumps(message.to_dict(), allow_nan=False).encode() + b"\n"
        try:
            file = self._current(len(line))
            self._append(file, line)
        except OSError as error:
            self.close()  # the open file may be what is wrong
            raise SinkError(f"{self._path}: {error.strerror or error}") from error

    def close(self) -> None:
        """Close the file."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _append(self, file: int, line: bytes) -> None:
        size = os.fstat(file).st_size
        try:
            written = os.write(file, line)
            while written < len(line):
                written += os.write(file, line[written:])
            if self.settings.fsync:
                os.fdatasync(file)
        except OSError:
            # A torn line would spoil the next one, too.
            with suppress(OSError):
                os.ftruncate(file, size)
            raise

    def _current(self, needed: int) -> int:
        """The open file, with room for so many bytes."""
        if self._file is not None and self._moved(self._file):
            self.close()
        if self._file is None:
            self._file = self._open()
        size = os.fstat(self._file).st_size
        if size and 0 < self.settings.max_bytes < size + needed:
            self.close()
            self._rotate()
            self._file = self._open()
        return self._file

    def _open(self) -> int:
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # A line torn by a power cut ends here.
            size = os.fstat(file).st_size
            if size and os.pread(file, 1, size - 1) != b"\n":
                os.write(file, b"\n")
        except OSError:
            os.close(file)
            raise
        self._sync_directory()
        return file

    def _moved(self, file: int) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return True
        here = os.fstat(file)
        return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    def _rotate(self) -> None:
        """Every file moves up by one; each move is atomic, so no line is ever in none or in two."""
        if not self.settings.keep:
            self._path.unlink()
            return
        for n in range(self.settings.keep, 0, -1):
            younger = self._numbered(n - 1)
            if younger.exists():
                younger.replace(self._numbered(n))

    def _numbered(self, n: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{n}") if n else self._path

    def _sync_directory(self) -> None:
        if self.settings.fsync:
            sync_folder(self._path.parent)
