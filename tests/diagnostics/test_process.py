"""process: what other processes take, and how their end is told."""

import mmap
import os
import sys

import pytest

from edgecry.diagnostics.process import environment, measure, memory, run
from edgecry.errors import EdgecryError

PYTHON = sys.executable


def test_memory_is_that_of_the_process_alone():
    """However much this one holds, a small one is small, and grows by what it takes."""
    ballast = b"x" * 300_000_000
    small = measure([PYTHON, "-c", "pass"]).peak_mb
    large = measure([PYTHON, "-c", "b'x' * 100_000_000"]).peak_mb
    assert small < 60 < 90 < large - small < 130
    assert len(ballast) > 1e6 * small


def test_times():
    """Sleeping is no work for the processor, computing is."""
    asleep = measure([PYTHON, "-c", "import time; time.sleep(0.5)"])
    assert asleep.wall >= 0.5
    assert 0 < asleep.cpu < asleep.wall
    busy = measure([PYTHON, "-c", "import time\nwhile time.process_time() < 0.5: pass"])
    assert busy.cpu >= 0.45


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("import os; os.kill(os.getpid(), 4)", r"died of SIGILL \(Illegal instruction\)"),
        ("import sys; print('first', file=sys.stderr); sys.exit('last\\n')", "last$"),
        ("raise SystemExit(3)", "ended with code 3 and no message"),
    ],
)
def test_failure(code, complaint):
    with pytest.raises(EdgecryError, match=complaint):
        measure([PYTHON, "-c", code])


def test_outcome():
    outcome = run([PYTHON, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(2)"])
    assert (outcome.code, outcome.stdout, outcome.stderr) == (2, "out\n", "err\n")
    assert outcome.complaint == "err"


def test_it_is_not_waited_for_without_end():
    assert "within 0.2 s" in run([PYTHON, "-c", "import time; time.sleep(60)"], timeout=0.2).complaint


def test_program_that_is_not_there(tmp_path):
    assert "cannot be started" in run([str(tmp_path / "none")]).complaint


def test_environment_finds_this_package_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    outcome = run([PYTHON, "-c", "import edgecry; print(edgecry.__file__)"])
    import edgecry

    assert outcome.stdout.strip() == edgecry.__file__
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert environment()["PYTHONPATH"].split(os.pathsep)[1] == "/elsewhere"


def test_memory_follows_what_is_taken():
    before = memory()
    if before is None:
        pytest.skip("NOT TESTED: this system has no /proc/self/status")
    # Pages of its own: an array might be put where earlier tests have left room.
    with mmap.mmap(-1, 32_000_000) as pages:
        for page in range(0, len(pages), mmap.PAGESIZE):
            pages[page] = 1
        after = memory()
    assert after is not None
    assert after - before > 0.9 * 32_000_000


@pytest.mark.parametrize("text", [None, b"", b"VmRSS: 3", b"VmRSS:\t\xff kB"])
def test_memory_where_nobody_tells(tmp_path, text):
    path = tmp_path / "status"
    if text is not None:
        path.write_bytes(text)
    assert memory(status=path) is None
