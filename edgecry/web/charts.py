"""Drawings as SVG, so that the browser needs no library. Colours are classes of the style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from edgecry.web.nights import HOURS, NOON, Night

#: Minutes of crying in an hour from which on a field has its next shade.
SHADES: Final = (0.0, 2.0, 5.0, 10.0, 20.0)
_FIELD: Final = 12
_LEFT: Final = 34
_WIDTH, _HEIGHT = 320, 120


def grid(nights: Sequence[Night]) -> str:
    """Draw a row for each night and a field for each hour. The longer it cried, the darker the field."""
    width, height = _LEFT + HOURS * _FIELD, (len(nights) + 1) * _FIELD
    parts = [f'<svg class="grid" viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">']
    parts += [
        f'<text x="{_LEFT + hour * _FIELD}" y="{_FIELD - 3}">{(NOON + hour) % 24:02d}</text>'
        for hour in range(0, HOURS, 3)
    ]
    for row, night in enumerate(nights, 1):
        y = row * _FIELD
        parts.append(f'<text x="0" y="{y + _FIELD - 3}">{night.day:%d.%m.}</text>')
        parts += [
            f'<rect class="{_shade(night, hour)}" x="{_LEFT + hour * _FIELD}" y="{y}" '
            f'width="{_FIELD - 1}" height="{_FIELD - 1}"/>'
            for hour in range(HOURS)
        ]
    return "".join([*parts, "</svg>"])


def _shade(night: Night, hour: int) -> str:
    minutes = night.crying[hour] / 60
    if minutes > 0:
        return f"cry{sum(minutes > least for least in SHADES)}"
    return "quiet" if night.heard[hour] >= 0.5 else "deaf"


def curve(points: Sequence[tuple[float, float]], threshold: float | None, duration: float, title: str) -> str:
    """Draw the score during a cry, the threshold, and the beginning and end of the cry."""
    if len(points) < 2:
        return ""
    left, right = points[0][0], points[-1][0]
    scale = _WIDTH / max(1e-9, right - left)

    def x(t: float) -> float:
        return round((t - left) * scale, 1)

    def y(p: float) -> float:
        return round(_HEIGHT - 2 - p * (_HEIGHT - 4), 1)

    line = " ".join(f"{x(t)},{y(p)}" for t, p in points)
    cry = (x(max(left, 0.0)), x(min(right, duration)))
    parts = [
        f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">',
        f'<rect class="span" x="{cry[0]}" y="0" width="{round(cry[1] - cry[0], 1)}" height="{_HEIGHT}"/>',
    ]
    if threshold is not None:
        parts.append(
            f'<line class="threshold" x1="0" x2="{_WIDTH}" y1="{y(threshold)}" y2="{y(threshold)}"/>'
        )
    return "".join([*parts, f'<polyline class="score" points="{line}"/></svg>'])
