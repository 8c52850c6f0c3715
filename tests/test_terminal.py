"""terminal: what goes to stdout and stderr."""

import os
import string
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgecry.terminal import own_outputs, printable, quiet_stderr, say


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


def test_native_code_does_not_print_into_the_answer(tmp_path):
    """What is written to the descriptors themselves is dropped; what Python prints arrives, and in order."""
    code = (
        "import os, sys; from edgecry.terminal import own_outputs\n"
        "print('a'); print('b', file=sys.stderr)\n"
        "with own_outputs():\n"
        "    os.write(1, b'native'); os.write(2, b'native'); print('c'); print('d', file=sys.stderr)\n"
        "print('e'); os.write(2, b'f')"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"a\nc\ne\n", b"b\nd\nf")


def test_outputs_are_given_back(capfd):
    before = sys.stdout, sys.stderr
    with pytest.raises(ZeroDivisionError), own_outputs():
        os.write(1, b"native")
        raise ZeroDivisionError
    assert (sys.stdout, sys.stderr) == before
    os.write(1, b"back")
    assert capfd.readouterr().out == "back"
