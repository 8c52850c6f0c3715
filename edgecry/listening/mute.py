"""A mute outlives a new start of the listener: a small file says until when alerts are off."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from edgecry.clips.file import open_file
from edgecry.sinks.controls import Controls

#: The file, in the service's own folder.
MUTE_FILE: Final = "mute.json"
_LONGEST: Final = 1000
_PART: Final = ".new"

log = logging.getLogger("edgecry")


class MuteFile:
    """Keeps until when alerts are off.

    After a new start they are off for as long as was left, and never longer than was asked for: on a board
    whose clock starts in the past, the time that has gone by is not known. A mute without end stays, as a
    switch of Home Assistant does, and the log says so.

    Parameters
    ----------
    path : Path
        The file. It is there only while alerts are off.
    clock : callable
        Seconds since 1970.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._lock = threading.Lock()

    def keep(self, controls: Controls) -> None:
        """Mute as the file says, and write down every change from now on."""
        left = self._left()
        if left > 0:
            controls.mute(left)
            length = "without end" if math.isinf(left) else f"for {max(1, round(left / 60))} min more"
            log.warning("alerts are off %s, as they were before the start", length)
        # A disk may take its time, so that neither the page nor a signal waits for it.
        controls.changed = lambda: threading.Thread(
            target=self.write, args=[controls], name="edgecry-mute", daemon=True
        ).start()

    def write(self, controls: Controls) -> None:
        """Write down what holds now. A disk that does not take it is a line in the log."""
        with self._lock:  # whoever comes last writes what is newest
            until, asked = controls.muted_until, controls.asked
            try:
                if until is None:
                    self._path.unlink(missing_ok=True)
                    return
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                end = None if math.isinf(until) else until
                text = json.dumps({"until": end, "seconds": None if end is None else asked})
                part = self._path.with_name(self._path.name + _PART)
                with suppress(FileNotFoundError):
                    part.unlink()
                with open_file(part, "xb") as file:
                    file.write(text.encode())
                part.replace(self._path)
            except OSError as error:
                log.warning("%s: the mute will not outlive a new start (%s)", self._path, error.strerror)

    def _left(self) -> float:
        """Return the seconds that are left of a mute; 0 without a mute, or if the file holds no mute."""
        try:
            with self._path.open("rb") as file:
                found = json.loads(file.read(_LONGEST))
            until, asked = found["until"], found["seconds"]
            if until is None and asked is None:
                return math.inf
            left = min(_number(until) - self._clock(), _number(asked))
        except FileNotFoundError:
            return 0.0
        except (OSError, ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
            log.warning("%s: holds no mute (%s); alerts are on", self._path, error)
            return 0.0
        return max(0.0, left)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a time is expected")
    return float(value)
