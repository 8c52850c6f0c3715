"""Recall by how much voice a cry holds, on recordings made so that the answer is known."""

from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from convert.cry import voiced
from convert.cry.corpora import Sound
from convert.cry.examples import SR, Example
from convert.cry.variation import coloured_noise

#: Seconds of voice in each recording, and what the detector says of it; the last one is no cry.
RECORDINGS = ((0.0, 0.1), (0.75, 0.8), (0.75, 0.95), (2.0, 0.95), (3.0, 0.97), (3.0, 0.99))


def sung(seconds: float) -> np.ndarray:
    """Ten harmonics of 440 Hz in the middle of 4 s of silence."""
    t = np.arange(4 * SR) / SR
    voice = sum(np.sin(2 * np.pi * 440 * k * t) / k for k in range(1, 11))
    return 0.1 * voice * (np.abs(t - 2) < seconds / 2)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sung")
    examples = []
    for number, (seconds, _) in enumerate(RECORDINGS):
        path = folder / f"{number}.wav"
        soundfile.write(path, sung(seconds), SR, subtype="FLOAT")
        examples.append(Example(Sound(path, number < 5, "cry", f"baby{number // 2}", "home"), np.empty(0)))
    p = np.array([score for _, score in RECORDINGS])
    groups = [example.sound.group for example in examples]
    material = SimpleNamespace(examples=examples, y=np.array([1, 1, 1, 1, 1, 0]), groups=groups, cache=None)
    return SimpleNamespace(material=material, P=np.column_stack([1 - p, p]), threshold=0.9)


def test_seconds_of_voice_are_those_that_were_sung(found):
    seconds = voiced.voice(found.material, np.arange(6))
    np.testing.assert_allclose(seconds, [s for s, _ in RECORDINGS], atol=0.06)


def test_noise_has_no_voice(tmp_path):
    path = tmp_path / "noise.wav"
    soundfile.write(path, 0.1 * coloured_noise(3 * SR, SR, 0, np.random.default_rng(0)), SR, subtype="FLOAT")
    example = Example(Sound(path, True, "cry", "baby", "home"), np.empty(0))
    (seconds,) = voiced.voice(SimpleNamespace(examples=[example], cache=None), np.array([0]))
    assert seconds < 0.3


def test_cries_are_counted_by_their_voice(found):
    told = voiced.by_voice(found, 10, lambda _: None).rows
    assert {name: (row["cries"], row["sources"], row["found"]) for name, row in told.items()} == {
        "0 to 0.5 s": (1, 1, 0),
        "0.5 to 1 s": (2, 2, 1),
        "1.5 to 2.5 s": (1, 1, 1),
        "2.5 s or more": (1, 1, 1),
    }
    assert told["0.5 to 1 s"]["recall"].value == 0.5
