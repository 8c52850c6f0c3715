"""What tests of several parts share: a tiny model file and recordings to classify."""

import signal
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, settings

from edgecry.models.bundled import BUNDLED, bundled
from edgecry.prediction import Prediction
from tests import graphs, order

# The same examples everywhere, and no verdict from the clock: a first run, or a busy machine, is slow.
settings.register_profile(
    "edgecry", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("edgecry")

MISSING = [bundled(name).name for name in BUNDLED if not bundled(name).exists()]
needs_bundled = pytest.mark.skipif(
    bool(MISSING), reason=f"NOT TESTED: edgecry/models lacks {', '.join(MISSING)}"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = order.longest_first(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """With --durations, name the files that took longest."""
    if config.option.durations is not None:
        terminalreporter.section("slowest files")
        for line in order.times(report for kind in terminalreporter.stats.values() for report in kind):
            terminalreporter.line(line)


def tone(seed: int, sr: int = 8000, seconds: float = 0.5) -> np.ndarray:
    """Make a harmonic sound over noise, float32, another one for each seed."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(sr * seconds)) / sr
    f0 = rng.uniform(300, 600)
    voice = sum(np.sin(2 * np.pi * k * f0 * t) / k for k in (1, 2, 3))
    return (rng.uniform(0.05, 0.3) * voice + 0.01 * rng.standard_normal(t.size)).astype(np.float32)


def answer(prediction: Prediction) -> dict:
    """Return everything that a prediction says, except the time it took."""
    return {key: value for key, value in asdict(prediction).items() if key != "elapsed"}


@pytest.fixture
def model_path(tmp_path: Path) -> Path:
    """A valid model file."""
    return graphs.save(tmp_path / "tiny.onnx")


@pytest.fixture
def recordings(tmp_path: Path) -> list[Path]:
    """Three WAV files that sound different."""
    paths = [tmp_path / f"cry{i}.wav" for i in range(3)]
    for i, path in enumerate(paths):
        soundfile.write(path, tone(i), 8000, subtype="FLOAT")
    return paths


@pytest.fixture(autouse=True, scope="session")
def can_be_interrupted():
    """A shell has its background jobs ignore SIGINT, and what is started from there inherits that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
