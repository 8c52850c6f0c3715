"""Warm-up: the note is believed only while all that it depends on is as it was."""

import json
import os
import subprocess
import sys

import pytest

from edgecry import warmup
from edgecry.errors import EdgecryError

numba = pytest.importorskip("numba", reason="numba, of the extra [numba], is not installed")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A folder of its own for what is compiled and noted."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(warmup, "_folders", lambda: iter([tmp_path]))
    return tmp_path


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


def test_status_does_not_import_numba():
    code = "import sys; from edgecry.warmup import status; status(); assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_warmup_then_ready_and_nothing_compiled_again(tmp_path):
    """In processes of their own, since numba decides on its cache when it is imported."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    run = [sys.executable, "-m", "edgecry", "warmup"]
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
    assert "ready after" in done.stdout
    assert str(tmp_path) in done.stdout
    code = (
        "from edgecry.warmup import status; s = status(); assert s.ready, s.reason\n"
        "from edgecry.features.kernels import lanes, numba_kernels\n"
        "for kernel in (numba_kernels._notes, lanes.transform):\n"
        "    assert kernel.stats.cache_hits and not kernel.stats.cache_misses"
    )
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def test_nowhere_to_note_it(cache, monkeypatch):
    monkeypatch.setattr(warmup, "_folders", lambda: iter(()))
    with pytest.raises(EdgecryError, match="no folder could be written"):
        warmup._write({})


def test_without_a_cache_numpy_serves(monkeypatch, caplog):
    """As on a read-only system: one line in the log, no error."""
    from edgecry.features import kernels

    def no_locator(name):
        if name.endswith("numba_kernels"):
            raise RuntimeError("cannot cache function: no locator available")
        return __import__(name, fromlist=["name"])

    monkeypatch.setattr(kernels, "import_module", no_locator)
    with caplog.at_level("WARNING", logger="edgecry"):
        assert kernels.load("numba").name == "numpy"
    assert len(caplog.records) == 1
