"""Warm-up: the note is believed only while all that it depends on is as it was."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgecry.errors import EdgecryError
from edgecry.features import warmup

numba = pytest.importorskip("numba", reason="numba, of the extra [numba], is not installed")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder of its own for what is compiled and noted."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(warmup, "_folders", lambda: iter([tmp_path]))
    return tmp_path


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A folder with compiled kernels, which takes half a minute; who damages it mends it."""
    folder = tmp_path_factory.mktemp("compiled")
    done = in_a_process(folder, "-m", "edgecry", "warmup")
    assert "ready after" in done.stdout
    assert str(folder) in done.stdout
    return folder


def in_a_process(folder, *arguments):
    """Run a process of its own, since numba decides on its cache when it is imported."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


def note(folder, **values):
    (folder / warmup._NOTE).write_text(json.dumps(values))


def test_without_a_note_nothing_is_ready(cache):
    assert not warmup.status().ready
    assert "edgecry warmup" in warmup.status().reason


def test_a_true_note_is_believed(cache):
    note(cache, key=warmup._key(), cache=str(cache), files=[__file__])
    assert warmup.status().ready


@pytest.mark.parametrize("part", ["__version__", "_processor"])
def test_a_note_of_another_machine_or_version_is_not(cache, monkeypatch, part):
    note(cache, key=warmup._key(), cache=str(cache), files=[__file__])
    other = "another" if part == "__version__" else lambda: "another"
    monkeypatch.setattr(warmup, part, other)
    assert not warmup.status().ready


def test_a_note_of_files_that_are_gone_is_not(cache):
    note(cache, key=warmup._key(), cache=str(cache), files=[str(cache / "gone.nbi")])
    assert not warmup.status().ready


@pytest.mark.parametrize("text", ["", "[]", "{", '{"key": 1}'])
def test_a_broken_note_is_no_note(cache, text):
    (cache / warmup._NOTE).write_text(text)
    assert not warmup.status().ready


def test_a_note_in_a_folder_that_numba_does_not_take_is_not(tmp_path, monkeypatch):
    """Where the first folder can be written, numba compiles there, whatever lies ready in another."""
    first, second = tmp_path / "new" / "first", tmp_path / "second"
    second.mkdir()
    monkeypatch.setattr(warmup, "_folders", lambda: iter([first, second]))
    note(second, key=warmup._key(), cache=str(second), files=[__file__])
    assert not warmup.status().ready
    assert str(first) in warmup.status().reason
    monkeypatch.setattr(warmup, "_is_writable", lambda folder: folder == second)
    assert warmup.status().ready


def test_a_note_where_nothing_can_be_written_is_not(cache, monkeypatch):
    """On a read-only system, numba does not read what it could not write."""
    note(cache, key=warmup._key(), cache=str(cache), files=[__file__])
    monkeypatch.setattr("os.access", lambda *_: False)
    assert not warmup.status().ready
    assert "NUMBA_CACHE_DIR" in warmup.status().reason


def test_folders_are_those_of_numba_in_its_order(compiled, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(compiled))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    code = (
        "import sys; from pathlib import Path; from edgecry.features.kernels import numba_kernels as k; "
        "from numba.core import caching as c; f = k._notes.py_func; file = f.__code__.co_filename; "
        "print(*((getattr(c, n, None) or getattr(c, '_' + n))(f, file).get_cache_path() "
        "for n in sys.argv[1:]), sep='\\n')"  # before numba 0.62 their names began with _
    )
    names = ["UserProvidedCacheLocator", "UserWideCacheLocator"]
    found = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True)
    given, _, wide = warmup._folders()
    assert [Path(path).parent for path in found.stdout.split()] == [given, wide]


def test_status_does_not_import_numba():
    code = (
        "import sys; from edgecry.features.warmup import status; status(); assert 'numba' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_warmup_then_ready_and_nothing_compiled_again(compiled):
    code = (
        "from edgecry.features.warmup import status; s = status(); assert s.ready, s.reason\n"
        "from edgecry.features.kernels import lanes, numba_kernels\n"
        "for kernel in (numba_kernels._notes, lanes.transform):\n"
        "    assert kernel.stats.cache_hits and not kernel.stats.cache_misses"
    )
    in_a_process(compiled, "-c", code)


@pytest.mark.once
def test_a_damaged_cache_is_no_error_and_is_mended(compiled):
    """A power cut leaves this. NumPy is used, one line in the log says so, and warmup compiles again."""
    code = "from edgecry import Classifier; print(Classifier(engine='numba')._extractor.engine)"
    empty, garbage = b"", b"\x80\x04garbage"

    assert in_a_process(compiled, "-c", code).stdout == "numba\n"
    files = sorted(compiled.rglob("*.nb[ic]"))
    for damage in ([empty], [garbage], [empty, garbage]):  # the last is mended: compiling takes half a minute
        for file, content in zip(files, itertools.cycle(damage), strict=False):
            file.write_bytes(content)
        done = in_a_process(compiled, "-c", code)
        assert done.stdout == "numpy\n"
        (line,) = done.stderr.splitlines()
        assert "edgecry warmup" in line
    in_a_process(compiled, "-m", "edgecry", "warmup")
    assert in_a_process(compiled, "-c", code).stdout == "numba\n"


def test_nowhere_to_note_it(cache, monkeypatch):
    monkeypatch.setattr(warmup, "_folders", lambda: iter(()))
    with pytest.raises(EdgecryError, match="no folder can be written"):
        warmup._write({})


def test_a_full_disk(cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(EdgecryError, match=r"warmup: .*No space left.*NUMBA_CACHE_DIR"):
        warmup._write({})
    monkeypatch.setattr(warmup, "import_module", full)
    with pytest.raises(EdgecryError, match=r"warmup: .*No space left.*NUMBA_CACHE_DIR"):
        warmup.warm_up()


@pytest.mark.parametrize(
    "failure",
    [
        RuntimeError("cannot cache function: no locator available"),  # a read-only system
        OSError(28, "No space left on device"),
        ImportError("Numba needs NumPy 2.3 or less"),
    ],
)
def test_where_numba_fails_numpy_serves(monkeypatch, caplog, failure):
    """No error, and one line in the log for all extractors of the process."""
    from edgecry.features import kernels

    def fail(name):
        if name.endswith("numba_kernels"):
            raise failure
        return __import__(name, fromlist=["name"])

    monkeypatch.setattr(kernels, "import_module", fail)
    kernels.load.cache_clear()
    try:
        with caplog.at_level("WARNING", logger="edgecry"):
            assert {kernels.load("numba").name for _ in range(3)} == {"numpy"}
    finally:
        kernels.load.cache_clear()
    assert len(caplog.records) == 1
