"""The folder of recorded events: names, a quota, and nothing touched that is not its own."""

from __future__ import annotations

import logging
import os
import re
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from edgecry.errors import EdgecryError

PART: Final = ".part"
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_NAME: Final = re.compile(r"cry-(\d{8}T\d{6}Z)-(\d{6,})-(\d{3,})\.flac(\.part)?", re.ASCII)
#: A clock before 2020 has not been set: boards without a battery wake up in 1970.
_UNSET: Final = 1_577_836_800
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
        if isinstance(self.max_bytes, bool) or not isinstance(self.max_bytes, int):
            raise EdgecryError(f"max_bytes: {self.max_bytes!r} is not a whole number")
        if self.max_bytes < 1_000_000:
            raise EdgecryError(f"max_bytes: {self.max_bytes} is out of range; allowed is 1000000 and more")
        if not 0 < self.max_days < float("inf"):
            raise EdgecryError(f"max_days: {self.max_days} is out of range; allowed is more than 0")


@dataclass(frozen=True)
class _Clip:
    stamp: str
    name: str
    size: int
    is_part: bool


class ClipStore:
    """Names new recordings and removes old ones, oldest first.

    Only regular files of its own naming, ``cry-<UTC time>-<event>-<part>.flac``, are ever removed.

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

    def prepare(self) -> None:
        """Make the folder, remove what a crash or a power cut left half written, and tidy up.

        Raises
        ------
        OSError
            The folder cannot be made or used.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for clip in self._clips():
            if clip.is_part:
                self._remove(clip, "was not finished")
        self.tidy()

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
            if clip.stamp < oldest:
                self._remove(clip, f"is older than {self.quota.max_days:g} days")
            elif excess > 0:
                self._remove(clip, f"makes more than {self.quota.max_bytes} bytes")
            else:
                continue
            excess -= clip.size

    def _clips(self) -> list[_Clip]:
        """Those that are there, the oldest first."""
        clips = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                match = _NAME.fullmatch(entry.name)
                if match is None:
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:  # gone meanwhile
                    continue
                if stat.S_ISREG(status.st_mode):
                    clips.append(_Clip(match[1], entry.name, status.st_size, match[4] is not None))
        return sorted(clips, key=lambda clip: (clip.stamp, clip.name))

    def _remove(self, clip: _Clip, why: str) -> None:
        try:
            (self.folder / clip.name).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s: %s, but cannot be removed (%s)", clip.name, why, error.strerror)
        else:
            log.info("%s: removed, as it %s", clip.name, why)
