"""The folder of recorded events: names, a quota, and nothing touched that is not its own."""

from __future__ import annotations

import logging
import os
import re
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from edgecry.checks import number, whole
from edgecry.clips.file import PART, recover

_STAMP: Final = "%Y%m%dT%H%M%SZ"
_NAME: Final = re.compile(r"cry-(\d{8}T\d{6}Z)-(\d{6,})-(\d{3,})\.flac(\.part)?", re.ASCII)
#: The picture of a recording, of the same name.
_PICTURE: Final = re.compile(r"(cry-\d{8}T\d{6}Z-\d{6,}-\d{3,})\.png(?:\.part)?", re.ASCII)
#: A clock before 2020 has not been set: boards without a battery wake up in 1970.
_UNSET: Final = 1_577_836_800
#: The stamp of that moment: what was recorded before has no known age.
_FIRST: Final = "20200101T000000Z"
_DAY: Final = 86_400

log = logging.getLogger("edgecry")


@dataclass(frozen=True)
class Quota:
    """How much of a folder recordings may take, and how long they stay.

    Parameters
    ----------
    max_bytes : int >= 1_000_000
        All of them together, also the one that is being written; kept to within a minute of sound.
    max_days : float > 0
        Age after which one goes.

    Raises
    ------
    EdgecryError
        A value is out of range.
    """

    max_bytes: int = 1_000_000_000
    max_days: float = 30.0

    def __post_init__(self) -> None:
        whole("max_bytes", self.max_bytes, 1_000_000)
        number("max_days", self.max_days, 0, above=True)


@dataclass(frozen=True)
class _Clip:
    stamp: str
    name: str
    size: int
    is_part: bool

    @property
    def stem(self) -> str:
        """Its name without its ending."""
        return self.name.partition(".")[0]


class ClipStore:
    """Names new recordings and removes old ones, oldest first.

    Only regular files of its own naming are ever removed: ``cry-<UTC time>-<event>-<part>.flac``, and the
    ``.png`` of the same name, which goes with its recording and counts with it.

    Parameters
    ----------
    folder : path
        Where they are; made when first needed.
    quota : Quota, optional
        How much may be there.
    clock : callable
        Seconds since 1970.
    """

    def __init__(
        self, folder: Path, quota: Quota | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.folder = folder
        self.quota = quota or Quota()
        self._clock = clock

    def prepare(self) -> list[Path]:
        """Make the folder, finish what a crash or a power cut left half written, and tidy up.

        Returns
        -------
        list of Path
            The recordings that were finished.

        Raises
        ------
        OSError
            The folder cannot be made or used.
        """
        self.make()
        recovered = [self._recover(clip) for clip in self._clips() if clip.is_part]
        self.tidy()
        return [path for path in recovered if path is not None and path.exists()]

    def make(self) -> None:
        """Make the folder if need be, for its owner alone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, started: float, number: int, part: int) -> Path:
        """Name a new recording, of ``started`` seconds since 1970, so that none is overwritten."""
        stamp = datetime.fromtimestamp(max(0.0, started), UTC).strftime(_STAMP)
        while True:
            path = self.folder / f"cry-{stamp}-{number:06d}-{part:03d}.flac"
            if not path.exists() and not path.with_name(path.name + PART).exists():
                return path
            part += 1

    def tidy(self) -> None:
        """Remove what is too old or too much; what is being written counts, and stays.

        Raises
        ------
        OSError
            The folder cannot be listed.
        """
        clips = self._clips()
        excess = sum(clip.size for clip in clips) - self.quota.max_bytes
        now = self._clock()
        oldest = ""
        if now >= _UNSET:
            limit = max(0.0, now - _DAY * self.quota.max_days)
            oldest = datetime.fromtimestamp(limit, UTC).strftime(_STAMP)
        for clip in clips:
            if clip.is_part:
                continue
            if _FIRST < clip.stamp < oldest:
                self._remove(clip, f"is older than {self.quota.max_days:g} days")
            elif excess > 0:
                self._remove(clip, f"makes more than {self.quota.max_bytes} bytes")
            else:
                continue
            excess -= clip.size

    def _clips(self) -> list[_Clip]:
        """Return the recordings that are there, the oldest first. Remove pictures whose recording is gone."""
        clips, pictures = [], dict[str, list[tuple[str, int]]]()
        with os.scandir(self.folder) as entries:
            for entry in entries:
                match, picture = _NAME.fullmatch(entry.name), _PICTURE.fullmatch(entry.name)
                if match is None and picture is None:
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:  # it has been removed meanwhile
                    continue
                if not stat.S_ISREG(status.st_mode):
                    continue
                if match is not None:
                    clips.append(_Clip(match[1], entry.name, status.st_size, match[4] is not None))
                elif picture is not None:
                    pictures.setdefault(picture[1], []).append((entry.name, status.st_size))
        clips = [replace(c, size=c.size + sum(n for _, n in pictures.pop(c.stem, []))) for c in clips]
        for name, _ in (one for stray in pictures.values() for one in stray):
            self._unlink(name, "shows a recording that is gone")
        # What was recorded before the clock was set may be the newest of all.
        return sorted(clips, key=lambda clip: (clip.stamp <= _FIRST, clip.stamp, clip.name))

    def _recover(self, clip: _Clip) -> Path | None:
        """Give what was heard before a crash the name of a recording; None if there is nothing in it."""
        part = self.folder / clip.name
        path = part.with_name(part.name.removesuffix(PART))
        try:
            seconds = 0.0 if path.exists() else recover(part, path)
        except OSError as error:
            log.warning("%s: was not finished, and cannot be read now (%s)", clip.name, error)
            return None
        if seconds:
            log.info("%s: recovered, %.0f s: it was not finished", path.name, seconds)
        self._unlink(clip.name, "was recovered" if seconds else "was not finished, and holds no sound")
        return path if seconds else None

    def _remove(self, clip: _Clip, why: str) -> None:
        for name in (f"{clip.stem}.png{PART}", f"{clip.stem}.png"):
            with suppress(OSError):  # what is left over goes the next time
                (self.folder / name).unlink(missing_ok=True)
        self._unlink(clip.name, why)

    def _unlink(self, name: str, why: str) -> None:
        try:
            (self.folder / name).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s: %s, but cannot be removed (%s)", name, why, error.strerror)
        else:
            log.info("%s: removed, as it %s", name, why)
