"""A file of results that is whole when it appears: written under another name beside it, and renamed."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from edgecry.errors import EdgecryError


class Output:
    """A file that replaces the one of its name when it is done. Use it as a context manager.

    Parameters
    ----------
    path : str
        Its name. What is no regular file, such as a pipe, is written directly.
    binary : bool
        Whether it takes bytes, and not text.

    Attributes
    ----------
    stream : file
        Where to write.

    Raises
    ------
    EdgecryError
        The path is a folder.
    OSError
        It cannot be written.
    """

    def __init__(self, path: str, binary: bool = False) -> None:
        self._path = Path(path).resolve()  # what a link leads to, and not the link, is replaced
        if self._path.is_dir():
            raise EdgecryError(f"{path}: is a folder; name a file for the results")
        self._part: Path | None = None
        target = self._path
        if self._path.is_file() or not self._path.exists():
            target = self._part = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        if binary:
            self.stream: IO[Any] = target.open("wb")
        else:
            self.stream = target.open("w", encoding="utf-8", errors="backslashreplace", newline="")

    def publish(self) -> None:
        """Put what is written so far into its place. What is written afterwards is appended there."""
        self.stream.flush()
        if self._part is not None:
            self._part.replace(self._path)
            self._part = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.publish()
            with suppress(OSError):  # a pipe has nothing to be synchronised
                os.fsync(self.stream.fileno())
        self.stream.close()
        if self._part is not None:
            self._part.unlink(missing_ok=True)
