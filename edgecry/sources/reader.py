"""The thread between a source and whoever listens, which keeps the source from ever having to wait."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edgecry.checks import number
from edgecry.errors import AudioError
from edgecry.sources.base import Gap, Source
from edgecry.sources.ring import Block, Ring

#: Seconds of sound that wait for the listener before the oldest is dropped.
HOLD: Final = 10.0
#: Seconds after which the thread looks up whether it should stop.
_GLANCE: Final = 0.25
_PATIENCE: Final = 10.0
#: How much faster than its nominal rate a live source may run.
_DRIFT: Final = 0.02

log = logging.getLogger("edgecry")


@dataclass(frozen=True)
class SourceCounts:
    """What a reader has seen so far.

    Attributes
    ----------
    samples : int
        Samples that came.
    overruns : int
        Of them, those that were dropped because nobody took them in time.
    gaps, missing : int
        How often sound was lost at the source, and about how many samples.
    restarts : int
        How often the source was started again.
    last_error : str or None
        What went wrong last.
    """

    samples: int = 0
    overruns: int = 0
    gaps: int = 0
    missing: int = 0
    restarts: int = 0
    last_error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return asdict(self)


class Reader:
    """Reads a source in a thread of its own, and holds what nobody has taken yet.

    A live source is never kept waiting: when the listener is late, the oldest samples are dropped and
    counted. One that runs ahead of the clock, such as a file, is not live: it waits, and loses nothing.

    Parameters
    ----------
    source : Source
        Not open yet; it is opened and closed here.
    hold : float > 0
        Seconds of sound to hold.
    live : bool, optional
        Whether the source is live; found out if left out.
    clock : callable
        Seconds, ever rising.
    """

    def __init__(
        self,
        source: Source,
        hold: float = HOLD,
        live: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        number("hold", hold, 0, unit="s", above=True, error=AudioError)
        self._source = source
        self._hold = hold
        self._live = live
        self._clock = clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._ring: Ring | None = None
        self._error: AudioError | None = None
        self._samples = self._gaps = self._missing = 0
        self._ahead = 0.0  # samples that came sooner than the clock accounts for
        self._then = 0.0
        self._seen = 0.0  # when the thread last came round

    def __enter__(self) -> Reader:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def sr(self) -> int:
        """Samples a second; known once it has started."""
        return self._source.sr

    @property
    def is_live(self) -> bool:
        """True if the source is live, as far as is known by now."""
        return self._live is not False

    @property
    def is_behind(self) -> bool:
        """True if so much waits that whoever reads is the slower one."""
        return self._ring is not None and len(self._ring) > self._ring.capacity / 2

    @property
    def ended(self) -> bool:
        """True if the source is over, and all of it was read."""
        return self._ring is not None and self._ring.ended

    @property
    def idle(self) -> float:
        """Seconds since the thread came round; it does so several times a second, unless the source hangs."""
        is_running = self._thread is not None and self._thread.is_alive()
        return self._clock() - self._seen if is_running else 0.0

    @property
    def counts(self) -> SourceCounts:
        """What has come so far."""
        return SourceCounts(
            samples=self._samples,
            overruns=0 if self._ring is None else self._ring.overruns,
            gaps=self._gaps,
            missing=self._missing,
            restarts=self._source.restarts,
            last_error=str(self._error) if self._error else self._source.last_error,
        )

    def start(self) -> None:
        """Open the source and begin to read.

        Raises
        ------
        AudioError
            It cannot be opened.
        """
        try:
            self._source.open()
            self._ring = Ring(max(1, round(self._hold * self._source.sr)))
        except BaseException:
            self._source.close()
            raise
        if self._live is None:
            self._live = self._source.live
        self._then = self._seen = self._clock()
        self._thread = threading.Thread(target=self._run, args=(self._ring,), name="source", daemon=True)
        self._thread.start()

    def read(self, limit: int, timeout: float | None = None, least: int = 1) -> Block | None:
        """Take samples, at most ``limit``; None if none came in time, or at the end.

        It waits for ``least`` of them, or the end of the time.

        Raises
        ------
        AudioError
            The source has failed for good, and all that came before was read.
        """
        if self._ring is None:
            raise AudioError("reader: has not been started; call start() first")
        block = self._ring.read(limit, timeout, least)
        if block is None and self._error is not None and self._ring.ended:
            raise self._error
        return block

    def stop(self) -> None:
        """Stop reading, and close the source. What is held can still be read. May be called twice."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)
            if self._thread.is_alive():
                log.warning("%s: does not let go; left behind", self._source.name)

    # -- in the thread ---------------------------------------------------------------------------------

    def _run(self, ring: Ring) -> None:
        try:
            while not self._stop.is_set():
                self._seen = self._clock()
                block = self._source.read(_GLANCE)
                if block is None:
                    if self._source.complaint is not None:
                        raise AudioError(self._source.complaint)
                    break
                if isinstance(block, Gap):
                    self._gaps += 1
                    self._missing += block.samples
                    ring.skip(block.samples)
                elif len(block):
                    self._pass_on(ring, block)
        except AudioError as error:
            self._error = error
        except Exception as error:  # a fault here must reach the listener, not end a thread in silence
            log.exception("%s: the reader failed", self._source.name)
            self._error = AudioError(f"{self._source.name}: reading failed ({error!r}); please report it")
        finally:
            self._source.close()
            ring.close()

    def _pass_on(self, ring: Ring, block: NDArray[np.float32]) -> None:
        if self._live is None and self._is_ahead(len(block), ring.capacity / 2):
            self._live = False
        step = max(1, ring.capacity // 4)
        for start in range(0, len(block), step):
            piece = block[start : start + step]
            while self._live is False and not ring.wait_for_room(len(piece), _GLANCE):
                self._seen = self._clock()
                if self._stop.is_set():
                    return  # rather than push out what is held
            ring.write(piece)
            self._samples += len(piece)

    def _is_ahead(self, n: int, allowed: float) -> bool:
        """Tell by the clock whether more has come than can have been recorded meanwhile."""
        now = self._clock()
        elapsed, self._then = now - self._then, now
        self._ahead = max(0.0, self._ahead + n - elapsed * self.sr * (1 + _DRIFT))
        return self._ahead > allowed
