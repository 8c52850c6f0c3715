"""How long work tells what it does: a function that is called with one line at a time."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
