"""The words of the page. A language is a file in ``languages/`` with the keys of ``en.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

DEFAULT: Final = "en"
Texts = Mapping[str, str]


@cache
def languages() -> Mapping[str, Texts]:
    """Return the texts of every language, by its code."""
    folder = files("edgecry.web") / "languages"
    return {
        path.name.removesuffix(".json"): json.loads(path.read_text("utf-8"))
        for path in folder.iterdir()
        if path.name.endswith(".json")
    }


def chosen(wanted: str) -> str:
    """Return the language that fits best to what a browser asks for, such as ``de-AT,de;q=0.9,en;q=0.5``."""
    found = []
    for part in wanted[:200].split(","):
        code, _, weight = part.strip().partition(";q=")
        try:
            found.append((-float(weight or 1), code.partition("-")[0].lower()))
        except ValueError:
            continue
    known = languages()
    return next(
        (code for weight, code in sorted(found, key=lambda one: one[0]) if code in known and weight), DEFAULT
    )
