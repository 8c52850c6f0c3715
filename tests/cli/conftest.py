"""Running the command, inside this process or as one of its own."""

import os
import subprocess
import sys

import pytest

from edgecry.cli import main


@pytest.fixture
def run(capsys):
    """Call the command here: (exit code, stdout, stderr)."""

    def call(*argv: object) -> tuple[int, str, str]:
        code = main([str(a) for a in argv])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def process():
    """Run the command as a process of its own; the result of subprocess.run, in bytes.

    It finds the package where these tests do, from any directory; ``env`` adds to its environment.
    """

    def call(
        *argv: object, env: dict[str, str] | None = None, **kwargs
    ) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "edgecry", *map(str, argv)]
        path = os.pathsep.join(entry for entry in sys.path if entry)
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
        full = {**inherited, "PYTHONPATH": path, **(env or {})}
        outputs = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.run(command, check=False, env=full, **{**outputs, **kwargs})

    return call
