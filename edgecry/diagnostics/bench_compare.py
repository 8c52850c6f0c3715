"""Compares two reports of ``edgecry bench``: what has become faster, and what slower."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from edgecry.diagnostics.bench import FORMAT
from edgecry.errors import EdgecryError

#: Reports that differ in one of these measured different things, and are not compared.
SAME = (
    ("machine", "cpu"),
    ("machine", "architecture"),
    ("machine", "cores"),
    ("clip", "name"),
    ("clip", "seconds"),
    ("clip", "size"),
    ("model",),
)
#: What may have been changed on purpose. Differences are told.
TOLD = (
    ("edgecry",),
    ("machine", "python"),
    ("machine", "governor"),
    ("machine", "packages"),
    ("machine", "threads"),
)


@dataclass(frozen=True)
class Change:
    """One figure of both reports; less is better.

    Attributes
    ----------
    figure : str
        Name of the figure.
    old, new : float
        Milliseconds, or megabytes.
    regressed : bool
        True if it grew by more than the tolerance.
    """

    figure: str
    old: float
    new: float
    regressed: bool

    @property
    def ratio(self) -> float:
        """How many times better the new figure is."""
        return self.old / self.new


def read(path: str) -> dict[str, Any]:
    """Read a report that ``edgecry bench --json`` wrote.

    Raises
    ------
    EdgecryError
        The file cannot be read, or is not a report of this format.
    """
    try:
        report: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise EdgecryError(f"{path}: cannot be read ({error.strerror}); name a report") from error
    except ValueError as error:
        raise EdgecryError(f"{path}: not JSON; name what 'edgecry bench --json' wrote") from error
    found = report.get("format") if isinstance(cast(object, report), dict) else None
    if found != FORMAT:
        raise EdgecryError(
            f"{path}: report format {found!r}, this edgecry compares {FORMAT}; measure the old one again"
        )
    try:
        figures(report)
        differences(report, report)
    except (AttributeError, KeyError, TypeError) as error:
        raise EdgecryError(f"{path}: an incomplete report ({error!r}); measure it again") from error
    return report


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return why two reports cannot be compared (another machine, clip or model); empty if they can."""
    return list(_differences(old, new, SAME))


def changes_told(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what else differs. It may be just what the reports are to compare."""
    return list(_differences(old, new, TOLD))


def compare(old: Mapping[str, Any], new: Mapping[str, Any], tolerance: float) -> list[Change]:
    """Put the figures that both reports have side by side.

    Parameters
    ----------
    old, new : mapping
        Reports, as read from JSON.
    tolerance : float
        Per cent by which a figure may grow.
    """
    before, after = figures(old), figures(new)
    return [
        Change(name, before[name], after[name], after[name] > before[name] * (1 + tolerance / 100))
        for name in before
        if name in after
    ]


def figures(report: Mapping[str, Any]) -> dict[str, float]:
    """Return every figure of a report that can become worse: medians in ms, and MB.

    The tails (p95, p99) are left out, because other work of the machine moves them more than edgecry does.
    """
    out = {}
    for engine, part in report["engines"].items():
        out[f"{engine} clip, ms"] = part["clip"]["p50"]
        for name, timing in part["stages"].items():
            out[f"{engine} {name}, ms"] = timing["p50"]
        for name, timing in part["alone"].items():
            out[f"{engine} {name} alone, ms"] = timing["p50"]
        out[f"{engine} memory, MB"] = part["rss_mb"]
    if (cold := report["cold"]) is not None:
        out["new process, ms"] = cold["wall"]["p50"]
        out["new process CPU, ms"] = cold["cpu"]["p50"]
        out["new process peak, MB"] = cold["peak_mb"]
    if (scaling := report["scaling"]) is not None:
        out |= {f"{item['seconds']:g} s of sound, ms": item["ms"] for item in scaling["lengths"]}
        out |= {f"{item['threads']} threads, ms a clip": item["ms_a_clip"] for item in scaling["threads"]}
    return out


def _differences(
    old: Mapping[str, Any], new: Mapping[str, Any], keys: tuple[tuple[str, ...], ...]
) -> Iterator[str]:
    for path in keys:
        before, after = _at(old, path), _at(new, path)
        if before != after:
            yield f"{' '.join(path)} was {_shown(before)}, is {_shown(after)}"


def _at(report: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        report = report[key]
    return report


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{key}={'unset' if item is None else item}" for key, item in value.items()) or "none"
    return "unknown" if value is None else str(value)
