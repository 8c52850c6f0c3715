"""A file of results that is complete when it appears: it is written beside its place and then renamed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from edgecry.errors import EdgecryError


def spare(path: str, recordings: Iterable[str]) -> None:
    """Refuse a file of results that is one of the recordings, under this name or another.

    Raises
    ------
    EdgecryError
        It is one of them.
    """
    try:
        target = Path(path).stat()
    except (OSError, ValueError):
        return  # whoever opens it says why
    for name in recordings:
        with suppress(OSError, ValueError):
            if os.path.samestat(Path(name).stat(), target):
                raise EdgecryError(f"{path}: is one of the recordings; name another file for the results")


class Output:
    """A file that replaces the old one of its name when it is complete. Use it as a context manager.

    Parameters
    ----------
    path : str
        Its name. If that is not a regular file but a pipe, for example, it is written directly.
    binary : bool
        True for bytes, False for text.

    Attributes
    ----------
    stream : file
        The file to write to.

    Raises
    ------
    EdgecryError
        The path is a folder.
    OSError
        The file cannot be written.
    """

    def __init__(self, path: str, binary: bool = False) -> None:
        self._path = Path(path).resolve()  # the target of a link is replaced, and not the link
        if self._path.is_dir():
            raise EdgecryError(f"{path}: is a folder; name a file for the results")
        self._part: Path | None = None
        target = self._path
        if self._path.is_file() or not self._path.exists():
            target = self._part = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        try:
            if binary:
                self.stream: IO[Any] = target.open("wb")
            else:
                self.stream = target.open("w", encoding="utf-8", errors="backslashreplace", newline="")
        except OSError as error:
            error.filename = path  # the name that was given, and not that of the part
            raise

    def publish(self) -> None:
        """Move what is written so far to its place. What is written later is appended there."""
        self.stream.flush()
        if self._part is not None:
            self._part.replace(self._path)
            self._part = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.publish()
            with suppress(OSError):  # a pipe cannot be synchronised
                os.fsync(self.stream.fileno())
        self.stream.close()
        if self._part is not None:
            self._part.unlink(missing_ok=True)
