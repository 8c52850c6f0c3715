"""One second of a stream: in a quiet room, in a noisy one, and while a baby cries."""

from itertools import cycle

import pytest

from benchmarks.stages import engines
from benchmarks.stream import ALWAYS, SR, room
from edgecry.decision import Decision
from edgecry.stream.classifier import StreamClassifier
from tests.conftest import needs_bundled

ROOMS = {
    "quiet": ("reason", Decision(), 2e-5),
    "noisy": ("cry", Decision(), 1e-2),
    "crying": ("reason", ALWAYS, 1e-2),
}


@needs_bundled
@pytest.mark.parametrize("engine", engines())
@pytest.mark.parametrize("name", ROOMS)
def test_second(benchmark, name, engine):
    model, decision, level = ROOMS[name]
    stream = StreamClassifier(model, SR, engine=engine, decision=decision)
    sound = room(10, level)
    seconds = cycle([sound[at : at + 2 * SR] for at in range(0, len(sound), 2 * SR)])
    stream.push(sound)
    benchmark(lambda: stream.push(next(seconds)))
    found = stream.statistics
    assert found.windows > 8
    assert (found.skipped == found.windows) == (name == "quiet")
    assert bool(found.explained) == (name == "crying")
