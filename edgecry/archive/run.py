"""A run over many recordings. What is done already is skipped, and rows come in the order of the files."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgecry.archive.find import Found
from edgecry.archive.journal import Journal
from edgecry.archive.task import Told, failure


@dataclass
class Summary:
    """The counts of a run.

    Attributes
    ----------
    files, errors, cries : int
        Number of recordings that were found, of errors, and of cries. A short recording with a cry is one
        cry. What is not there, or cannot be read or searched, is an error and no recording.
    hours, new_hours : float
        Hours of sound in all, and hours that were heard in this run and not in an earlier one.
    seconds : float
        Duration of the run so far.
    """

    files: int = 0
    errors: int = 0
    cries: int = 0
    hours: float = 0.0
    new_hours: float = 0.0
    _began: float = field(default_factory=time.monotonic)
    _spent: float = field(default_factory=lambda: cpu_seconds())

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    def count(self, found: Found, told: Told, is_new: bool) -> None:
        """Count a recording, or what stands in its place."""
        record = told["record"]
        self.files += not found.error
        self.errors += "error" in record
        self.cries += len(record["cries"]) if "cries" in record else _has_cry(record)
        hours = record.get("duration", 0.0) / 3600
        self.hours += hours
        self.new_hours += hours if is_new else 0.0

    def rate(self) -> float | None:
        """Hours of sound per hour of one core. Call it when the processes have ended."""
        spent = cpu_seconds() - self._spent
        return 3600 * self.new_hours / spent if spent > 0 and self.new_hours else None


def cpu_seconds() -> float:
    """Return the CPU time of this process and of those that it started and that have ended, in seconds."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def run(
    files: Sequence[Found],
    tell: Callable[[Iterable[str]], Iterable[tuple[str, Told]]],
    journal: Journal | None,
    summary: Summary,
) -> Iterator[tuple[Told, bool]]:
    """Classify recordings, and yield what became of each in their order.

    Parameters
    ----------
    files : sequence of Found
        The recordings. No name may come twice.
    tell : callable
        Classifies paths in any order, as :meth:`~edgecry.archive.pool.Pool.tell` does.
    journal : Journal, or None
        Recordings in it are not done again. Those that are done are added.
    summary : Summary
        The counts that are updated.

    Yields
    ------
    told : Told
    is_new : bool
        True if the recording was done in this run.
    """
    by_name = {found.name: found for found in files}
    todo = [f.name for f in files if not f.error and not (journal and journal.has(f))]
    new, ready = set(todo), dict[str, Told]()
    place = 0

    def in_order() -> Iterator[tuple[Told, bool]]:
        nonlocal place
        while place < len(files):
            found = files[place]
            if found.error:
                told = failure(found.name, found.error)
            elif found.name in ready:
                told = ready.pop(found.name)
            elif journal and journal.has(found):
                told = journal.told(found)
            else:
                return
            place += 1
            is_new = bool(found.error) or found.name in new
            summary.count(found, told, is_new)
            yield told, is_new

    yield from in_order()
    for name, told in tell(todo):
        if journal:
            journal.add(by_name[name], told)
        else:
            ready[name] = told
        yield from in_order()


def _has_cry(record: dict[str, Any]) -> bool:
    cry = record.get("cry")
    return cry is not None and bool(cry["detected"])
