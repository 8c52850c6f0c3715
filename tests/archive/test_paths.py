"""classify_paths: one door from Python, and the same records by whichever way the work is shared."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from edgecry.archive import Task, classify_paths
from edgecry.archive.run import Summary
from edgecry.archive.task import Ear
from edgecry.errors import EdgecryError, EdgecryWarning
from tests import streams
from tests.recordings import encode


@pytest.fixture
def task(tmp_path):
    return Task(model=str(streams.loud_detector(tmp_path, window=1.0, hop=0.5).path))


@pytest.fixture
def nights(tmp_path):
    folder = tmp_path / "nights"
    folder.mkdir()
    for i in range(4):
        (folder / f"{i}.wav").write_bytes(encode(streams.scene(31 + i, (5 + i, 12)), streams.SR))
    (folder / "2.wav").write_bytes(b"dear diary")
    return folder


def alone(task, folder):
    """What each recording is by itself."""
    ear = Ear(task)
    return [ear.tell(str(path))["record"] for path in sorted(folder.iterdir())]


def test_records_are_those_of_each_recording_in_order(task, nights):
    summary = Summary()
    found = list(classify_paths(nights, task, jobs=2, summary=summary))
    assert found == alone(task, nights)
    assert ["error" in one for one in found] == [False, False, True, False]
    assert (summary.files, summary.errors) == (4, 1)


def test_paths_and_folders_may_be_mixed_and_filtered(task, nights):
    paths = [nights / "3.wav", str(nights), "none.wav"]
    found = list(classify_paths(paths, task, include=["[013].wav"], exclude=["1.wav"]))
    assert [one["file"] for one in found] == [str(nights / "3.wav"), str(nights / "0.wav"), "none.wav"]
    assert "no such file" in found[-1]["error"]


def test_no_paths_give_no_records(task):
    assert list(classify_paths([], task)) == []


def test_a_journal_is_gone_on_with(task, nights, tmp_path):
    journal, summary = tmp_path / "journal", Summary()
    records = classify_paths(nights, task, journal=journal)
    first = next(records)
    records.close()  # as if it were broken off
    found = list(classify_paths(nights, task, journal=journal, summary=summary))
    assert [first, *found[1:]] == found == alone(task, nights)
    assert 0 < summary.new_hours < summary.hours


def test_another_setting_begins_the_journal_anew(task, nights, tmp_path):
    list(classify_paths(nights, task, journal=tmp_path / "journal"))
    with pytest.warns(EdgecryWarning, match="strict changed since"):
        list(classify_paths(nights, Task(model=task.model, strict=True), journal=tmp_path / "journal"))


@pytest.mark.parametrize("jobs", [0, 1.5, True])
def test_jobs_are_checked_at_the_call(nights, jobs):
    with pytest.raises(EdgecryError, match="jobs"):
        classify_paths(nights, jobs=jobs)


def test_an_oddity_is_a_warning(task, nights):
    whole = (nights / "0.wav").read_bytes()
    (nights / "0.wav").write_bytes(whole[: len(whole) // 2])
    with pytest.warns(EdgecryWarning, match="cut short"):
        list(classify_paths(nights / "0.wav", task))


@contextmanager
def machines(port):
    """A scheduler and a worker, each a process of its own; they end by kill -9."""
    address = f"tcp://127.0.0.1:{port}"
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    commands = [
        [*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
        [*dask, "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"],
    ]
    path = os.pathsep.join(filter(None, sys.path))
    processes = [subprocess.Popen(c, env={**os.environ, "PYTHONPATH": path}, **quiet) for c in commands]
    try:
        yield address
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_a_scheduler_that_is_started_again_does_the_rest(task, nights, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="NOT TESTED: pip install '.[dask]'")
    monkeypatch.setattr("edgecry.archive.cluster.SHARD_FILES", 1)
    monkeypatch.setattr("edgecry.archive.cluster.AHEAD", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    journal, summary = tmp_path / "journal", Summary()
    with machines(port) as address:
        client = distributed.Client(address, timeout=60, set_as_default=False)
        records = classify_paths(nights, task, client=client, journal=journal)
        first = next(records)
        client._timeout = 0.5  # for a scheduler that does not come back
    with pytest.raises(EdgecryError, match="run the same command again for the rest"):
        list(records)
    client.close()
    with machines(port) as address:
        found = list(classify_paths(nights, task, client=address, journal=journal, summary=summary))
    assert [first, *found[1:]] == found == alone(task, nights)
    assert 0 < summary.new_hours < summary.hours
