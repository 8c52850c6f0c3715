"""Labelled recordings in a folder: which file, which label, and who recorded it."""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from convert.cache import content_digest
from convert.errors import ConversionError

logger = logging.getLogger("edgecry")

MANIFEST: Final = "manifest.csv"
#: Columns that are looked for, in this order, if no column is named. For groups, the widest comes first.
LABEL_COLUMNS: Final = ("label", "category")
GROUP_COLUMNS: Final = ("instance", "group", "author", "clip_id")
#: Files of class folders that are taken for recordings; what they hold is found out by reading them.
SUFFIXES: Final = frozenset(
    {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64"}
    | {".rf64", ".m4a", ".mp4", ".3gp", ".aac", ".amr", ".wma", ".webm"}
)
#: What the groups are called where every recording is one of its own.
UNGROUPED: Final = "none"


@dataclass(frozen=True)
class Recording:
    """A file, what it is labelled as, and the group it belongs to.

    Recordings of one group (one baby, phone and room) are alike for other reasons than their label,
    so they are never on both sides of a split.
    """

    path: Path
    label: str
    group: str


@dataclass(frozen=True)
class Dataset:
    """Recordings, and how they are grouped.

    Parameters
    ----------
    recordings : tuple of Recording
        In a fixed order.
    grouping : str
        What the groups are, for titles: the column's name, "first 36 characters of the name", or
        "none".
    """

    recordings: tuple[Recording, ...]
    grouping: str

    @property
    def is_leaky(self) -> bool:
        """Every recording is a group of its own, whoever recorded it."""
        return self.grouping == UNGROUPED

    @property
    def labels(self) -> list[str]:
        """Label of each recording."""
        return [recording.label for recording in self.recordings]

    @property
    def groups(self) -> list[str]:
        """Group of each recording."""
        return [recording.group for recording in self.recordings]


def read_dataset(folder: Path, *, label_column: str | None = None, group_by: str | None = None) -> Dataset:
    """Read ``manifest.csv`` if the folder has one, else take its sub-folders for classes.

    Parameters
    ----------
    folder : Path
        With a manifest (columns ``file``, relative to the folder, a label, a group), or with one
        folder of recordings a class.
    label_column : str, optional
        Column of the manifest; by default ``label`` or ``category``.
    group_by : str, optional
        Column of the manifest; "prefix:N", the first N characters of the file's name in lower case;
        or "none". By default ``instance``, ``group``, ``author`` or ``clip_id``.

    Raises
    ------
    ConversionError
        The folder or manifest cannot be used, or nothing tells the groups.
    """
    rows = read_rows(folder)
    columns = list(rows[0])
    label = _label_column(label_column, columns, folder)
    group_of, grouping = _grouping(group_by, columns, folder)
    for row in rows:
        if not row[label] or not group_of(row):
            raise ConversionError(
                f"{folder / row['file']}: has no {label if not row[label] else grouping} in the {MANIFEST}; "
                "fill it in or remove the line"
            )
    recordings = tuple(Recording(folder / row["file"], row[label], group_of(row)) for row in rows)
    return Dataset(recordings, grouping)


def refuse_copies(owners: Iterable[tuple[Path, str]]) -> None:
    """Refuse recordings that are the same, byte for byte, but of different groups: a split would leak.

    Parameters
    ----------
    owners : iterable of (path, group)
        Of each recording; what cannot be opened is let be.

    Raises
    ------
    ConversionError
        There are such.
    """
    first: dict[str, tuple[Path, str]] = {}
    copies = []
    for path, group in owners:
        try:
            digest = content_digest(path)
        except OSError:
            continue
        original, owner = first.setdefault(digest, (path, group))
        if owner != group:
            copies.append(f"{path} of {group!r} is {original} of {owner!r}")
    if copies:
        more = f", and {len(copies) - 1} more like it" if len(copies) > 1 else ""
        raise ConversionError(
            f"copies: {copies[0]}{more}; as one recording would be learned and tested, remove the copies or "
            "give both the same group"
        )


def refuse_two_labels(recordings: Iterable[Recording]) -> None:
    """Refuse recordings that are the same, byte for byte, under different labels: one of the two is wrong.

    Raises
    ------
    ConversionError
        There are such.
    """
    first: dict[str, Recording] = {}
    found = []
    for recording in recordings:
        try:
            original = first.setdefault(content_digest(recording.path), recording)
        except OSError:
            continue  # what cannot be opened is told of when it is read
        if original.label != recording.label:
            found.append(f"{recording.path} ({recording.label}) is {original.path} ({original.label})")
    if found:
        more = f", and {len(found) - 1} more like it" if len(found) > 1 else ""
        raise ConversionError(f"two labels: {found[0]}{more}; keep the recording under its right label alone")


Row = Mapping[str, str]


def read_rows(folder: Path) -> list[Row]:
    """Lines of the manifest, or the files of class folders with their ``label``; at least one.

    Raises
    ------
    ConversionError
        There is no such folder, nothing is in it, or its manifest is not one.
    """
    if not folder.is_dir():
        raise ConversionError(f"{folder}: no such folder; name one with class folders or a {MANIFEST}")
    manifest = folder / MANIFEST
    rows = list(table_rows(manifest) if manifest.is_file() else folder_rows(folder))
    if not rows:
        raise ConversionError(f"{folder}: no recordings found, neither in a {MANIFEST} nor in class folders")
    return rows


def table_rows(manifest: Path) -> Iterator[Row]:
    """Lines of a table, each with a ``file``."""
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="", strict=True, skipinitialspace=True)
            if "file" not in (reader.fieldnames or ()):
                raise ConversionError(
                    f"{manifest}: has the columns {', '.join(reader.fieldnames or ['(none)'])}; "
                    "one called file must name the recordings; put commas between them"
                )
            _refuse_two_columns(manifest, list(reader.fieldnames or ()))
            for row in reader:
                if None in row or not row["file"] or "\0" in row["file"]:
                    raise ConversionError(
                        f"{manifest}: line {reader.line_num} names no file or has too many fields; repair it"
                    )
                yield row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConversionError(f"{manifest}: cannot be read as a table ({error}); write UTF-8 CSV") from error


