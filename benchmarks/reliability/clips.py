"""Recordings of cries: killed at any line of the code that writes them."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.reliability.campaign import Campaign, Wrong
from benchmarks.reliability.kill import Say, count_steps, killed_at
from edgecry.clips.file import ClipFile
from edgecry.clips.folder import ClipStore

SR = 16_000
#: The name of the recording.
NAME = "cry-20261123T120000Z-000001-001.flac"


def samples(seconds: int) -> NDArray[np.int16]:
    """Make noise, which FLAC can hardly make smaller."""
    return np.random.default_rng(0).normal(0, 3000, seconds * SR).astype(np.int16)


class ClipKills(Campaign):
    """Write a recording second by second and be killed: the next start leaves whole files, or none."""

    name = "recordings of cries, killed"
    faults = "SIGKILL at each line of code"
    quick, usual, long = 60, 500, 10_000

    def prepare(self, folder: Path) -> None:
        """Make the sound, and load once what the child loads."""
        self._folder = folder / "clips"
        self._samples = samples(12)
        self._work(folder / "once", lambda _: None)
        self._steps = count_steps(lambda say: self._work(folder / "counted", say))

    def _work(self, folder: Path, say: Say) -> None:
        folder.mkdir()
        file = ClipFile(folder / NAME, SR)
        for second in range(12):
            file.write(self._samples[second * SR : (second + 1) * SR])
            say(str(second + 1))
        file.finish()
        say("finished")

    def attempt(self, random: Random) -> str:
        """Kill it at a step, start anew, and read what is there."""
        shutil.rmtree(self._folder, ignore_errors=True)
        said, killed = killed_at(
            random.randint(1, self._steps + 1), lambda say: self._work(self._folder, say)
        )
        if not self._folder.exists():
            return "nothing written"
        ClipStore(self._folder).prepare()
        found = sorted(path.name for path in self._folder.iterdir())
        if found not in ([], [NAME]):
            raise Wrong(f"left are {found}")
        x = soundfile.read(self._folder / NAME, dtype="int16")[0] if found else self._samples[:0]
        if not np.array_equal(x, self._samples[: len(x)]):
            raise Wrong("the recording is not what was heard")
        if "finished" in said and len(x) < len(self._samples):
            raise Wrong("a finished recording is short")
        # The encoder holds a block of some hundred milliseconds.
        if len(said) > 1 and len(x) < (len(said) - 2) * SR:
            raise Wrong(f"{len(x) / SR:.1f} s are left of {len(said)} s")
        return "playable" if killed else "to the end"
