"""cluster: the rows of one process, whatever becomes of the workers of a real scheduler on loopback."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from edgecry.archive.cluster import SHARD_FILES, Cluster, shards, tell_all
from edgecry.archive.task import Ear, Task
from edgecry.errors import EdgecryError
from tests import streams
from tests.recordings import encode

distributed = pytest.importorskip("distributed", reason="NOT TESTED: pip install '.[dask]'")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Start a scheduler and two workers, as a user does, and give the scheduler's address.

    A local cluster of the library gives up a worker that takes more than 15 s to start anew.
    """
    folder = tmp_path_factory.mktemp("cluster")
    command = [sys.executable, "-m", "dask"]
    told = ["--scheduler-file", str(folder / "scheduler.json"), "--no-dashboard"]
    scheduler = ["scheduler", "--host", "127.0.0.1", "--port", "0"]
    workers = ["worker", "--nworkers", "2", "--nthreads", "1", "--local-directory", str(folder)]
    # Each death of a worker costs a start of another.
    env = os.environ | {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1", "PYTHONPATH": str(Path.cwd())}
    started = []
    try:
        for wanted in (scheduler, workers):
            log = (folder / f"{wanted[0]}.log").open("wb")
            started.append(subprocess.Popen([*command, *wanted, *told], env=env, stdout=log, stderr=log))
            log.close()
        yield address_of(folder / "scheduler.json")
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(30)


def address_of(file):
    """Read where the scheduler listens, once it has written it."""
    for _ in range(600):
        try:
            return json.loads(file.read_text())["address"]
        except (OSError, ValueError):
            time.sleep(0.1)
    raise AssertionError("the scheduler has not started within a minute")


@pytest.fixture
def task(tmp_path):
    return Task(model=str(streams.loud_detector(tmp_path, window=1.0, hop=0.5).path))


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{i}.wav" for i in range(6)]
    for i, path in enumerate(paths):
        path.write_bytes(encode(streams.scene(31, (5 + i, 12)), streams.SR))
    paths[2].write_bytes(b"dear diary")
    return [str(path) for path in paths]


def one_each(monkeypatch):
    monkeypatch.setattr("edgecry.archive.cluster.SHARD_FILES", 1)


def poisoned(settings, paths):
    """Die over one recording, as a decoder that crashes would."""
    if any(path.endswith("4.wav") for path in paths):
        os.kill(os.getpid(), signal.SIGKILL)
    return tell_all(settings, paths)


def slow(settings, paths):
    """Take long enough to be killed on the way."""
    time.sleep(1)
    return tell_all(settings, paths)


def failing(settings, paths):
    """Fail as code does that is not what the client has."""
    return [1 / 0 for _ in paths]


def test_the_rows_are_those_of_one_process(cluster, task, files):
    ear = Ear(task)
    with Cluster(task, cluster) as pool:
        assert (pool.identity, tuple(pool.labels)) == (ear.identity, ear.labels)
        assert dict(pool.tell(files)) == {path: ear.tell(path) for path in files}


def test_a_worker_that_is_killed_costs_no_row(cluster, task, files, monkeypatch):
    one_each(monkeypatch)
    ear = Ear(task)
    with distributed.Client(cluster) as client:
        pids = client.run(os.getpid)
        pool = Cluster(task, client, slow)
        threading.Timer(1.5, os.kill, (next(iter(pids.values())), signal.SIGKILL)).start()
        told = list(pool.tell(files))
    assert sorted(path for path, _ in told) == files
    assert dict(told) == {path: ear.tell(path) for path in files}


def test_a_recording_that_ends_its_workers_gets_a_row(cluster, task, files):
    ear = Ear(task)
    with distributed.Client(cluster) as client:
        told = list(Cluster(task, client, poisoned).tell(files))
    assert sorted(path for path, _ in told) == files
    found = dict(told)
    assert "every worker that heard it ended" in found.pop(files[4])["record"]["error"]
    assert found == {path: ear.tell(path) for path in files if path != files[4]}


def test_a_worker_that_came_later_gives_other_rows(cluster, task, files):
    with Cluster(task, cluster) as pool:
        pool.identity = pool.identity | {"edgecry": "0.0.1"}  # what the others have
        with pytest.raises(EdgecryError, match="a worker that came later has other models"):
            list(pool.tell(files))


def test_a_worker_fails_otherwise_than_over_a_recording(cluster, task, files):
    said = r"a worker failed \(ZeroDivisionError: division by zero\)"
    with distributed.Client(cluster) as client, pytest.raises(EdgecryError, match=said):
        list(Cluster(task, client, failing).tell(files))


def test_no_worker_is_left(task, files, monkeypatch):
    """All have ended and none comes back: it says so, and does not wait for ever."""
    settings = {"scheduler_port": 0, "dashboard_address": None, "host": "127.0.0.1"}
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, **settings) as cluster,
        distributed.Client(cluster) as client,
    ):
        pool = Cluster(task, client, slow)
        monkeypatch.setattr("edgecry.archive.cluster.WITHOUT_WORKERS", 1.0)
        cluster.scale(0)
        with pytest.raises(EdgecryError, match="all its workers are gone"):
            list(pool.tell(files))


def test_a_model_that_is_refused_is_told_at_once(cluster, tmp_path):
    with pytest.raises(EdgecryError, match="no such file"):
        Cluster(Task(model=str(tmp_path / "none.onnx")), cluster)


def test_a_scheduler_that_is_not_there_is_told(task, monkeypatch):
    monkeypatch.setattr("edgecry.archive.cluster.PATIENCE", 0.5)
    with pytest.raises(EdgecryError, match="cannot be reached"):
        Cluster(task, "tcp://127.0.0.1:9")


def test_shards_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("edgecry.archive.cluster.SHARD_BYTES", 10)
    paths = [tmp_path / f"{i}" for i in range(5)]
    for path in paths:
        path.write_bytes(b"12345")
    assert [len(shard) for shard in shards(map(str, paths))] == [2, 2, 1]
    assert [len(shard) for shard in shards(["none"] * (SHARD_FILES + 1))] == [SHARD_FILES, 1]
    assert list(shards([])) == []


class Answering:
    """A client whose workers give these answers."""

    def __init__(self, *answers):
        self.answers = answers

    def wait_for_workers(self, *_, **__):
        """There are some."""

    def run(self, *_, on_error):
        assert on_error == "return"
        return dict(enumerate(self.answers))


HELLO = {"identity": {"edgecry": "0"}, "labels": ["cry"]}


def test_a_worker_that_dies_as_it_is_asked_is_left_out(task):
    assert Cluster(task, Answering(OSError("closed"), HELLO)).labels == ["cry"]


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([OSError("closed")], "none of its workers answers"),
        ([HELLO, ModuleNotFoundError("No module named 'edgecry'")], "cannot run edgecry"),
        ([HELLO, {**HELLO, "identity": {"edgecry": "1"}}], "workers differ"),
        ([HELLO, {"refused": "m.onnx: no such file"}], "no such file"),
    ],
)
def test_workers_that_cannot_share_the_work_are_told(task, answers, words):
    with pytest.raises(EdgecryError, match=words):
        Cluster(task, Answering(*answers))
