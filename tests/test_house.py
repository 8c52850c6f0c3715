"""The rules of the house that lint-imports cannot see; which room may import which is in pyproject.toml."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.order import LONGEST

ROOT = Path(__file__).parents[1]
#: Packages whose ``__init__`` does something: public names (two), the parser, the choice of an engine.
BUSY = {"edgecry", "edgecry/archive", "edgecry/cli", "edgecry/features/kernels"}
PACKAGES = {str(path.parent.relative_to(ROOT)): path for path in (ROOT / "edgecry").rglob("__init__.py")}


def test_packages_are_found():
    assert set(PACKAGES) > BUSY


@pytest.mark.parametrize("package", sorted(set(PACKAGES) - BUSY))
def test_a_package_is_a_docstring_alone(package):
    """A room can then be entered without loading all of it."""
    (docstring,) = ast.parse(PACKAGES[package].read_text()).body
    assert isinstance(docstring, ast.Expr)
    assert isinstance(docstring.value, ast.Constant)
    assert isinstance(docstring.value.value, str)


def test_the_doctor_loads_no_numpy():
    """A wheel whose instructions the processor lacks would kill it before it could say so."""
    code = (
        "import json, sys; from edgecry.cli import main; code = main(['doctor', '--json']);"
        "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    code, modules = json.loads(done.stderr.splitlines()[-1])

    assert code == 0, done.stdout
    assert "edgecry.diagnostics.doctor" in modules
    assert not {"numpy", "onnxruntime", "soundfile", "soxr"} & set(modules)


def test_the_files_that_are_taken_first_are_there():
    """One that was renamed would be taken late, and one process would wait for it at the end."""
    assert [path for path in LONGEST if not (ROOT / path).is_file()] == []
