"""The outbox: killed at any line of its code, and with any bit of its file flipped."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from random import Random

from benchmarks.reliability.campaign import Campaign, Wrong
from benchmarks.reliability.kill import Say, count_steps, killed_at
from edgecry.sinks.message import EventMessage
from edgecry.sinks.outbox import Outbox, OutboxSettings

#: The sink that messages wait for.
SINK = "webhook"


def message(number: int) -> EventMessage:
    """Make a message that its number names."""
    at = "2026-11-30T02:00:00.000Z"
    return EventMessage(
        id=f"nursery-{number:016d}-end", event=f"nursery-{number:016d}", kind="end", at=at, start=10.0,
        end=20.0, started_at=at, ended_at=at, duration=10.0, peak=0.9, mean=0.8, label=None, reasons=None,
        reason_set=(), windows=9, source="microphone", model="cry",
    )  # fmt: skip


def drain(path: Path) -> list[str]:
    """Open the outbox as the next start does, and deliver all that waits."""
    found = []
    with closing(Outbox(OutboxSettings(path))) as outbox:
        while entry := outbox.peek(SINK):
            found.append(entry.message.id)
            outbox.done(SINK, entry.seq)
    return found


class OutboxKills(Campaign):
    """Put messages, deliver one, and be killed in between: what was said to be on the disk is there."""

    name = "outbox, killed"
    faults = "SIGKILL at each line of code"
    quick, usual, long = 60, 1000, 20_000

    def prepare(self, folder: Path) -> None:
        """Take a folder of its own for each outbox."""
        self._state = folder / "state"
        self._work(folder / "once" / "outbox.db", lambda _: None)
        self._steps = count_steps(lambda say: self._work(folder / "counted" / "outbox.db", say))

    def attempt(self, random: Random) -> str:
        """Kill it at a step, and look at what the next start finds."""
        shutil.rmtree(self._state, ignore_errors=True)
        path = self._state / "outbox.db"
        said, killed = killed_at(random.randint(1, self._steps + 1), lambda say: self._work(path, say))
        put = [line.removeprefix("put ") for line in said if line.startswith("put ")]
        delivered = [line.removeprefix("delivered ") for line in said if line.startswith("delivered ")]
        taken = [line.removeprefix("taken ") for line in said if line.startswith("taken ")]
        left = drain(path)
        if left != sorted(set(left)):
            raise Wrong(f"doubled or out of order: {left}")
        if lost := set(put) - set(left) - set(delivered):
            raise Wrong(f"lost: {lost}")
        if again := set(taken) & set(left):
            raise Wrong(f"delivered and kept: {again}")
        return "killed" if killed else "to the end"

    @staticmethod
    def _work(path: Path, say: Say) -> None:
        with closing(Outbox(OutboxSettings(path))) as outbox:
            for number in range(1, 4):
                outbox.put(SINK, message(number))
                if not outbox.unwritten():
                    say(f"put {message(number).id}")
            entry = outbox.peek(SINK)
            assert entry is not None
            say(f"delivered {entry.message.id}")
            outbox.done(SINK, entry.seq)
            say(f"taken {entry.message.id}")


class OutboxDamage(Campaign):
    """Flip a bit of an outbox in which five messages wait: one at most is lost, and then it is told."""

    name = "outbox, damaged"
    faults = "one bit of the file"
    quick, usual, long = 100, 3000, 100_000

    def prepare(self, folder: Path) -> None:
        """Make an outbox in which messages wait."""
        self._state, path = folder / "state", folder / "whole" / "outbox.db"
        with closing(Outbox(OutboxSettings(path))) as outbox:
            for number in range(5):
                outbox.put(SINK, message(number))
        self._data = path.read_bytes()
        self._written = [at for at, byte in enumerate(self._data) if byte]

    def attempt(self, random: Random) -> str:
        """Start with the damaged file, put a message, and start again."""
        shutil.rmtree(self._state, ignore_errors=True)
        self._state.mkdir()
        path, data = self._state / "outbox.db", bytearray(self._data)
        data[random.choice(self._written)] ^= 1 << random.randrange(8)
        path.write_bytes(data)
        with closing(Outbox(OutboxSettings(path))) as outbox:
            outbox.put(SINK, message(9))
            told = sum(outbox.dropped().values()) + outbox.errors
        left, expected = drain(path), [message(number).id for number in (0, 1, 2, 3, 4, 9)]
        if left == expected:
            return "all delivered"
        doubled, one_at_most = len(set(left)) < len(left), len(left) >= len(expected) - 1
        if not told or doubled or not one_at_most or left[-1] != expected[-1]:
            raise Wrong(f"{len(left)} of {len(expected)} are left; told: {told}")
        return "one lost, and told"
