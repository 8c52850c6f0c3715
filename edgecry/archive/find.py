"""Finds the recordings in a folder, always in the same order."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

#: Suffixes of recordings: what libsndfile reads, and what ffmpeg reads.
EXTENSIONS: Final = frozenset(
    (
        *(".3gp", ".aac", ".aif", ".aifc", ".aiff", ".amr", ".au", ".avr", ".bw64", ".bwf", ".caf", ".flac"),
        *(".htk", ".m4a", ".mka", ".mp2", ".mp3", ".mp4", ".mpc", ".oga", ".ogg", ".opus", ".paf", ".rf64"),
        *(".sd2", ".sds", ".sf", ".snd", ".spx", ".svx", ".voc", ".w64", ".wav", ".wave", ".webm", ".wma"),
        *(".wv", ".xi"),
    )
)


@dataclass(frozen=True)
class Found:
    """A recording in a folder, or a file or folder that cannot be read.

    Attributes
    ----------
    name : str
        Its path. It begins with the path of the folder, as that was given.
    size, mtime_ns : int
        Its bytes, and the time of its last change in nanoseconds; 0 if there is an error.
    error : str
        Why it cannot be read; empty for a recording.
    """

    name: str
    size: int = 0
    mtime_ns: int = 0
    error: str = ""


@dataclass
class Left:
    """Counts what is left out of a search.

    Attributes
    ----------
    files : int
        Number of other files, and of those that the filters leave out.
    seen : list of str
        Links to folders that were searched already. To follow them would double rows, or never end.
    """

    files: int = 0

    def __post_init__(self) -> None:
        self.seen: list[str] = []


def nothing_in(name: str, include: Sequence[str], exclude: Sequence[str]) -> str:
    """Say that a folder has no recording, or none that the patterns leave."""
    if include or exclude:
        return f"{name}: no recording in this folder fits --include and --exclude, which begin in it"
    return f"{name}: no recording is in this folder; name another"


def recordings(
    folder: str, include: Sequence[str] = (), exclude: Sequence[str] = (), left: Left | None = None
) -> Iterator[Found]:
    """Search a folder and its subfolders. Names come in the order of their bytes.

    Names that begin with a dot are left out, because macOS puts a ``._x.wav`` beside each ``x.wav``.

    Parameters
    ----------
    folder : str
        Its path.
    include : sequence of str
        Patterns such as ``2026-*/*.wav``, for a name or for a path inside the folder. Only names that
        match one of them are taken. Without patterns, a recording is known by its suffix.
    exclude : sequence of str
        Patterns of files and folders that are left out. A folder is left out with all its files.
    left : Left, optional
        Counts what is left out.

    Yields
    ------
    Found
        A recording, or a file or folder that cannot be read.
    """
    search = _Search(folder, include, exclude, left or Left())
    yield from search.folder("")


class _Search:
    def __init__(self, root: str, include: Sequence[str], exclude: Sequence[str], left: Left) -> None:
        self._root, self._include, self._exclude, self._left = root, include, exclude, left
        self._seen: set[tuple[int, int]] = set()

    def folder(self, inside: str) -> Iterator[Found]:
        """Search one folder; ``inside`` is its path inside the root."""
        path = os.path.join(self._root, inside) if inside else self._root  # noqa: PTH118 - as it was given
        try:
            status = Path(path).stat()
            if (status.st_dev, status.st_ino) in self._seen:
                self._left.seen.append(path)
                return
            self._seen.add((status.st_dev, status.st_ino))
            with os.scandir(path) as entries:
                names = sorted((entry.name for entry in entries), key=os.fsencode)
        except OSError as error:
            yield Found(path, error=f"{path}: cannot be searched ({error.strerror}); check its permissions")
            return
        for name in names:
            yield from self._entry(path, os.path.join(inside, name), name)  # noqa: PTH118

    def _entry(self, folder: str, inside: str, name: str) -> Iterator[Found]:
        path = os.path.join(folder, name)  # noqa: PTH118
        try:
            status = Path(path).stat()
        except OSError as error:
            if self._is_wanted(inside, name):
                yield Found(path, error=f"{path}: cannot be read ({error.strerror}); check where it leads to")
            return
        if stat.S_ISDIR(status.st_mode):
            if not name.startswith(".") and not _fits(inside, self._exclude):
                yield from self.folder(inside)
        elif stat.S_ISREG(status.st_mode) and self._is_wanted(inside, name):
            yield Found(path, status.st_size, status.st_mtime_ns)
        else:
            self._left.files += 1

    def _is_wanted(self, inside: str, name: str) -> bool:
        if name.startswith(".") or _fits(inside, self._exclude):
            return False
        return _fits(inside, self._include) if self._include else _is_named_as_one(name)


def is_wanted(inside: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    """Tell whether a file is taken for a recording, by its path inside the folder that is searched."""
    parts = inside.split("/")
    places = ["/".join(parts[: i + 1]) for i in range(len(parts))]
    if any(part.startswith(".") for part in parts) or any(_fits(place, exclude) for place in places):
        return False
    return _fits(inside, include) if include else _is_named_as_one(inside)


def _is_named_as_one(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in EXTENSIONS  # noqa: PTH122


def _fits(inside: str, patterns: Sequence[str]) -> bool:
    name = inside.rpartition("/")[2]
    return any(fnmatchcase(name, pattern) or fnmatchcase(inside, pattern) for pattern in patterns)
