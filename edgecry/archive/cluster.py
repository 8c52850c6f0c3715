"""Machines that share the work, by Dask: a scheduler hands out shards of about ten hours of sound."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from edgecry.archive.task import Ear, Task, Told, failure
from edgecry.errors import EdgecryError

#: Bytes of a shard. They are about ten hours of FLAC at 16 kHz, for which one core takes half a minute.
SHARD_BYTES: Final = 600 << 20
#: The most recordings of a shard, if they are short.
SHARD_FILES: Final = 2000
#: Number of shards that wait at the scheduler for each worker, so that no worker is idle.
AHEAD: Final = 3
#: How often a shard is tried again if it fails for another reason than a recording.
RETRIES: Final = 2
#: Seconds to wait for the scheduler, and then for its first worker.
PATIENCE: Final = 30.0
#: Seconds to wait for another worker when all have ended: a batch system may take minutes to start one.
WITHOUT_WORKERS: Final = 300.0
#: Seconds between two looks at what is done, and between two questions for the workers.
_PAUSE: Final = 0.02
_ASK_EVERY: Final = 1.0

#: Classifies the paths of a shard, and returns what became of each.
Work = Callable[[Mapping[str, Any], Sequence[str]], list[Told]]


class Cluster:
    """Classifies paths on the workers of a Dask scheduler. All of them must see the same paths.

    Parameters
    ----------
    task : Task
    client : distributed.Client or str
        A client, or the address of a scheduler, such as ``tcp://host:8786``.
    work : callable
        The function that a worker calls with a shard.
    sizes : mapping of str to int
        Bytes of the paths. The size of a path that is missing here is looked up.

    Attributes
    ----------
    identity, labels
        As those of a :class:`~edgecry.archive.pool.Pool`.

    Raises
    ------
    EdgecryError
        Dask is not installed, the scheduler or a worker cannot be reached, a model is refused, or the workers
        do not agree on models and versions.
    """

    def __init__(
        self, task: Task, client: Any, work: Work | None = None, sizes: Mapping[str, int] | None = None
    ) -> None:
        self._settings, self._work, self._sizes = task.to_dict(), work or tell_all, sizes or {}
        self._is_own = isinstance(client, str)
        self._client = _connected(client) if self._is_own else client
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            self.close()
            raise EdgecryError("scheduler: it has no worker; start some with 'dask worker'") from None
        hellos = self._hellos()
        for hello in hellos:
            if "refused" in hello:
                self.close()
                raise EdgecryError(hello["refused"])
            if hello != hellos[0]:
                self.close()
                raise EdgecryError(
                    "scheduler: its workers differ in models or in the version of edgecry, so their rows "
                    "would too; install the same on all"
                )
        self.identity: dict[str, Any] = hellos[0]["identity"]
        self.labels: list[str] = hellos[0]["labels"]

    def tell(self, paths: Iterable[str]) -> Iterator[tuple[str, Told]]:
        """Classify recordings, and yield each with its path as its shard is done, in any order.

        A shard whose worker dies again and again is done recording by recording, and each that is still
        there when its worker dies is done once more alone at the end: a worker that dies takes all with it
        that it holds, and only the recording that ends it has an error.

        Raises
        ------
        EdgecryError
            The scheduler is gone, or has no worker any more; or a worker fails otherwise than over a
            recording, or has come later with other models or another version of edgecry.
        """
        from distributed import KilledWorker, as_completed

        waiting, held, suspects = shards(paths, self._sizes), dict[Any, list[str]](), list[str]()
        done = as_completed(loop=self._client.loop)  # from this client, and not from the default one

        def give(some: Iterable[list[str]]) -> None:
            for shard in some:
                future = self._submit(shard)
                held[future] = shard
                done.add(future)

        give(islice(waiting, max(1, AHEAD * len(self._client.nthreads()))))
        while held or suspects:
            is_alone = not held
            if is_alone:
                give([[suspects.pop()]])
            self._wait_for(done.has_ready)
            future = next(done)
            shard = held.pop(future)
            try:
                told = self._result_of(future)
            except KilledWorker:
                if is_alone:
                    error = f"{shard[0]}: every worker that heard it ended; try it alone, or with more memory"
                    yield shard[0], failure(shard[0], error)
                elif len(shard) == 1:
                    suspects += shard
                else:
                    give([path] for path in shard)
            else:
                yield from zip(shard, told, strict=True)
            give(islice(waiting, 1))

    def _hellos(self) -> list[dict[str, Any]]:
        """Ask all workers what their rows depend on. One that dies at this moment is left out."""
        answers = list(self._client.run(introduce, self._settings, on_error="return").values())
        for answer in answers:
            if isinstance(answer, Exception) and not isinstance(answer, OSError):
                self.close()
                raise EdgecryError(
                    f"scheduler: a worker cannot run edgecry ({answer}); install the same version on all"
                ) from answer
        hellos = [answer for answer in answers if not isinstance(answer, Exception)]
        if not hellos:
            self.close()
            raise EdgecryError("scheduler: none of its workers answers; look at their logs")
        return hellos

    def _result_of(self, future: Any) -> list[Told]:
        """Fetch what a worker has done. If that worker has ended meanwhile, another does it again."""
        from distributed import CancelledError, KilledWorker

        while True:
            self._wait_for(future.done)
            try:
                result: list[Told] = future.result(timeout=PATIENCE)
            except TimeoutError:
                continue
            except (CancelledError, OSError) as error:
                raise _gone(error) from error
            except (KilledWorker, EdgecryError):
                raise
            except Exception as error:  # whatever a worker runs into, such as a package that it lacks
                raise EdgecryError(
                    f"scheduler: a worker failed ({type(error).__name__}: {error}); look at its log, and run "
                    "the same command again for the rest"
                ) from error
            return result

    def _wait_for(self, is_ready: Callable[[], bool]) -> None:
        """Wait as long as there are workers: a shard may take its time, but without one it never ends."""
        asked = had_workers = time.monotonic()
        while not is_ready():
            time.sleep(_PAUSE)
            now = time.monotonic()
            if now - asked < _ASK_EVERY:
                continue
            asked = now
            if self._has_workers():
                had_workers = now
            elif now - had_workers > WITHOUT_WORKERS:
                raise EdgecryError(
                    "scheduler: all its workers are gone; start some with 'dask worker': what is done is in "
                    "the journal, and the same command does the rest"
                )

    def _has_workers(self) -> bool:
        from distributed.client import ClosedClientError

        try:
            return bool(self._client.nthreads())
        except (ClosedClientError, OSError) as error:
            raise _gone(error) from error

    def _submit(self, shard: list[str]) -> Any:
        from distributed.client import ClosedClientError

        try:
            share = (self._work, self._settings, self.identity, shard)
            return self._client.submit(do_share, *share, retries=RETRIES, pure=False)
        except (ClosedClientError, OSError) as error:
            raise _gone(error) from error

    def close(self) -> None:
        """Disconnect from the scheduler if it was named by its address."""
        if self._is_own:
            self._client.close()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _gone(error: BaseException) -> EdgecryError:
    return EdgecryError(
        f"scheduler: it no longer answers ({error}); what is done is in the journal; run the "
        "same command again for the rest"
    )


def shards(paths: Iterable[str], sizes: Mapping[str, int] = MappingProxyType({})) -> Iterator[list[str]]:
    """Group recordings into shards that take a worker about half a minute."""
    shard: list[str] = []
    size = 0
    for path in paths:
        shard.append(path)
        size += sizes[path] if path in sizes else _size(path)
        if size >= SHARD_BYTES or len(shard) >= SHARD_FILES:
            yield shard
            shard, size = [], 0
    if shard:
        yield shard


def tell_all(settings: Mapping[str, Any], paths: Sequence[str]) -> list[Told]:
    """Classify a shard on this machine. The models are opened once in each process."""
    ear = _ear(tuple(sorted(settings.items())))
    return [ear.tell(path) for path in paths]


def do_share(
    work: Work, settings: Mapping[str, Any], identity: Mapping[str, Any], paths: Sequence[str]
) -> list[Told]:
    """Do a shard on a worker that gives the rows of all others. One that has come later may not.

    Raises
    ------
    EdgecryError
        Its models or its version of edgecry differ.
    """
    hello = introduce(settings)
    if hello.get("identity") != identity:
        raise EdgecryError(
            "scheduler: a worker that came later has other models or another version of edgecry; install the "
            "same on all, and run the same command again for the rest"
        )
    return work(settings, paths)


def introduce(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the rows of this process depend on, or why it refuses the task."""
    try:
        ear = _ear(tuple(sorted(settings.items())))
    except EdgecryError as error:
        return {"refused": str(error)}
    return {"identity": ear.identity, "labels": list(ear.labels)}


@lru_cache(maxsize=1)
def _ear(settings: tuple[tuple[str, Any], ...]) -> Ear:
    return Ear(Task.from_dict(dict(settings)))


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise EdgecryError(f"scheduler: Dask is missing ({error}); pip install '.[dask]'") from error
    try:
        return Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise EdgecryError(
            f"scheduler: {address} cannot be reached ({error or 'no answer'}); "
            "start one with 'dask scheduler'"
        ) from error


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
