"""What all pictures share: checks, empty figures, the axis of time, and writing to the disk.

Figures are separate objects. The global state of matplotlib, such as that of pyplot, is not touched.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Final

from edgecry.answers.output import Output
from edgecry.errors import EdgecryError
from edgecry.terminal import printable

#: The endings that the name of a picture may have.
ENDINGS: Final = (".png", ".svg")
#: Resolution of a PNG, in dots an inch.
DPI: Final = 130
#: Colours of sound, of a cry, of the stretch of a cry, and of what is not known.
SOUND: Final = "#33536b"
CRY: Final = "#c2334a"
SHADE: Final = "#f6d5da"
UNKNOWN: Final = "#e6e6e6"
#: Possible distances of ticks in seconds, and the most ticks of an axis.
_STEPS: Final = (
    *(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200, 86_400),
)
_TICKS: Final = 10
#: An axis is in seconds up to the first of these numbers of seconds, and in minutes up to the second.
_SECONDS: Final = 120.0
_MINUTES: Final = 7200.0


def check(path: str) -> None:
    """Refuse a picture that cannot be made, before hours are spent on its contents.

    Raises
    ------
    EdgecryError
        The name has another ending, its folder does not exist, or matplotlib is not installed.
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise EdgecryError(
            f"{path}: a picture cannot be written as {ending or 'a file without an ending'}; allowed are "
            f"{', '.join(ENDINGS)}"
        )
    if not Path(path).parent.is_dir():
        raise EdgecryError(f"{Path(path).parent}: no such folder to write {Path(path).name} to; make it")
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise EdgecryError(f"plot: matplotlib is missing ({error}); pip install '.[plot]'") from error


def figure(width: float, height: float) -> Any:
    """Make an empty figure of a size in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def headline(drawn: Any, name: str, text: str) -> None:
    """Write over a figure what it shows, and what was found. A dollar sign in a name is no formula."""
    drawn.suptitle(f"{printable(name)}\n{text}", fontsize="medium", x=0.01, ha="left", parse_math=False)


def save(drawn: Any, path: str) -> None:
    """Write a figure in the format of its ending. The file is complete when it appears.

    Raises
    ------
    EdgecryError
        The path is a folder.
    OSError
        The file cannot be written.
    """
    with warnings.catch_warnings(), Output(path, binary=True) as file:
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a name in letters that the font lacks
        drawn.savefig(file.stream, format=Path(path).suffix.lower()[1:])


def time_axis(ax: Any, duration: float) -> None:
    """Make the lower axis show seconds, minutes or hours, depending on the length in seconds."""
    step = next((step for step in _STEPS if duration / step <= _TICKS), 86_400.0 * (duration // 864_000 + 1))
    ax.set_xlim(0, duration)
    ax.set_xticks([step * i for i in range(int(duration / step + 1e-9) + 1)])
    if duration <= _SECONDS:
        ax.set_xlabel("time, s")
        ax.xaxis.set_major_formatter(lambda seconds, _: f"{seconds:.3g}")
    elif duration <= _MINUTES:
        ax.set_xlabel("time, min:s")
        ax.xaxis.set_major_formatter(lambda seconds, _: f"{round(seconds) // 60}:{round(seconds) % 60:02d}")
    else:
        ax.set_xlabel("time, h:min")
        ax.xaxis.set_major_formatter(
            lambda seconds, _: f"{round(seconds) // 3600}:{round(seconds) // 60 % 60:02d}"
        )
