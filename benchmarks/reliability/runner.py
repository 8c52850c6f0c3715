"""Runs a campaign in children: a crash is a finding, and the other inputs are tried all the same."""

from __future__ import annotations

import json
import os
import resource
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from benchmarks.reliability.campaign import Campaign, Tally

#: A trial that takes longer hangs, in seconds; and what a child may take of memory, in bytes.
PATIENCE, MEMORY = 60.0, 6 << 30
#: The command of a child; the name of the campaign, the seed, the first input and the last follow.
CHILD = (sys.executable, "-m", "benchmarks.reliability", "--child")
_MARK = "\x1e"


def run(name: str, seed: int, count: int) -> Tally:
    """Try inputs 0 to count, each in a child that has done those before it."""
    tally, first = Tally(), 0
    while first < count:
        first = _child(name, seed, first, count, tally)
    return tally


def _child(name: str, seed: int, first: int, count: int, tally: Tally) -> int:
    """Run a child until it ends, and return the number of the next input."""
    numbers = map(str, (seed, first, count))
    command = [*CHILD, name, *numbers]
    at, hangs = first, False
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        for line in _lines(child):
            # Each input has a line of its own that begins with a mark: libraries may print others.
            if line.startswith(_MARK):
                at, outcome, wrong = json.loads(line[1:])
                tally.tried += 1
                tally.outcomes[outcome] += not wrong
                if wrong:
                    tally.wrong[at] = outcome
                at += 1
        hangs = child.poll() is None and not _ended(child)
        if hangs:
            child.kill()
    if at >= count:
        return count
    tally.tried += 1
    tally.wrong[at] = f"no answer in {PATIENCE:.0f} s" if hangs else f"the process died ({child.returncode})"
    return at + 1


def _lines(child: subprocess.Popen[bytes]) -> Iterator[str]:
    """Give the lines of a child, until it ends or says nothing for too long."""
    assert child.stdout is not None
    rest = b""
    while select.select([child.stdout], [], [], PATIENCE)[0]:
        block = os.read(child.stdout.fileno(), 65536)
        if not block:
            return
        *lines, rest = (rest + block).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)


def _ended(child: subprocess.Popen[bytes]) -> bool:
    """Wait a moment for a child that has closed its output."""
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        return False
    return True


def try_inputs(campaign: Campaign, seed: int, first: int, count: int) -> None:
    """Try inputs in this process, and say how each went."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        campaign.prepare(Path(folder))
        for number in range(first, count):
            random = Random(f"{campaign.name} {seed} {number}")
            try:
                outcome, wrong = campaign.attempt(random), False
            except Exception as error:  # any is a finding
                outcome, wrong = f"{type(error).__name__}: {error}"[:300], True
            sys.stdout.write(_MARK + json.dumps([number, outcome, wrong]) + "\n")
            sys.stdout.flush()
