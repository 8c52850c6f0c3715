"""clips: what a crash or a power cut in the middle of a cry leaves."""

import random
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgecry.clips.file import PART, ClipFile, recover
from edgecry.clips.folder import ClipStore, Quota
from edgecry.clips.recorder import ClipRecorder, ClipSettings
from edgecry.stream.events import CryEvent

SR = 16_000
NAME = "cry-20261123T120000Z-000001-001.flac"


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 3000, round(seconds * SR)).astype(np.int16)


def cut_off(folder: Path, seconds: float) -> Path:
    """Make a file that was being written when the process was killed."""
    file = ClipFile(folder / NAME, SR)
    samples = noise(seconds)
    for at in range(0, len(samples), SR):
        file.write(samples[at : at + SR])
    (folder / (NAME + PART)).rename(folder / "kept")
    file.discard()
    return (folder / "kept").rename(folder / (NAME + PART))


def test_what_was_heard_is_a_recording_after_the_next_start(tmp_path):
    cut_off(tmp_path, 20)
    ClipStore(tmp_path).prepare()
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    samples, sr = soundfile.read(tmp_path / NAME, dtype="int16")
    assert sr == SR
    assert len(samples) > 18 * SR  # the encoder holds a second
    np.testing.assert_array_equal(samples, noise(20)[: len(samples)])


@pytest.mark.parametrize("left", [0, 10, 42, 100])
def test_nothing_but_a_header_is_removed(tmp_path, left):
    part = cut_off(tmp_path, 3)
    part.write_bytes(part.read_bytes()[:left])
    ClipStore(tmp_path).prepare()
    assert list(tmp_path.iterdir()) == []


def test_wherever_the_power_cut_came(tmp_path):
    """Cut off or damaged anywhere, it is what is before, or nothing; and never an error."""
    part, rng = cut_off(tmp_path, 5), random.Random(0)
    data = part.read_bytes()
    for _ in range(20):
        at = rng.randrange(len(data))
        for damaged in (data[:at], data[:at] + bytes(len(data) - at), data[:at] + b"\xff" + data[at + 1 :]):
            part.write_bytes(damaged)
            path = tmp_path / "whole.flac"
            if recover(part, path):
                samples, _ = soundfile.read(path, dtype="int16")
                assert 0 < len(samples) <= 5 * SR
                path.unlink()
            assert [found.name for found in tmp_path.iterdir()] == [part.name]


def test_a_crash_while_it_is_recovered(tmp_path):
    """The next start begins anew."""
    cut_off(tmp_path, 3)
    (tmp_path / (NAME + ".mended")).write_bytes(b"half")
    ClipStore(tmp_path).prepare()
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_recording_is_on_the_disk_as_it_is_heard(tmp_path):
    """But for the seconds in which the end of the cry may have been, and the one that is gathered."""
    settings = ClipSettings(pre=2, post=1, lookback=14, late=4)
    clips = ClipRecorder(tmp_path, SR, lambda seconds: 1e9 + seconds, settings)
    clips.push(0, noise(5))
    clips.handle(event("start", 4, 5))
    for second in range(5, 30):
        clips.push(second * SR, noise(1))
    (clip,) = clips._clips
    assert clip.at == (30 - 3) * SR
    clips.handle(event("end", 4, 26))
    clips.push(30 * SR, noise(1))
    assert clips.recorded() == [(1, path := next(tmp_path.iterdir()))]
    assert clips.recorded() == []
    assert soundfile.info(path).frames == (27 - 2) * SR


def test_recordings_are_their_owner_s(tmp_path):
    clips = ClipRecorder(tmp_path / "a" / "clips", SR, lambda seconds: 1e9 + seconds)
    clips.push(0, noise(2))
    clips.handle(event("start", 0, 1))
    clips.close()
    (path,) = (tmp_path / "a" / "clips").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_recordings_of_before_the_clock_was_set_have_no_age(tmp_path):
    """They go when there is too much, and after all others: they may be the newest."""
    undated = tmp_path / "cry-19700101T000020Z-000001-001.flac"
    undated.write_bytes(bytes(600_000))
    (tmp_path / NAME).write_bytes(bytes(600_000))
    now = 1_795_600_000.0
    ClipStore(tmp_path, clock=lambda: now).tidy()
    assert len(list(tmp_path.iterdir())) == 2
    ClipStore(tmp_path, Quota(max_bytes=1_000_000), clock=lambda: now).tidy()
    assert list(tmp_path.iterdir()) == [undated]


def event(kind: str, start: float, end: float) -> CryEvent:
    return CryEvent(kind=kind, number=1, start=start, end=end, peak=0.9, mean=0.8, reasons=None, windows=3)
