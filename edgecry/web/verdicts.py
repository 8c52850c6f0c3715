"""The family's verdicts on cries: a table beside the recordings, for ``python -m convert adapt``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

TABLE: Final = "verdicts.csv"


def table(cries: Iterable[Mapping[str, Any]]) -> str:
    """Return a table of the cries that have a verdict and a recording: file, verdict, day."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "verdict", "day"])
    for cry in cries:
        clip = Path(cry["clip"])
        if clip.is_file():
            writer.writerow([clip.name, cry["verdict"], cry["started_at"][:10]])
    return text.getvalue()


def write_table(folder: Path, cries: Iterable[Mapping[str, Any]]) -> None:
    """Write the table into the folder of recordings, whole or not at all. OSError if that fails."""
    part = folder / f".{TABLE}.new"
    try:
        part.write_text(table(cries), encoding="utf-8")
        part.chmod(0o600)
        part.replace(folder / TABLE)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
