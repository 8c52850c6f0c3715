"""clips: recordings of events, and what becomes of them on a disk that is full or broken."""

import errno
import logging
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgecry.clips.file import ClipFile, open_file
from edgecry.clips.recorder import ClipRecorder, ClipSettings
from edgecry.errors import EdgecryError
from tests.clips.recording import SHORT, SR, event, heard, live, names, ramp, recorder

# -- what is recorded --------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 17, 160, 8191, 10**6])
@pytest.mark.parametrize("length", [2.5, 60.0])
def test_exactly_the_event_with_what_was_before_and_after(tmp_path, chunk, length):
    """Start and end are known 4 s late; the recording is the same whatever the pieces."""
    if chunk == 1:
        length = 2.5
    clips = recorder(tmp_path)
    at = live(clips, 14, chunk=chunk)
    clips.handle(event("start", 10, 13))
    at = live(clips, length, at, chunk)
    clips.handle(event("end", 10, 10 + length))
    live(clips, 10, at, chunk)
    (name,) = names(tmp_path)
    np.testing.assert_array_equal(heard(tmp_path / name), ramp(9000, round(1000 * (1 + length + 2))))
    assert clips.counts.to_dict() == {"written": 1, "failed": 0, "last_error": None}


def test_name_is_when_the_recording_begins(tmp_path):
    clips = recorder(tmp_path)
    live(clips, 14)
    clips.handle(event("start", 10, 13, number=7))
    clips.close()
    assert names(tmp_path) == ["cry-20261123T120009Z-000007-001.flac"]


def test_an_event_knows_its_recording(tmp_path):
    clips = recorder(tmp_path)
    at = live(clips, 14)
    assert clips.handle(event("update", 10, 13)) is None
    path = clips.handle(event("start", 10, 13))
    assert clips.handle(event("update", 10, 14)) == path
    live(clips, 3, at)
    assert clips.handle(event("end", 10, 14)) == path
    assert names(tmp_path) == [path.name]


def test_what_is_over_is_finished_though_no_more_sound_comes(tmp_path):
    """The camera is gone in the middle of a cry: its recording is there, and ends with the sound."""
    clips = recorder(tmp_path)
    at = live(clips, 14)
    clips.handle(event("start", 10, 13))
    clips.settle()
    assert clips.recorded() == []
    path = clips.handle(event("end", 10, 13.5))
    clips.settle()
    assert clips.recorded() == [(1, path)]
    np.testing.assert_array_equal(heard(path), ramp(9000, 5000))
    live(clips, 30, at)
    clips.handle(event("start", 40, 42, number=2))
    clips.close()
    assert len(names(tmp_path)) == 2


def test_float_samples(tmp_path):
    clips = recorder(tmp_path)
    samples = np.array([-1.5, -1, 0, 0.5, 1, 1.5] * 500, np.float32)
    clips.push(0, samples)
    clips.handle(event("start", 1, 2))
    clips.close()
    (name,) = names(tmp_path)
    assert heard(tmp_path / name)[:6].tolist() == [-32768, -32768, 0, 16384, 32767, 32767]


def test_at_the_stream_s_begin_there_is_nothing_before(tmp_path):
    clips = recorder(tmp_path)
    live(clips, 3)
    clips.handle(event("start", 0, 2))
    clips.close()
    (name,) = names(tmp_path)
    np.testing.assert_array_equal(heard(tmp_path / name), ramp(0, 3000))


def test_what_is_too_long_ago_is_lost_and_the_rest_kept(tmp_path):
    clips = recorder(tmp_path)
    live(clips, 100)
    clips.handle(event("start", 10, 99))
    clips.close()
    (name,) = names(tmp_path)
    np.testing.assert_array_equal(heard(tmp_path / name), ramp(93_000, 7000))


