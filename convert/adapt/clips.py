"""Clips with a verdict: which file, whether it is a cry, and of which day it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from convert.cache import content_digest
from convert.dataset import Row, folder_rows, table_rows
from convert.errors import ConversionError

#: What a verdict, or a folder of clips, may be called; "_" and "-" stand for spaces.
VERDICTS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("cry", "a cry", "cries", "crying"), True),
    **dict.fromkeys(("not a cry", "not cry", "not crying", "no cry", "no cries"), False),
    **dict.fromkeys(("other", "others", "other sound", "other sounds", "false alarm", "false alarms"), False),
}
#: Columns of a table, the first that is there.
VERDICT_COLUMNS: Final = ("verdict", "label")
DAY_COLUMNS: Final = ("day", "date", "time")
#: Tables that are looked for in a folder with several.
TABLES: Final = ("verdicts.csv", "manifest.csv")
#: A date as in "2026-11-30 05:29", "cry-20261130T052944Z-000007-001.flac" and "20261130052944.wav".
_DATE: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_.]?)(\d\d)\2(\d\d)(?!\d(?!\d{3}(?:\d\d)?(?!\d)))")


@dataclass(frozen=True)
class Clip:
    """A recording, the verdict on it, and the day it is of.

    Parameters
    ----------
    path : Path
    is_cry : bool
    day : str
        As "2026-11-30".
    dated : {"table", "name", "time of the file"}
        What tells the day.
    """

    path: Path
    is_cry: bool
    day: str
    dated: str


def read_clips(source: Path, tell: Callable[[str], None]) -> list[Clip]:
    """Read the clips of a folder, or of a table.

    Parameters
    ----------
    source : Path
        A CSV file with the columns ``file`` (relative to the table), ``verdict`` ("cry" or "not a cry"; a
        line without one is left out) and perhaps ``day``, ``date`` or ``time``; a folder with such a file;
        or a folder with the folders ``cry`` and ``not_cry``.
    tell : callable
        Called with a line on what is left out.

    Raises
    ------
    ConversionError
        There are no clips, one is missing, a verdict or a day cannot be understood, or the same recording
        has both verdicts.
    """
    table = _table(source)
    if table is None:
        rows: Sequence[Row] = list(folder_rows(source))
        verdict, folder = "label", source
    else:
        rows, verdict, folder = *_judged(table, tell), table.parent
    if not rows:
        raise ConversionError(
            f"{source}: no clips found; make the folders cry and not_cry in it and put recordings there, or "
            "name a CSV file with the columns file and verdict"
        )
    return _once((_clip(row, verdict, folder, table or source) for row in rows), tell)


def _table(source: Path) -> Path | None:
    """Return the table that is named or in the folder; None for a folder of folders."""
    if source.is_file():
        return source
    if not source.is_dir():
        raise ConversionError(f"{source}: no such folder or file; name one with clips, or a CSV of verdicts")
    tables = sorted(source.glob("*.csv"))
    known = [source / name for name in TABLES if source / name in tables]
    if len(tables) > 1 and not known:
        raise ConversionError(
            f"{source}: holds {len(tables)} tables, {', '.join(path.name for path in tables)}; "
            "name the one with the verdicts"
        )
    return next(iter(known or tables), None)


def _judged(table: Path, tell: Callable[[str], None]) -> tuple[list[Row], str]:
    """Lines of a table with a verdict, and what the column of verdicts is called."""
    rows = list(table_rows(table))
    columns = list(rows[0]) if rows else []
    verdict = next((name for name in VERDICT_COLUMNS if name in columns), None)
    if rows and verdict is None:
        raise ConversionError(
            f"{table}: has the columns {', '.join(columns)}; one called verdict must say 'cry' or 'not a cry'"
        )
    judged = [row for row in rows if row[verdict or ""].strip()]
    if len(judged) < len(rows):
        tell(f"{len(rows) - len(judged)} of {len(rows)} lines have no verdict; going on with the others")
    return judged, verdict or ""


def _clip(row: Row, verdict: str, folder: Path, origin: Path) -> Clip:
    path = folder / row["file"]
    if not path.is_file():
        raise ConversionError(f"{origin}: names {row['file']}, which is not in {folder}; remove the line")
    return Clip(path, _is_cry(row[verdict], row["file"], origin), *_day(row, path, origin))


def _is_cry(verdict: str, file: str, origin: Path) -> bool:
    found = VERDICTS.get(re.sub(r"[\s_-]+", " ", verdict).strip().lower())
    if found is None:
        raise ConversionError(
            f"{origin}: the verdict on {file} is {verdict!r:.60}; allowed are 'cry' and 'not a cry' (of "
            "folders: cry, and not_cry or other)"
        )
    return found


def _day(row: Row, path: Path, origin: Path) -> tuple[str, str]:
    """The day of a clip and what tells it: the table, the file's name, or when the file was last written."""
    stated = next((row[name].strip() for name in DAY_COLUMNS if row.get(name, "").strip()), "")
    if stated:
        if (day := find_day(stated)) is None:
            raise ConversionError(
                f"{origin}: the day of {row['file']} is {stated!r:.60}; write it as 2026-11-30, with a time "
                "after it or not"
            )
        return day, "table"
    if (day := find_day(path.name)) is not None:
        return day, "name"
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat(), "time of the file"


def find_day(text: str) -> str | None:
    """Find the first date in a text; None without one."""
    for found in _DATE.finditer(text):
        try:
            return date(int(found[1]), int(found[3]), int(found[4])).isoformat()
        except ValueError:  # such as month 13
            continue
    return None


def _once(clips: Iterator[Clip], tell: Callable[[str], None]) -> list[Clip]:
    """Leave out copies; a recording that has both verdicts is refused."""
    first: dict[str, Clip] = {}
    copies = 0
    for clip in clips:
        original = first.setdefault(content_digest(clip.path), clip)
        copies += original is not clip
        if original.is_cry != clip.is_cry:
            other = clip.path.name if original.path == clip.path else f"{clip.path}, which is the same,"
            raise ConversionError(
                f"{original.path}: is called {_said(original)}, and {other} {_said(clip)}; decide for one"
            )
    if copies:
        tell(f"{copies} clips are copies of others, or named twice; each counts once")
    return list(first.values())


def _said(clip: Clip) -> str:
    return "a cry" if clip.is_cry else "not a cry"
