"""Environments with other versions, for the tests that need them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def require_installable(requirement: str, folder: Path) -> None:
    """Skip, and say why, where pip cannot get a build of ``requirement`` for this Python."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    done = subprocess.run(
        [*command, "--dest", str(folder), requirement],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        pytest.skip(
            f"--isolated IS NOT TESTED: pip cannot get {requirement} ({said}); install a Python with pip "
            "that it was built for, and let pip reach a package index"
        )
