"""A process that is forked while threads compute: its child hangs on no lock of theirs."""

import os
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from edgecry import forks
from edgecry.forks import Unforked
from edgecry.models.bundled import SAMPLE
from tests.conftest import needs_bundled

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")


def run(code: str, **environment: str) -> str:
    """Run code in a process of its own, as forks and threads of a test runner do not mix."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_no_fork_cuts_a_section_in_two():
    """Three threads hold a lock nearly all the time, in sections; in a child it is always free."""
    assert (
        run("""
        import os, threading, time
        from edgecry.forks import Unforked
        section, lock = Unforked(), threading.Lock()

        def work():
            while True:
                with section, lock:
                    time.sleep(0.002)

        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
        time.sleep(0.05)
        held = 0
        for _ in range(50):
            if (child := os.fork()) == 0:
                with section:  # and sections work in the child
                    os._exit(0 if lock.acquire(timeout=1) else 1)
            held += os.waitpid(child, 0)[1] != 0
        print(held)
        os._exit(0)
    """)
        == "0"
    )


@needs_bundled
def test_children_classify_while_threads_do():
    """With two threads of BLAS nearly every child used to hang in a matrix product."""
    assert (
        run(
            f"""
        import os, signal, threading
        from edgecry import Classifier
        classifier = Classifier()

        def work():
            while True:
                classifier.classify({str(SAMPLE)!r})

        classifier.classify({str(SAMPLE)!r})
        for _ in range(2):
            threading.Thread(target=work, daemon=True).start()
        hung = 0
        for _ in range(8):
            if (child := os.fork()) == 0:
                signal.alarm(60)
                classifier.classify({str(SAMPLE)!r})
                os._exit(0)
            hung += os.waitpid(child, 0)[1] != 0
        print(hung)
        os._exit(0)
        """,
            OPENBLAS_NUM_THREADS="2",
        )
        == "0"
    )


def test_a_fork_inside_a_section_does_not_wait_for_itself():
    assert (
        run("""
        import os
        from edgecry import forks
        forks.PATIENCE = 60.0
        with forks.unforked, forks.unforked:
            child = os.fork()
            if child == 0:
                with forks.unforked:
                    pass
        if child == 0:
            os._exit(len(forks.unforked._depths))
        print(os.waitpid(child, 0)[1], len(forks.unforked._depths))
    """)
        == "0 0"
    )


def test_a_section_in_a_section_is_entered_while_a_fork_waits():
    section, inside, waits, done = Unforked(), threading.Event(), threading.Event(), threading.Event()

    def work():
        with section:
            inside.set()
            waits.wait(60)
            with section:
                done.set()

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait(60)
    forking = threading.Thread(target=lambda: (section._before(), section._after()))
    forking.start()
    while not section._is_forking:
        time.sleep(0.001)
    waits.set()
    for one in (thread, forking):
        one.join(60)
    assert done.is_set()
    assert not section._is_forking


def test_a_section_without_end_delays_a_fork_and_no_more(monkeypatch):
    monkeypatch.setattr(forks, "PATIENCE", 0.05)
    section, inside, end = Unforked(), threading.Event(), threading.Event()

    def work():
        with section:
            inside.set()
            end.wait(60)

    thread = threading.Thread(target=work)
    thread.start()
    inside.wait(60)
    section._before()
    section._after()
    end.set()
    thread.join()
    assert not section._depths


def test_errors_leave_a_section():
    section = Unforked()
    with pytest.raises(KeyError), section:
        raise KeyError
    assert not section._depths


def test_nothing_is_registered_at_import():
    assert run("import edgecry.forks as f; print(f.unforked._is_registered)") == "False"
