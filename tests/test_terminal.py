"""cli.talk: what goes to stderr."""

import os
import string
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.terminal import printable, quiet_stderr, say


@given(st.text(st.characters(codec=None), max_size=20))
def test_printable_is_one_harmless_line(text):
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown


@given(st.text(string.ascii_letters + "äß漢 -_."))
def test_printable_leaves_names_alone(text):
    assert printable(text) == text


def test_say_is_one_line_on_stderr(capsys):
    say("a.wav: two\nlines")
    assert capsys.readouterr() == ("", "edgecry: a.wav: two\\nlines\n")


def test_quiet_stderr(capfd):
    """Native writes are dropped inside, and only there."""
    os.write(2, b"before ")
    with quiet_stderr():
        os.write(2, b"inside ")
        print("inside", file=sys.__stderr__, flush=True)
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"


def test_quiet_stderr_ends_with_an_error(capfd):
    with pytest.raises(ImportError), quiet_stderr():
        raise ImportError
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def open_files() -> list[str]:
    return sorted(entry.name for entry in Path("/proc/self/fd").iterdir())


def test_quiet_stderr_leaks_no_descriptors():
    before = open_files()
    for _ in range(3):
        with quiet_stderr():
            pass
    assert open_files() == before


def test_import_of_onnxruntime_is_quiet(process, model_path, recordings, tmp_path):
    """Some versions write on stderr while being imported; this one does so for the test."""
    noisy = tmp_path / "site" / "sitecustomize.py"
    noisy.parent.mkdir()
    noisy.write_text(
        "import os, sys\n"
        "class Noise:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'onnxruntime': os.write(2, b'GPU device discovery failed')\n"
        "sys.meta_path.insert(0, Noise())\n"
    )
    env = {"PYTHONPATH": os.pathsep.join([str(noisy.parent), *filter(None, sys.path)])}
    plain = [sys.executable, "-c", "import onnxruntime"]
    assert b"discovery failed" in subprocess.run(plain, env=env, capture_output=True, check=True).stderr
    for argv in (
        ("info", model_path),
        ("classify", recordings[0], "--raw", "--model", model_path, "--format", "csv"),
    ):
        done = process(*argv, env=env)
        assert (done.returncode, done.stderr) == (0, b"")
