"""The picture beside each recording: its spectrogram as PNG, drawn in a thread of its own."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from edgecry.clips.file import PART, open_file
from edgecry.features.picture import picture

#: Seconds that the end of a process waits for the last picture.
PATIENCE: Final = 10.0
#: By how much the thread is nicer than the process, on a scale to 19.
_NICE: Final = 10

log = logging.getLogger("edgecry")


def beside(clip: Path) -> Path:
    """Return the path of the picture of a recording."""
    return clip.with_suffix(".png")


def drawn(clip: Path) -> bytes:
    """Give the picture of a recording as PNG: the one beside it, or one that is drawn now.

    Raises
    ------
    AudioError
        There is no picture, and the recording cannot be read.
    """
    path = beside(clip)
    with suppress(OSError):
        if not path.is_symlink():  # nothing but what lies here is shown
            return path.read_bytes()
    return picture(clip)


class Drawer:
    """Draws recordings one after another. A picture takes a board seconds, and the sound goes first.

    What cannot be drawn or written is a line in the log; the recording stays.
    """

    def __init__(self) -> None:
        self._todo: SimpleQueue[Path | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def add(self, clip: Path) -> None:
        """Draw a recording that is finished, soon."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
            self._thread.start()
        self._todo.put(clip)

    def close(self, patience: float = PATIENCE) -> None:
        """Draw what is waiting, for so many seconds at most."""
        if self._thread is not None:
            self._todo.put(None)
            self._thread.join(patience)
            self._thread = None

    def _run(self) -> None:
        with suppress(OSError):  # of this thread alone, on Linux
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while (clip := self._todo.get()) is not None:
            try:
                _write(clip)
            except Exception as error:  # whatever it is, the next recording gets its picture
                if clip.exists():  # and was not removed meanwhile
                    log.warning("%s: recorded, but there is no picture of it: %s", clip.name, error)


def _write(clip: Path) -> None:
    """Write the picture under another name until it is whole; for its owner alone, as the recording is."""
    data, path = picture(clip), beside(clip)
    part = path.with_name(path.name + PART)
    try:
        with open_file(part, "wb") as file:
            file.write(data)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
