"""The journal of a run. It remembers what is done, so that a run that was broken off can be finished.

It is a file of JSON lines beside the results. The first line says what the rows depend on. A line for each
recording follows, in the order in which they were done. A line is written at once, and counts if complete.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

from edgecry.archive.find import Found
from edgecry.archive.task import Told
from edgecry.errors import EdgecryError
from edgecry.syncing import sync_folder

#: The first bytes of each journal. A disk that loses a part of them leaves zeros.
_BEGINNING: Final = b'{"identity": '


class Journal:
    """Remembers what became of each recording. Use it as a context manager.

    Parameters
    ----------
    path : Path
        The file of the journal.
    identity : mapping of str to plain types
        What the rows depend on. A journal with another identity is started again from nothing.

    Attributes
    ----------
    changed : list of str
        The entries of the identity that differ from those of the journal found; empty if that one goes on.

    Raises
    ------
    EdgecryError
        Another process writes the file, or it is not a journal.
    OSError
        The file cannot be read or written.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self._path = path
        # Opened for appending, so that no line is ever overwritten.
        self._file = path.open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise EdgecryError(
                f"{path}: another edgecry is writing it; wait until it ends, or name another file with -o"
            ) from None
        self._at: dict[str, tuple[int, int, int]] = {}
        self.changed: list[str] = []
        before = self._read()
        if before != json.loads(json.dumps(identity)):
            if before is not None:
                names = sorted({*before, *identity})
                self.changed = [name for name in names if before.get(name) != identity.get(name)]
            self._at.clear()
            self._file.truncate(0)
            self._write({"identity": identity})
            self._sync()

    def has(self, found: Found) -> bool:
        """Tell whether a recording is done and unchanged. A recording that failed counts as not done."""
        size, mtime_ns, _ = self._at.get(found.name, (-1, -1, -1))
        return (size, mtime_ns) == (found.size, found.mtime_ns)

    def told(self, found: Found) -> Told:
        """Return what became of a recording that is done."""
        self._file.seek(self._at[found.name][2])
        told: Told = json.loads(self._file.readline())["told"]
        return told

    def add(self, found: Found, told: Told) -> None:
        """Write down what became of a recording, before its answer is used anywhere else."""
        at = self._write({"file": found.name, "size": found.size, "mtime_ns": found.mtime_ns, "told": told})
        self._at[found.name] = (found.size, found.mtime_ns, at)

    def _write(self, value: object) -> int:
        at = self._file.seek(0, os.SEEK_END)
        self._file.write(json.dumps(value).encode() + b"\n")
        self._file.flush()
        return at

    def _read(self) -> dict[str, Any] | None:
        """Read the file and return its identity. A line that was cut off is removed."""
        self._file.seek(0)
        identity: dict[str, Any] | None = None
        at = 0
        for line in self._file:
            entry = _entry(line)
            if entry is None or (identity is None) != ("identity" in entry):
                if at == 0 and not _was_cut_off(line):
                    raise EdgecryError(
                        f"{self._path}: is not a journal; name another file for the results with -o"
                    )
                break
            if identity is None:
                identity = entry["identity"]
            elif "error" not in entry["told"]["record"]:
                self._at[entry["file"]] = (entry["size"], entry["mtime_ns"], at)
            at += len(line)
        self._file.truncate(at)
        return identity

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sync()
        self._file.close()

    def _sync(self) -> None:
        """Make sure that the disk keeps what was written, and the name of the file."""
        os.fsync(self._file.fileno())
        sync_folder(self._path.parent)


def _was_cut_off(line: bytes) -> bool:
    """Tell whether the first line is incomplete, as a power cut leaves it."""
    return _BEGINNING.startswith(line[: len(_BEGINNING)].rstrip(b"\0"))


def _entry(line: bytes) -> dict[str, Any] | None:
    """Read a line. Return None if it is incomplete."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    whole = isinstance(entry, dict) and line.endswith(b"\n")
    return entry if whole and ("identity" in entry or "told" in entry) else None


def identity_at(path: Path) -> dict[str, Any]:
    """Return what the rows of a journal depend on; an empty mapping if there is no journal."""
    try:
        with path.open("rb") as file:
            entry = _entry(file.readline()) or {}
    except OSError:
        return {}
    found: dict[str, Any] = entry.get("identity", {})
    return found
