"""What holds now, as Prometheus reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


def metrics(now: Mapping[str, Any], counters: Mapping[str, float], cries: int) -> str:
    """Return the text format 0.0.4. Values that are not known are left out."""
    gauges = {
        "crying": ("1 while a baby cries", int(now["crying"])),
        "hearing": ("1 while a cry would be heard", int(now["hearing"])),
        "muted": ("1 while alerts are muted", int(now["muted_until"] is not None)),
        "level_dbfs": ("RMS of the newest sound in dB of full scale", now["level_dbfs"]),
        "probability": ("Probability of a cry in the newest window", now["probability"]),
        "threshold": ("Probability from which on a window is a cry", now["threshold"]),
        "history_cries": ("Cries in the history", cries),
    }
    lines = []
    for name, (what, value) in gauges.items():
        lines += [f"# HELP edgecry_{name} {what}.", f"# TYPE edgecry_{name} gauge"]
        if value is not None:
            lines.append(f"edgecry_{name} {value}")
    lines += [
        "# HELP edgecry_count What the listener counted and measured, as of its last heartbeat.",
        "# TYPE edgecry_count untyped",
    ]
    lines += [
        f'edgecry_count{{name="{re.sub(r"[^A-Za-z0-9_.-]", "_", name)}"}} {value}'
        for name, value in sorted(counters.items())
    ]
    return "\n".join(lines) + "\n"