def test_two_events_share_the_sound_between_them(tmp_path):
    clips = recorder(tmp_path, ClipSettings(pre=3, post=3, lookback=5))
    at = live(clips, 12)
    clips.handle(event("start", 10, 11, 1))
    clips.handle(event("end", 10, 12, 1))
    at = live(clips, 2, at)
    clips.handle(event("start", 13, 14, 2))
    clips.handle(event("end", 13, 14, 2))
    live(clips, 10, at)
    first, second = (heard(tmp_path / name) for name in names(tmp_path))
    np.testing.assert_array_equal(first, ramp(7000, 8000))
    np.testing.assert_array_equal(second, ramp(10_000, 7000))


def test_a_long_event_goes_on_in_the_next_file(tmp_path):
    clips = recorder(tmp_path, ClipSettings(pre=1, post=2, lookback=5, max_length=10))
    at = live(clips, 14)
    clips.handle(event("start", 10, 13))
    at = live(clips, 30, at)
    clips.handle(event("end", 10, 40))
    live(clips, 10, at)
    parts = [heard(tmp_path / name) for name in names(tmp_path)]
    assert [len(part) for part in parts] == [10_000, 10_000, 10_000, 3000]
    np.testing.assert_array_equal(np.concatenate(parts), ramp(9000, 33_000))


def test_an_hour_is_written_as_it_goes_on(tmp_path):
    """Memory stays what it was; only the file grows."""
    clips = recorder(tmp_path)
    live(clips, 10)
    clips.handle(event("start", 5, 9))
    sizes = []
    for minute in range(59):
        live(clips, 60, 10_000 + minute * 60_000, chunk=10_000)
        sizes.append(next(tmp_path.glob("*.part")).stat().st_size)
        assert clips._heard._store.nbytes == 2 * 2 * 7 * SR
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] / 20


def test_small_holes_are_silence_and_large_ones_end_it(tmp_path):
    clips = recorder(tmp_path)
    live(clips, 4)
    clips.handle(event("start", 2, 3))
    live(clips, 1, begin=6000)  # 2 s are missing
    clips.push(60_000, ramp(60_000, 100))
    clips.handle(event("end", 2, 6))
    clips.close()
    (name,) = names(tmp_path)
    expected = np.concatenate([ramp(1000, 3000), np.zeros(2000, np.int16), ramp(6000, 1000)])
    np.testing.assert_array_equal(heard(tmp_path / name), expected)


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_any_events_in_any_pieces(tmp_path_factory, data):
    """Whatever the lengths, every event's file holds what was pushed between its bounds."""
    folder = tmp_path_factory.mktemp("clips")
    clips = recorder(folder)
    at, expected = 0, []
    for number in range(1, data.draw(st.integers(1, 4)) + 1):
        at = live(clips, data.draw(st.integers(1, 15)), at, data.draw(st.integers(50, 20_000)))
        begin = at / SR
        at = live(clips, data.draw(st.integers(1, 4)), at)
        clips.handle(event("start", begin, at / SR, number))
        at = live(clips, data.draw(st.integers(1, 20)), at, data.draw(st.integers(50, 20_000)))
        end = at / SR
        at = live(clips, data.draw(st.integers(1, 4)), at)
        clips.handle(event("end", begin, end, number))
        expected.append((max(0, begin - SHORT.pre), end + SHORT.post))
    live(clips, 3, at)
    files = sorted(folder.iterdir(), key=lambda p: p.name.split("-")[2])
    for path, (begin, end) in zip(files, expected, strict=True):
        np.testing.assert_array_equal(heard(path), ramp(round(begin * SR), round((end - begin) * SR)))


@pytest.mark.parametrize(
    "change", [{"pre": -1}, {"post": 121}, {"lookback": 0}, {"max_length": 9}, {"pre": float("nan")}]
)
def test_settings_out_of_range(change):
    (name,) = change
    with pytest.raises(EdgecryError, match=f"{name}: .* is out of range; allowed are"):
        ClipSettings(**change)


# -- trouble -----------------------------------------------------------------------------------------


