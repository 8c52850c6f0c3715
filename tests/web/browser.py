"""A browser for tests: the system's Chromium, headless; or tests say what is missing."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--autoplay-policy=no-user-gesture-required",
)
MISSING = [
    what
    for what, is_there in (
        ("Chromium (apt install chromium)", CHROMIUM),
        ("the extra browser (playwright)", find_spec("playwright")),
    )
    if not is_there
]
needs_browser = pytest.mark.skipif(
    bool(MISSING), reason=f"NOT TESTED in a browser; missing: {', '.join(MISSING)}"
)


@contextmanager
def browsing(profile: Path) -> Iterator[Any]:
    """Start Chromium with a profile of its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=list(FLAGS), headless=True, timeout=60_000
        )
        try:
            yield context
        finally:
            context.close()
