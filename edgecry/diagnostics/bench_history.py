"""A file of what ``edgecry bench`` measured, a line a run: a creep that each single step hides is seen."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from edgecry.diagnostics.bench_compare import Change, differences, figures
from edgecry.errors import EdgecryError

#: One run: the machine, clip and model of the report, and its figures.
Entry = Mapping[str, Any]


def read(path: str) -> list[Entry]:
    """Read all runs, the oldest first; none if there is no such file.

    Raises
    ------
    EdgecryError
        The file cannot be read or written, or a line of it is not a run.
    """
    try:
        with Path(path).open("a+", encoding="utf-8") as file:  # it is to be written when all is measured
            file.seek(0)
            lines = file.read().splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise EdgecryError(f"{path}: not text ({error.reason}); name a file of 'bench --history'") from error
    except OSError as error:
        raise EdgecryError(
            f"{path}: cannot be kept ({error.strerror}); name a file for the history"
        ) from error
    return [_entry(path, number, line) for number, line in enumerate(lines, 1)]


def keep(path: str, report: Mapping[str, Any]) -> None:
    """Add a run to the file.

    Parameters
    ----------
    path : str
        The file; a new one if there is none.
    report : mapping
        A report, as read from JSON.

    Raises
    ------
    EdgecryError
        The file cannot be written.
    """
    about = {name: report[name] for name in ("edgecry", "model", "clip", "machine")}
    entry = {"at": time.strftime("%Y-%m-%d %H:%M"), **about, "figures": figures(report)}
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
    except OSError as error:
        raise EdgecryError(
            f"{path}: cannot be written ({error.strerror}); see what is wrong there"
        ) from error


def alike(history: Sequence[Entry], report: Mapping[str, Any]) -> list[Entry]:
    """Return the runs on the same machine, with the same clip and model."""
    return [entry for entry in history if not differences(entry, report)]


def compare(past: Sequence[Entry], report: Mapping[str, Any], tolerance: float) -> list[Change]:
    """Put each figure beside its median in earlier runs.

    Parameters
    ----------
    past : sequence of Entry
        The runs to compare with.
    report : mapping
        A report, as read from JSON.
    tolerance : float
        Per cent by which a figure may exceed the median.
    """
    found = []
    for name, new in figures(report).items():
        known = [entry["figures"][name] for entry in past if name in entry["figures"]]
        if known:
            old = statistics.median(known)
            found.append(Change(name, old, new, new > old * (1 + tolerance / 100)))
    return found


def _entry(path: str, number: int, line: str) -> Entry:
    """Check one line. The last has no end where the power failed while it was written."""
    try:
        entry: Entry = json.loads(line)
        differences(entry, entry)
        is_whole = line.endswith("\n") and all(value > 0 for value in entry["figures"].values())
    except (AttributeError, KeyError, TypeError, ValueError):
        is_whole = False
    if not is_whole:
        raise EdgecryError(f"{path}, line {number}: not a whole run of 'bench --history'; delete this line")
    return entry
