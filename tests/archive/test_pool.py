"""pool: processes that share the work, and survive each other."""

import os
import signal
import time

import pytest

from edgecry.archive.pool import Pool
from edgecry.archive.task import Ear, Task
from edgecry.errors import EdgecryError
from tests import streams
from tests.recordings import encode


@pytest.fixture
def task(tmp_path):
    return Task(model=str(streams.loud_detector(tmp_path, window=1.0, hop=0.5).path))


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{i}.wav" for i in range(4)]
    for i, path in enumerate(paths):
        path.write_bytes(encode(streams.scene(31 + i, (5 + i, 12)), streams.SR))
    paths[2].write_bytes(b"dear diary, today the baby cried")
    return [str(path) for path in paths]


def test_processes_tell_what_one_would(task, files):
    ear = Ear(task)
    expected = {path: ear.tell(path) for path in files}
    assert ["error" in told["record"] for told in expected.values()] == [False, False, True, False]
    with Pool(task, 2) as pool:
        found = dict(pool.tell(files))
    assert found == expected
    assert pool.labels == list(ear.labels)
    assert pool.identity == ear.identity


def test_a_process_that_is_killed_costs_no_recording(task, files):
    with Pool(task, 1) as pool:
        results = pool.tell(files)
        first = next(results)
        os.kill(pool._workers[0]._process.pid, signal.SIGKILL)
        found = dict([first, *results])
    assert sorted(found) == sorted(files)
    assert [path for path, told in found.items() if "error" in told["record"]] == [files[2]]


def test_a_recording_that_kills_every_process_gets_a_row(task, files, monkeypatch):
    """As one that makes a decoder crash would."""
    from edgecry.archive import pool as module

    ask = module._Worker.ask

    def kill(worker, path, tries):
        if path == files[1]:
            worker._process.kill()
            worker._process.wait()
        ask(worker, path, tries)

    monkeypatch.setattr(module._Worker, "ask", kill)
    with Pool(task, 2) as pool:
        found = dict(pool.tell(files))
    assert sorted(found) == sorted(files)
    assert "SIGKILL" in found[files[1]]["record"]["error"]
    assert found[files[0]]["record"]["cries"]


def test_a_model_that_is_refused_is_told_at_once(tmp_path):
    with pytest.raises(EdgecryError, match="no such file"):
        Pool(Task(model=str(tmp_path / "none.onnx")), 2)


def test_workers_end_with_whoever_started_them(task, files):
    with Pool(task, 2) as pool:
        next(pool.tell(files))
        processes = [worker._process for worker in pool._workers]
    deadline = time.monotonic() + 30
    while any(process.poll() is None for process in processes):
        assert time.monotonic() < deadline
        time.sleep(0.01)
