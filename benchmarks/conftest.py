"""The measured clip, written once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.clip import write_clip


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path, _ = write_clip(tmp_path_factory.mktemp("clip"))
    return path
