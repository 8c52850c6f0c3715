"""Features kept on disk, by what they were computed from: a file's content, a recipe, and this code."""

from __future__ import annotations

import argparse
import hashlib
import io
import logging
import os
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import edgecry

#: Bytes of the digest at the end of an entry.
_DIGEST = 32


class FeatureCache:
    """Arrays by the content of a recording, for one recipe.

    An entry is an ``.npy`` file with its own SHA-256 after it, so that one that was cut short or
    has rotted is noticed, and computed again. Entries are written whole or not at all; several
    processes may share a folder. Where it cannot be written, everything is computed, and said once.

    Parameters
    ----------
    folder : Path, optional
        Where entries are kept; None keeps none.
    recipe : str
        All that the arrays depend on besides the recording and edgecry's own code: a spec's hash,
        or a text such as "3 s windows, 1 s hop" and a hash.

    Attributes
    ----------
    found, computed : int
        How many arrays came from the cache, and how many did not.
    """

    def __init__(self, folder: Path | None, recipe: str) -> None:
        key = hashlib.sha256(f"{code_digest()}\n{recipe}".encode()).hexdigest()
        self._folder = None if folder is None else folder / key[:32]
        self.found = self.computed = 0

    def fetch(self, recording: Path, compute: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """Give the array of a recording, computed if it is not there.

        Parameters
        ----------
        recording : Path
            Whose content is the key; its name and place are not.
        compute : callable
            Makes the array. What it raises passes through, and nothing is kept.
        """
        entry = self._entry(recording)
        kept = None if entry is None else _read(entry)
        if kept is not None:
            self.found += 1
            return kept
        array = compute()
        self.computed += 1
        if entry is not None:
            self._write(entry, array)
        return array

    def __str__(self) -> str:
        return f"{self.found} of {self.found + self.computed} from the cache"

    def _entry(self, recording: Path) -> Path | None:
        if self._folder is None:
            return None
        try:
            digest = content_digest(recording)
        except OSError:  # whoever computes will say what is wrong with it
            return None
        return self._folder / digest[:2] / f"{digest}.npy"

    def _write(self, entry: Path, array: NDArray[Any]) -> None:
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        data = buffer.getvalue()
        try:
            entry.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=entry.parent, prefix=".", delete=False) as file:
                beside = Path(file.name)
                try:
                    file.write(data + hashlib.sha256(data).digest())
                    file.close()
                    beside.replace(entry)
                finally:
                    beside.unlink(missing_ok=True)
        except OSError as error:
            logging.getLogger("edgecry").warning(
                "%s: cannot be written (%s), so features are not kept; name another folder with --cache",
                self._folder,
                error.strerror,
            )
            self._folder = None


def _read(entry: Path) -> NDArray[Any] | None:
    """Read an entry; None if there is none, or not the one that was written."""
    try:
        stored = entry.read_bytes()
    except OSError:
        return None
    data, digest = stored[:-_DIGEST], stored[-_DIGEST:]
    if hashlib.sha256(data).digest() != digest:
        return None
    array: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return array


def content_digest(recording: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with recording.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=1)
def code_digest() -> str:
    """SHA-256 of what turns a file into features: edgecry's version, its ``audio/`` and its ``features/``.

    Of the sources, because the version stays while they are worked on.
    """
    package = Path(edgecry.__file__).parent
    sources = sorted([*package.glob("audio/*.py"), *package.glob("features/**/*.py")])
    total = hashlib.sha256(edgecry.__version__.encode())
    for path in sources:
        total.update(f"{path.relative_to(package)}\n".encode() + path.read_bytes())
    return total.hexdigest()


# -- --cache and --no-cache ------------------------------------------------------------------------


def add_cache_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where features are kept."""
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--cache",
        metavar="FOLDER",
        type=Path,
        help="where computed features are kept (default: EDGECRY_CACHE, or ~/.cache/edgecry/features)",
    )
    place.add_argument("--no-cache", action="store_true", help="compute every feature, and keep none")


def cache_folder(args: argparse.Namespace) -> Path | None:
    """Folder that the arguments or the environment name; None for ``--no-cache``."""
    if args.no_cache:
        return None
    named: Path | None = args.cache
    return named or default_folder()


def default_folder() -> Path:
    """EDGECRY_CACHE, or ``edgecry/features`` in the user's cache."""
    if stated := os.environ.get("EDGECRY_CACHE"):
        return Path(stated)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "edgecry" / "features"
