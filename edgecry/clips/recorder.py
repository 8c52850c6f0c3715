"""Recordings of events: each as FLAC, with what was heard before and after.

Sound is held back for a while in memory, so that a recording can begin before anybody knew of the cry,
and end where the cry did although that is known only later. What is older is on the disk already.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from edgecry.checks import number
from edgecry.clips.file import ClipFile, Opener, open_file
from edgecry.clips.folder import ClipStore, Quota
from edgecry.stream.events import CryEvent
from edgecry.stream.history import History

#: Longest time in seconds that may be asked for before and after an event.
MAX_ROLL: Final = 120.0
#: Seconds between looks at the quota while a recording grows.
_TIDY_EVERY: Final = 60.0

if TYPE_CHECKING:
    from edgecry.clips.pictures import Drawer

log = logging.getLogger("edgecry")


@dataclass(frozen=True)
class ClipSettings:
    """What is recorded of an event.

    Parameters
    ----------
    pre, post : float in [0, 120]
        Seconds before its start and after its end.
    lookback : float in [1, 300]
        Seconds after which an event's start and its end are known at the latest; what is held in
        memory is this and ``pre``.
    max_length : float in [10, 7200]
        Seconds of one file; a longer event goes on in the next.
    late : float in [0, 300], optional
        Seconds after which an event's end is known; ``lookback`` if left out. Sound that is older than
        this and cannot be behind the recording's end is written at once, so that a crash takes little.

    Raises
    ------
    EdgecryError
        A value is out of range.
    """

    pre: float = 5.0
    post: float = 5.0
    lookback: float = 30.0
    max_length: float = 900.0
    late: float | None = None

    def __post_init__(self) -> None:
        number("pre", self.pre, 0, MAX_ROLL, "s")
        number("post", self.post, 0, MAX_ROLL, "s")
        number("lookback", self.lookback, 1, 300, "s")
        number("max_length", self.max_length, 10, 7200, "s")
        number("late", self.lookback if self.late is None else self.late, 0, 300, "s")

    @property
    def lag(self) -> float:
        """Seconds of the newest sound that may be behind the end of a recording."""
        return max(0.0, (self.lookback if self.late is None else self.late) - self.post)


@dataclass(frozen=True)
class ClipCounts:
    """What has become of recordings: files that were finished, and events that could not be kept."""

    written: int = 0
    failed: int = 0
    last_error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain types, ready for JSON."""
        return asdict(self)


