"""Recordings of several corpora, each a cry or not, in groups that no split may divide."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from convert.dataset import GROUP_COLUMNS, MANIFEST, Row, read_rows, refuse_copies
from convert.errors import ConversionError

CATEGORY_COLUMNS: Final = ("category", "label")
#: These categories are cries if there is no column ``is_cry``: the reasons, and usual names of folders.
CRIES: Final = frozenset(
    {"belly_pain", "burping", "discomfort", "hungry", "tired", "cold_hot", "lonely", "scared"}
    | {"cry", "crying", "crying_baby"}
)


#: The prefix of a source that is an installation of the app Donate-a-cry.
APP: Final = "dac-"
#: An app instance: the id of an installation, with or without the name of the corpus before it.
_INSTANCE: Final = re.compile(r"(?:dac-)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


@dataclass(frozen=True)
class Sound:
    """A recording, and whether it is a cry.

    Parameters
    ----------
    path : Path
    is_cry : bool
    category : str
        The kind of sound, for tables.
    group : str
        The source, by the same name in every corpus. Recordings of one source are alike.
    corpus : str
        Name of its folder.
    """

    path: Path
    is_cry: bool
    category: str
    group: str
    corpus: str


def read_sounds(folders: Sequence[Path], tell: Callable[[str], None] = lambda _: None) -> tuple[Sound, ...]:
    """Read corpora, and say which of their files exist.

    Parameters
    ----------
    folders : sequence of Path
        Each is a corpus with a ``manifest.csv``, or a folder that holds such corpora. Class folders are
        refused, because they do not tell which recordings come from one source.
    tell : callable
        Called with a line about each corpus, and about missing files that its manifest names.

    Raises
    ------
    ConversionError
        A folder does not exist, or nothing tells its cries or groups. All together lack cries or others, or
        hold copies that a split by group would part.
    """
    found: list[Sound] = []
    for corpus in dict.fromkeys(part for folder in folders for part in _corpora(folder)):
        sounds = list(_sounds(corpus))
        there = [sound for sound in sounds if sound.path.is_file()]
        cries = sum(sound.is_cry for sound in there)
        missing = f"; {len(sounds) - len(there)} more are missing" if len(there) < len(sounds) else ""
        tell(f"{corpus.name}: {cries} cries and {len(there) - cries} other sounds{missing}")
        found += there
    kinds = {sound.is_cry for sound in found}
    if kinds != {True, False}:
        lacking = "no recordings" if not kinds else "only cries" if kinds == {True} else "no cries"
        raise ConversionError(
            f"{', '.join(map(str, folders))}: {lacking} there; a detector learns from cries and other "
            "sounds, so name folders that hold both"
        )
    refuse_copies((sound.path, sound.group) for sound in found)
    return tuple(found)


def _corpora(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ConversionError(f"{folder}: no such folder; name one with a {MANIFEST}")
    inside = sorted(path.parent for path in folder.glob(f"*/{MANIFEST}"))
    return [folder] if (folder / MANIFEST).is_file() or not inside else inside


def _sounds(corpus: Path) -> Iterable[Sound]:
    rows = read_rows(corpus)
    columns = rows[0]
    category, group = _first(CATEGORY_COLUMNS, columns), _first(GROUP_COLUMNS, columns)
    if category is None or group is None:
        lacking, wanted = ("category", CATEGORY_COLUMNS) if category is None else ("group", GROUP_COLUMNS)
        raise ConversionError(
            f"{corpus}: nothing tells the {lacking} of a recording (no column {' or '.join(wanted)}, only "
            f"{', '.join(columns)}); add a {MANIFEST} with one of them"
        )
    if "is_cry" not in columns and not CRIES & {row[category] for row in rows}:
        raise ConversionError(
            f"{corpus}: nothing tells which recordings are cries; add a column is_cry (0 or 1) to its "
            f"{MANIFEST}, or call them one of {', '.join(sorted(CRIES))}"
        )
    for row in rows:
        owner = owner_of(group, row[group]) if row[group] else f"{corpus.name}:{row['file']}"
        yield Sound(corpus / row["file"], _is_cry(row, category, corpus), row[category], owner, corpus.name)


def owner_of(column: str, value: str) -> str:
    """Name a source alike in every corpus, so that no split parts what one baby or author recorded.

    An app instance is ``dac-`` and the first 36 characters of its id; an author is ``author-NAME``; the
    case of letters does not count.
    """
    value = value.lower()
    found = _INSTANCE.match(value)
    if found:
        return f"{APP}{found[1]}"
    return value if column == "group" else f"{column}-{value}"


def _is_cry(row: Row, category: str, corpus: Path) -> bool:
    if "is_cry" not in row:
        return row[category] in CRIES
    if row["is_cry"] not in ("0", "1"):
        raise ConversionError(
            f"{corpus / row['file']}: is_cry is {row['is_cry']!r} in the {MANIFEST}; allowed are 0, 1"
        )
    return row["is_cry"] == "1"


def _first(names: Sequence[str], columns: Iterable[str]) -> str | None:
    return next((name for name in names if name in columns), None)
