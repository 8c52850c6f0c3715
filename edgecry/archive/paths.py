"""The door to archives from Python: paths in, records out, in processes or on a cluster."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from edgecry.archive.cluster import Cluster
from edgecry.archive.find import Found
from edgecry.archive.journal import Journal
from edgecry.archive.pool import Pool
from edgecry.archive.run import Summary, run
from edgecry.archive.search import find
from edgecry.archive.task import Task
from edgecry.checks import whole
from edgecry.errors import EdgecryError, EdgecryWarning


def classify_paths(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    task: Task = Task(),  # noqa: B008 - frozen
    *,
    jobs: int = 1,
    client: Any = None,
    journal: str | os.PathLike[str] | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    summary: Summary | None = None,
) -> Iterator[dict[str, Any]]:
    """Classify recordings and all that are in folders, as ``edgecry classify`` does.

    Parameters
    ----------
    paths : path or iterable of paths
        Recordings and folders, or addresses such as ``s3://bucket/nights/``. A name that
        comes twice counts once.
    task : Task
        Which models are asked, and how they decide.
    jobs : int in [1, 1024]
        Number of processes, with one thread each. Even a single one is a process of its own, so that a
        decoder that crashes does not end the caller.
    client : distributed.Client or str, optional
        A client of a Dask scheduler, or its address, such as ``tcp://host:8786``. Its workers then
        share the work in shards of about ten hours of sound, and ``jobs`` is not used.
    journal : path, optional
        A file that remembers what is done. The same call after a crash, of this process or of the
        scheduler, then does the rest. It is begun anew, with a warning, if a model or a setting has changed.
    include, exclude : sequence of str
        Patterns that choose among the recordings of folders, such as ``2026-*/*.wav``.
    summary : Summary, optional
        Counts hours, cries and errors on the way.

    Yields
    ------
    dict
        A record for each recording, in the order of the paths, and in folders of the names: what
        ``--format jsonl`` writes. It has ``file`` and either ``error`` or the answer.

    Raises
    ------
    EdgecryError
        A setting is out of range, a model is refused, another process writes the journal, or the
        scheduler cannot be reached or is gone. A recording that fails raises nothing: it has its record.
    OSError
        The journal cannot be read or written.

    Warns
    -----
    EdgecryWarning
        A recording is odd, yet heard.
    """
    jobs = whole("jobs", jobs, 1, 1024)
    names = [paths] if isinstance(paths, str | os.PathLike) else paths
    files = find([os.fsdecode(name) for name in names], include, exclude)
    return _records(files, task, jobs, client, journal, summary or Summary())


def _records(
    files: Sequence[Found], task: Task, jobs: int, client: Any, path: Any, summary: Summary
) -> Iterator[dict[str, Any]]:
    if not files:
        return
    with ExitStack() as stack:
        workers = workers_for(task, files, jobs, client)
        stack.enter_context(workers)
        journal = None
        if path is not None:
            journal = stack.enter_context(Journal(Path(os.fsdecode(path)), workers.identity))
            if journal.changed:
                text = f"{path}: {', '.join(journal.changed)} changed since; all is done anew"
                warnings.warn(text, EdgecryWarning, stacklevel=2)
        for told, is_new in run(files, workers.tell, journal, summary):
            for note in told["notes"] if is_new else ():
                warnings.warn(note, EdgecryWarning, stacklevel=2)
            yield told["record"]


def workers_for(task: Task, files: Sequence[Found], jobs: int = 1, client: Any = None) -> Pool | Cluster:
    """Start processes, no more than there are recordings, or ask a scheduler for its workers."""
    if client is not None:
        return Cluster(task, client, sizes={found.name: found.size for found in files})
    if not files:
        raise EdgecryError("classify: there is no recording; name one")
    return Pool(task, min(jobs, len(files)))