class ClipRecorder:
    """Records events to a folder. What goes wrong with the disk is logged and counted, never raised.

    Parameters
    ----------
    folder : path
        Where recordings go.
    sr : int
        Samples a second of what is pushed.
    when : callable
        Seconds since 1970 of a second of the stream, for names.
    settings : ClipSettings, optional
        What is recorded.
    quota : Quota, optional
        How much of it is kept.
    clock : callable
        Seconds since 1970, for ages.
    opener : callable
        Opens files.
    drawer : Drawer, optional
        Draws each recording; no pictures if left out.
    """

    def __init__(
        self,
        folder: Path,
        sr: int,
        when: Callable[[float], float],
        settings: ClipSettings | None = None,
        quota: Quota | None = None,
        clock: Callable[[], float] = time.time,
        opener: Opener = open_file,
        drawer: Drawer | None = None,
    ) -> None:
        self._drawer = drawer
        self.sr = sr
        self.settings = settings or ClipSettings()
        self._store = ClipStore(folder, quota, clock)
        self._when = when
        self._opener = opener
        self._held = max(1, round((self.settings.pre + self.settings.lookback + 1) * sr))  # samples
        self._heard = History(self._held, dtype=np.int16)
        self._clips: list[_Clip] = []
        self._recorded: list[tuple[int, Path]] = []  # events whose recordings are done, until they are told
        self._written = self._failed = 0
        self._last_error: str | None = None
        self._try(self._prepare)

    @property
    def counts(self) -> ClipCounts:
        """What has become of recordings so far."""
        return ClipCounts(self._written, self._failed, self._last_error)

    def push(self, start: int, samples: NDArray[Any]) -> None:
        """Take the next sound.

        Parameters
        ----------
        start : int
            Index of its first sample on the stream's timeline. Samples that are missing before it
            are silence in a recording; a hole longer than what is held ends it.
        samples : np.ndarray [shape=(n,), dtype=float32 or int16]
            Full scale is 1, or the type's own.
        """
        missing = start - self._heard.stop
        if missing > self._held or missing < 0:
            self._end_all()
            self._heard.begin(start)
            missing = 0
        if missing:
            self.push(self._heard.stop, np.zeros(missing, np.int16))
        step = max(1, self._held // 4)
        for at in range(0, len(samples), step):
            piece = samples[at : at + step]
            # What is about to be forgotten is on the disk before it is, a second at a time.
            leaving = self._heard.stop + len(piece) - self._held
            if any(clip.at < leaving and not clip.failed for clip in self._clips):
                self._write_until(leaving + self.sr)
            self._heard.extend(_int16(piece))
        settled = self._heard.stop - round(self.settings.lag * self.sr)
        if any(clip.at + self.sr <= settled and not clip.failed for clip in self._clips):
            self._write_until(settled)
        self._finish_ended()

    def handle(self, event: CryEvent) -> Path | None:
        """Begin a recording with an event's start, and let it run out after its end.

        What the event is made of has been pushed before.

        Returns
        -------
        Path or None
            The recording of this event, or the first of its files, as it will be called once it is
            done, which :meth:`recorded` tells; None if there is none.
        """
        if event.kind == "start":
            oldest = max(self._heard.start, self._heard.stop - self._held)
            begin = max(oldest, round((event.start - self.settings.pre) * self.sr))
            clip = _Clip(event.number, min(begin, self._heard.stop))
            self._clips.append(clip)
            self._attempt(clip, partial(self._append, clip, np.empty(0, np.int16)))  # names the recording
        found = [clip for clip in self._clips if clip.number == event.number and clip.end is None]
        if not found:
            return None
        clip = found[-1]
        if event.kind == "end":
            clip.end = round((event.end + self.settings.post) * self.sr)
            self._finish_ended()
        return None if clip.failed else clip.path

    def settle(self) -> None:
        """Finish the recordings of events that are over with what there is, as no more sound comes."""
        for clip in self._clips:
            if clip.end is not None:
                clip.end = min(clip.end, self._heard.stop)
        self._finish_ended()

    def recorded(self) -> list[tuple[int, Path]]:
        """Return the events whose recordings were finished since the last call, and their first files."""
        recorded, self._recorded = self._recorded, []
        return recorded

    def tidy(self) -> None:
        """Remove what is too old by now, also when nothing is recorded."""
        self._try(self._store.tidy)

    def close(self) -> None:
        """Finish every recording with what there is, and wait a while for the last pictures."""
        self._end_all()
        if self._drawer is not None:
            self._drawer.close()

    # -- recordings ------------------------------------------------------------------------------------

    def _end_all(self) -> None:
        for clip in self._clips:
            end = self._heard.stop if clip.end is None else min(clip.end, self._heard.stop)
            self._write(clip, end)
            self._finish(clip)
            self._note(clip)
        self._clips.clear()

    def _prepare(self) -> None:
        for path in self._store.prepare():
            self._draw(path)

    def _draw(self, path: Path) -> None:
        if self._drawer is not None:
            self._drawer.add(path)

    def _write_until(self, index: int) -> None:
        for clip in self._clips:
            self._write(clip, index if clip.end is None else min(index, clip.end))

    def _finish_ended(self) -> None:
        for clip in list(self._clips):
            if clip.end is None or clip.end > self._heard.stop:
                continue
            self._write(clip, clip.end)
            self._finish(clip)
            self._note(clip)
            self._clips.remove(clip)

    def _note(self, clip: _Clip) -> None:
        """Note a recording that is done, however much of it failed, if there is a file of it."""
        if clip.is_there and clip.path is not None:
            self._recorded.append((clip.number, clip.path))

    def _write(self, clip: _Clip, until: int) -> None:
        """Write what of a clip is not on the disk yet, in files of bounded length."""
        longest = round(self.settings.max_length * self.sr)
        while clip.at < until and not clip.failed:
            if clip.file is not None and self._is_full(clip.file, longest):
                self._finish(clip)
                continue
            room = longest - (clip.file.frames if clip.file is not None else 0)
            samples = self._heard.view(clip.at, min(until, clip.at + room))
            self._attempt(clip, partial(self._append, clip, samples))
            clip.at += len(samples)

    def _append(self, clip: _Clip, samples: NDArray[np.int16]) -> None:
        if clip.file is None:
            self._store.make()
            clip.part += 1
            path = self._store.path(self._when(clip.at / self.sr), clip.number, clip.part)
            clip.file, clip.tidied = ClipFile(path, self.sr, self._opener), 0
            clip.path = clip.path or path
        clip.file.write(samples)
        if clip.file.frames - clip.tidied >= _TIDY_EVERY * self.sr:
            clip.tidied = clip.file.frames
            self._store.tidy()

    def _is_full(self, file: ClipFile, longest: int) -> bool:
        # Half of the quota, so that there is something older to remove while the file grows.
        return file.frames >= longest or file.size >= self._store.quota.max_bytes // 2

    def _finish(self, clip: _Clip) -> None:
        file = clip.file
        if file is None:
            return
        if self._attempt(clip, file.finish):
            clip.file = None
            self._written += 1
            log.info("%s: recorded, %.0f s", file.path.name, file.frames / self.sr)
            self._draw(file.path)
            self._try(self._store.tidy)

    def _attempt(self, clip: _Clip, action: Callable[[], None]) -> bool:
        """Do something with the disk; if that fails, give this recording up."""
        if self._try(action):
            return True
        clip.failed = True
        self._failed += 1
        if clip.file is not None:
            clip.file.discard()
            clip.file = None
        return False

    def _try(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except OSError as error:
            what = "is not a folder" if isinstance(error, FileExistsError) else error.strerror or error
            self._last_error = f"{self._store.folder}: {what}"
            log.warning("recording to %s; events are not recorded meanwhile", self._last_error)
            return False
        return True


@dataclass
class _Clip:
    """A recording in the making, of samples up to ``at``."""

    number: int
    at: int
    end: int | None = None
    file: ClipFile | None = None
    path: Path | None = None
    part: int = 0
    tidied: int = 0
    failed: bool = False

    @property
    def is_there(self) -> bool:
        """True if the first of its files is finished, and the quota has not taken it since."""
        return self.path is not None and self.path.exists()


def _int16(samples: NDArray[Any]) -> NDArray[np.int16]:
    if samples.dtype == np.int16:
        return samples
    scaled = np.rint(samples * np.float32(32768))
    return np.clip(scaled, -32768, 32767, out=scaled).astype(np.int16)
