"""A power cut after every write: what was said to be kept is there, once, and the next start goes on."""

from __future__ import annotations

import shutil
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import ClassVar

import numpy as np
import soundfile

from benchmarks.reliability.campaign import Campaign, Wrong
from benchmarks.reliability.clips import NAME, SR, samples
from benchmarks.reliability.disk import compiler, cuts, recorded
from benchmarks.reliability.outboxes import SINK, drain, message
from edgecry.archive.find import Found
from edgecry.archive.journal import Journal
from edgecry.clips.file import ClipFile
from edgecry.clips.folder import ClipStore
from edgecry.sinks.outbox import Outbox, OutboxSettings


class _PowerCuts(Campaign):
    """Record what a work writes, and start anew from what a power cut leaves, for each prefix of it."""

    faults = "power cut after each write, unsynced ones lost"
    quick, usual, long = 3, 30, 1000

    @classmethod
    def missing(cls) -> str:
        """Return what is missing to try it."""
        return "" if compiler() else "there is no C compiler, which builds the recorder"

    def prepare(self, folder: Path) -> None:
        """Record the work once."""
        self._left = folder / "left"
        scratch = folder / "scratch"
        scratch.mkdir()
        work = f"import sys\nfrom {__name__} import {type(self).__name__} as one\none.work(sys.argv[1])"
        self._log = recorded(work, folder / "work", scratch)

    def attempt(self, random: Random) -> str:
        """Keep nothing of what was not synced, or some of it, or nearly all."""
        kept = random.choice((0.0, 0.5, 0.95))
        for number, (said, files) in enumerate(cuts(self._log, random, kept)):
            shutil.rmtree(self._left, ignore_errors=True)
            self._left.mkdir()
            for name, content in files.items():
                (self._left / name).write_bytes(content)
            try:
                self.check(said, self._left)
            except Exception as error:
                at = f"cut after write {number} of {len(self._log)}"
                raise Wrong(f"{at}, {kept:.0%} kept: {error!r}") from error
        return f"{len(self._log)} cuts"

    @staticmethod
    @abstractmethod
    def work(folder: str) -> None:
        """Write, and say on stdout what is kept for good."""

    @abstractmethod
    def check(self, said: Sequence[str], folder: Path) -> None:
        """Start anew with what is left, and look for what was said."""


class OutboxCuts(_PowerCuts):
    """Put and deliver messages, through checkpoints and two starts."""

    name = "outbox, power cut"

    @staticmethod
    def work(folder: str) -> None:
        """Put messages, and deliver each third."""
        path = Path(folder) / "outbox.db"
        for numbers in (range(1, 8), range(8, 10)):
            with closing(Outbox(OutboxSettings(path))) as outbox:
                for number in numbers:
                    outbox.put(SINK, message(number))
                    print(f"put {message(number).id}")
                    entry = outbox.peek(SINK)
                    if number % 3 == 0 and entry is not None:
                        print(f"delivered {entry.message.id}")
                        outbox.done(SINK, entry.seq)
                        print(f"taken {entry.message.id}")

    def check(self, said: Sequence[str], folder: Path) -> None:
        """Deliver what waits, and use the outbox as before."""
        ids: dict[str, set[str]] = {"put": set(), "delivered": set(), "taken": set()}
        for word, which in map(str.split, said):
            ids[word].add(which)
        path = folder / "outbox.db"
        left = drain(path)
        if left != sorted(set(left)):
            raise Wrong(f"doubled or out of order: {left}")
        if lost := ids["put"] - set(left) - ids["delivered"]:
            raise Wrong(f"lost: {sorted(lost)}")
        if again := ids["taken"] & set(left):
            raise Wrong(f"taken and kept: {sorted(again)}")
        with closing(Outbox(OutboxSettings(path))) as outbox:
            outbox.put(SINK, message(99))
            if outbox.unwritten() or outbox.errors:
                raise Wrong("the next message is not written")


class JournalCuts(_PowerCuts):
    """Remember recordings of an archive; the run after the cut goes on, or begins anew."""

    name = "journal, power cut"
    _IDENTITY: ClassVar = {"model": "cry", "settings": "x" * 2000}

    @staticmethod
    def found(number: int) -> Found:
        """Make a recording that its number names."""
        return Found(f"{number:03d}.wav", number, number)

    @classmethod
    def work(cls, folder: str) -> None:
        """Add recordings, close, and say so."""
        Path(folder).mkdir()
        for numbers in (range(20), range(20, 25)):
            with Journal(Path(folder) / "out.journal", cls._IDENTITY) as journal:
                for number in numbers:
                    journal.add(cls.found(number), {"record": {"file": number, "text": "y" * 700}})
            print(" ".join(map(str, numbers)))

    def check(self, said: Sequence[str], folder: Path) -> None:
        """Go on with it: what it says is true, and what it lacks can be added."""
        kept = {int(number) for line in said for number in line.split()}
        with Journal(folder / "out.journal", self._IDENTITY) as journal:
            has = {number for number in range(25) if journal.has(self.found(number))}
            for number in has:
                if journal.told(self.found(number))["record"]["file"] != number:
                    raise Wrong(f"recording {number} has another's record")
            if lost := kept - has:
                raise Wrong(f"lost: {sorted(lost)}")
            journal.add(self.found(99), {"record": {}})


class ClipCuts(_PowerCuts):
    """Write a recording of a cry."""

    name = "recordings of cries, power cut"

    @staticmethod
    def work(folder: str) -> None:
        """Write it second by second."""
        store, x = ClipStore(Path(folder)), samples(13)
        store.make()
        file = ClipFile(Path(folder) / NAME, SR)
        for second in range(13):
            file.write(x[second * SR : (second + 1) * SR])
            print(second + 1)
        file.finish()
        print("finished")

    def check(self, said: Sequence[str], folder: Path) -> None:
        """Start anew, and read what is there."""
        ClipStore(folder).prepare()
        found = sorted(path.name for path in folder.iterdir())
        if found not in ([], [NAME]):
            raise Wrong(f"left are {found}")
        whole = samples(13)
        x = soundfile.read(folder / NAME, dtype="int16")[0] if found else whole[:0]
        if not np.array_equal(x, whole[: len(x)]):
            raise Wrong("the recording is not what was heard")
        if "finished" in said and len(x) < len(whole):
            raise Wrong(f"a finished recording has {len(x) / SR:.1f} s of {len(whole) / SR:.0f}")
        # Every ten seconds it is synced, and the encoder holds a block.
        if len(x) < (len(said) - 12) * SR:
            raise Wrong(f"{len(x) / SR:.1f} s are left of {len(said)} s")