def _refuse_two_columns(manifest: Path, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConversionError(
                f"{manifest}: has {names.count(name)} columns called {name!r}; keep one of them, or give the "
                "others another name"
            )


def folder_rows(folder: Path) -> Iterator[Row]:
    """Recordings in the folders of a folder: ``file``, and as ``label`` the name of the folder."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        is_hidden = any(part.startswith(".") for part in parts)
        if len(parts) < 2 or path.suffix.lower() not in SUFFIXES or is_hidden:
            continue
        if path.is_file():
            yield {"file": str(path.relative_to(folder)), "label": parts[0]}
        else:
            what = "a folder" if path.is_dir() else "a link to a file that is gone, or not a regular file"
            logger.warning("left out: %s: %s", path, what)


def _label_column(wanted: str | None, columns: Sequence[str], folder: Path) -> str:
    found = [name for name in ((wanted,) if wanted else LABEL_COLUMNS) if name in columns]
    if found:
        return found[0]
    raise ConversionError(
        f"{folder}: has no column {wanted or ' or '.join(LABEL_COLUMNS)} to take labels from, "
        f"only {', '.join(columns)}; name one of them with --label-column"
    )


def _grouping(wanted: str | None, columns: Sequence[str], folder: Path) -> tuple[Callable[[Row], str], str]:
    """How to tell the group of a row, and what to call it."""
    if wanted == UNGROUPED:
        return lambda row: row["file"], UNGROUPED
    if wanted and (prefix := re.fullmatch(r"prefix:([1-9][0-9]*)", wanted)):
        length = int(prefix[1])
        return (
            lambda row: Path(row["file"]).name[:length].lower(),
            f"the first {length} characters of the name",
        )
    found = [name for name in ((wanted,) if wanted else GROUP_COLUMNS) if name in columns]
    if found:
        return lambda row: row[found[0]], found[0]
    raise ConversionError(
        f"{folder}: nothing tells which recordings are of one baby (no column "
        f"{wanted or ' or '.join(GROUP_COLUMNS)}, only {', '.join(columns)}), so a test would measure how "
        f"well babies are recognised again. Add such a column to a {MANIFEST}, or name one with --group-by; "
        "or 'prefix:36' if the names of one baby's files begin alike, or 'none' for figures that are leaky"
    )
