"""Processes that share the work. If one dies, the others go on, and its recording gets a row."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from types import TracebackType
from typing import IO, Any, Final, Self, cast

from edgecry.archive.task import Task, Told, failure
from edgecry.errors import EdgecryError

#: How often a recording is tried if its process dies. Somebody else may have ended the first process.
TRIES: Final = 2


class Pool:
    """The workers of a task. Use it as a context manager.

    Parameters
    ----------
    task : Task
    jobs : int >= 1
        Number of processes, with one thread each.

    Attributes
    ----------
    identity : dict
        All that the rows depend on.
    labels : list of str
        Labels of the model.

    Raises
    ------
    EdgecryError
        A model is refused, or no process can be started.
    """

    def __init__(self, task: Task, jobs: int) -> None:
        self._task = task
        self._workers: list[_Worker] = []
        first = self._start()
        self.identity: dict[str, Any] = first.hello["identity"]
        self.labels: list[str] = first.hello["labels"]
        self._jobs = jobs

    def _start(self) -> _Worker:
        worker = _Worker(self._task)
        self._workers.append(worker)
        return worker

    def tell(self, paths: Iterable[str]) -> Iterator[tuple[str, Told]]:
        """Classify recordings, and yield each with its path as it is done, in any order."""
        waiting = iter(paths)
        again: deque[tuple[str, int]] = deque()
        with DefaultSelector() as selector:
            busy = 0
            for worker in self._more():
                busy += self._employ(worker, waiting, again, selector)
                if not busy:
                    return
            while busy:
                for key, _ in selector.select():
                    worker = key.data
                    path, told = worker.path, worker.result()
                    if told is None:
                        selector.unregister(worker.output)
                        self._workers.remove(worker)
                        if worker.tries < TRIES:
                            again.append((path, worker.tries))
                        else:
                            yield path, failure(path, f"{path}: {worker.end()}")
                        worker.close()
                        worker = self._start()
                    else:
                        selector.unregister(worker.output)
                        yield path, told
                    busy += self._employ(worker, waiting, again, selector) - 1

    def _more(self) -> Iterator[_Worker]:
        """Yield the workers. A worker that is missing is started when its turn comes."""
        yield from list(self._workers)
        while len(self._workers) < self._jobs:
            yield self._start()

    @staticmethod
    def _employ(
        worker: _Worker,
        waiting: Iterator[str],
        again: deque[tuple[str, int]],
        selector: DefaultSelector,
    ) -> int:
        """Give a worker the next recording; return 0 if no recording is left."""
        path, tries = again.popleft() if again else (next(waiting, None), 0)
        if path is None:
            return 0
        worker.ask(path, tries + 1)
        selector.register(worker.output, EVENT_READ, worker)
        return 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.close()


class _Worker:
    """One process, and the recording that it works on."""

    def __init__(self, task: Task) -> None:
        one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        # -P: a file of the user in the current folder must not be imported as a module.
        command = [sys.executable, "-P", "-m", "edgecry.archive.worker"]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **one_thread}
        )
        self._input = cast(IO[bytes], self._process.stdin)  # both are pipes
        self.output = cast(IO[bytes], self._process.stdout)
        self.path, self.tries = "", 0
        self._send(task.to_dict())
        hello = self.result()
        if hello is None:
            raise EdgecryError(f"classify: a process that classifies cannot be started: {self.end()}")
        if "refused" in hello:
            self.close()
            raise EdgecryError(hello["refused"])
        self.hello = hello

    def ask(self, path: str, tries: int) -> None:
        """Send the path of a recording to the process."""
        self.path, self.tries = path, tries
        self._send(path)

    def _send(self, value: object) -> None:
        with suppress(BrokenPipeError):  # the process is dead; reading its answer will show that
            self._input.write(json.dumps(value).encode() + b"\n")
            self._input.flush()

    def result(self) -> Any:
        """Read the answer. Return None if the process is dead."""
        line = self.output.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def end(self) -> str:
        """Return how the process ended, in words."""
        code = self._process.wait()
        with suppress(ValueError):
            if code < 0:
                name = signal.Signals(-code).name
                return f"the process that heard it ended with {name}; try it alone, or with more memory"
        return f"the process that heard it ended with code {code}; try it alone"

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        with suppress(OSError):
            self._input.close()
        self.output.close()
        self._process.wait()
