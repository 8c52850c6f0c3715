"""The picture of many recordings: crying by hour of the day, and in each file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from edgecry.plots import canvas
from edgecry.plots.overview import ROWS, Overview, Row
from edgecry.terminal import printable

#: The most characters of a name that are shown.
_NAME: Final = 34


def draw(overview: Overview, name: str) -> Any:
    """Draw the results of many recordings.

    Parameters
    ----------
    overview : Overview
    name : str
        Name of the folder.

    Returns
    -------
    matplotlib.figure.Figure
        Two axes: minutes of crying over hours, and a row for each file, in seconds.
    """
    rows = overview.rows
    figure = canvas.figure(10, 4.4 + 0.2 * max(3, len(rows)))
    clock, files = figure.subplots(2, 1, height_ratios=(2.2, 0.6 + 0.2 * max(3, len(rows))))
    canvas.headline(figure, name, _in_words(overview))
    _hours(clock, overview)
    _files(files, rows, overview.files - overview.errors)
    return figure


def _in_words(overview: Overview) -> str:
    parts = [_count(overview.files, "recording"), f"{overview.seconds / 3600:.1f} h"]
    parts += [_count(overview.cries, "cry", "cries"), f"{overview.crying_seconds / 60:.1f} min of crying"]
    if overview.errors:
        parts.append(_count(overview.errors, "error"))
    return ", ".join(parts)


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def _hours(ax: Any, overview: Overview) -> None:
    minutes = [seconds / 60 for seconds in overview.crying]
    for hour, seconds in enumerate(overview.heard):
        if not seconds:
            ax.axvspan(hour, hour + 1, color=canvas.UNKNOWN, linewidth=0, zorder=0)
    ax.bar([hour + 0.5 for hour in range(24)], minutes, width=0.86, color=canvas.CRY)
    ax.set(xlim=(0, 24), ylim=(0, 1.08 * max(*minutes, 0.1)), ylabel="crying, min")
    ax.set_xticks(range(0, 25, 2), [f"{hour}:00" for hour in range(0, 25, 2)])
    how = f"beginning by name: {overview.by_name}, by the time of the last change: {overview.by_change}"
    if overview.unknown:
        how += f", unknown and left out here: {overview.unknown}"
    ax.set_xlabel(f"hour of the day, local time; grey: not recorded ({how})")


def _files(ax: Any, rows: list[Row], n: int) -> None:
    for place, row in enumerate(rows):
        ax.barh(place, row.duration, height=0.7, color=canvas.UNKNOWN)
        ax.broken_barh(
            [(start, end - start) for start, end in row.cries], (place - 0.35, 0.7), color=canvas.CRY
        )
    ax.set_yticks(range(len(rows)), [_short(row.name) for row in rows], fontsize="small", parse_math=False)
    ax.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    canvas.time_axis(ax, max([row.duration for row in rows], default=1.0))
    which = f"the {ROWS} of {n} recordings with most crying" if n > len(rows) else "every recording"
    ax.set_xlabel(f"{ax.get_xlabel()}, from the beginning of a recording; {which}")


def _short(name: str) -> str:
    """Shorten the name of a file in its middle."""
    shown = printable(Path(name).name)
    half = _NAME // 2
    return shown if len(shown) <= _NAME else f"{shown[: half - 1]}…{shown[-half:]}"
