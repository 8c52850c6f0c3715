"""Tests of reading do without ffmpeg, whether this machine has it or not; test_ffmpeg.py uses it."""

import pytest


@pytest.fixture(autouse=True)
def no_ffmpeg(monkeypatch):
    """Have the decoder find none."""
    monkeypatch.setattr("edgecry.audio.ffmpeg.installed", lambda: False)