class Broken:
    """A file on a disk that is full after so many bytes."""

    def __init__(self, path: Path, mode: str, room: int, error: int = errno.ENOSPC) -> None:
        self._file, self._room, self._error = open_file(path, mode), room, error

    def write(self, data) -> int:
        n = min(len(data), self._room)
        self._room -= n
        if not n:
            raise OSError(self._error, os.strerror(self._error))
        return self._file.write(data[:n])

    def __getattr__(self, name: str):
        return getattr(self._file, name)


def record_one(clips: ClipRecorder, seconds: float = 20) -> None:
    """Record noise, which needs twice as many bytes as it has samples."""
    noise = np.random.default_rng(0).integers(-32768, 32767, round(seconds * SR)).astype(np.int16)
    begin = clips._heard.stop
    clips.push(begin, noise)
    clips.handle(event("start", begin / SR, begin / SR + 1))
    clips.push(begin + len(noise), noise)
    clips.handle(event("end", begin / SR, begin / SR + seconds))


@pytest.mark.parametrize("room", [0, 4, 50, 5000, 12_000])
def test_disk_full_is_a_line_in_the_log_and_a_number(tmp_path, caplog, capfd, room):
    is_full = True

    def opener(path: Path, mode: str):
        return Broken(path, mode, room) if is_full else open_file(path, mode)

    clips = recorder(tmp_path, opener=opener)
    caplog.set_level(logging.WARNING, "edgecry")
    record_one(clips)
    assert clips.counts.failed == 1
    assert clips.counts.written == 0
    assert clips.handle(event("update", 0, 1)) is None
    assert clips.counts.last_error == f"{tmp_path}: No space left on device"
    assert len(caplog.records) == 1
    assert names(tmp_path) == []
    is_full = False  # somebody made room
    record_one(clips)
    clips.close()
    assert clips.counts.written == 1
    assert capfd.readouterr().err == ""  # nothing said by C behind our back


def test_full_at_the_very_last_byte(tmp_path):
    """What fails only when the file is finished is noticed, too."""
    whole = ClipFile(tmp_path / "whole.flac", SR)
    whole.write(ramp(0, 3000))
    whole.finish()
    size = (tmp_path / "whole.flac").stat().st_size
    clip = ClipFile(tmp_path / "clip.flac", SR, lambda path, mode: Broken(path, mode, size - 1))
    with pytest.raises(OSError, match="No space left"):
        clip.write(ramp(0, 3000))
        clip.finish()
    clip.discard()
    assert names(tmp_path) == ["whole.flac"]


def test_a_real_full_disk(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("NOT TESTED on a real full disk: mounting one needs root")
    try:
        clips = recorder(folder)
        record_one(clips, 60)
        assert clips.counts.failed == 1
        assert clips.counts.last_error == f"{folder}: No space left on device"
        assert names(folder) == []
        clips.push(clips._heard.stop, np.zeros(5 * SR, np.int16))
        record_one(clips, 10)  # small enough
        clips.close()
        assert clips.counts.written == 1
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_read_only_disk(tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("NOT TESTED on a real read-only disk: mounting one needs root")
    try:
        clips = recorder(folder)
        record_one(clips)
        assert clips.counts.failed == 1
        assert "Read-only file system" in clips.counts.last_error
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_folder_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("in the way")
    clips = recorder(tmp_path / "file" / "folder")
    record_one(clips)
    assert clips.counts.failed == 1
    assert "Not a directory" in clips.counts.last_error


def test_a_folder_that_somebody_removes(tmp_path):
    clips = recorder(tmp_path / "clips")
    (tmp_path / "clips").rmdir()
    clips.tidy()
    assert "No such file" in clips.counts.last_error
    record_one(clips)
    clips.close()
    assert clips.counts.written == 1


def test_no_descriptors_are_left(tmp_path):
    def opener(path: Path, mode: str):
        return Broken(path, mode, 5000)

    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        clips = recorder(tmp_path, opener=opener)
        record_one(clips)
        clips.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
