"""The picture beside each recording: drawn when it is finished, and gone when it is gone."""

import logging
import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edgecry.clips.folder import Quota
from edgecry.clips.pictures import Drawer, beside, drawn
from edgecry.clips.recorder import ClipRecorder, ClipSettings
from edgecry.errors import AudioError
from edgecry.features.picture import picture
from tests.clips.recording import NOW, SHORT, SR, event, live, names, recorder


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "cry-20261123T120000Z-000001-001.flac"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 4000), 8000)
    return path


def record_one(clips: ClipRecorder, seconds: float = 20) -> None:
    at = live(clips, 8)
    clips.handle(event("start", 5, 8))
    live(clips, seconds, at)
    clips.handle(event("end", 5, 12))
    clips.close()


def test_each_recording_has_its_picture(tmp_path):
    record_one(recorder(tmp_path, drawer=Drawer()))
    flac, png = names(tmp_path)
    assert png == flac.replace(".flac", ".png")
    assert (tmp_path / png).read_bytes() == picture(tmp_path / flac)
    assert stat.S_IMODE((tmp_path / png).stat().st_mode) == 0o600


def test_files_of_a_long_event_have_one_each(tmp_path):
    what = ClipSettings(pre=1, post=2, lookback=5, max_length=10)
    record_one(recorder(tmp_path, what, drawer=Drawer()), 30)
    found = names(tmp_path)
    assert len(found) >= 2
    assert [n for n in found if n.endswith(".png")] == [
        n.replace(".flac", ".png") for n in found if n.endswith(".flac")
    ]


def test_sound_does_not_wait_for_a_picture(tmp_path, monkeypatch):
    """A recording is told as finished while its picture is still drawn."""
    gate = threading.Event()
    monkeypatch.setattr("edgecry.clips.pictures.picture", lambda path: gate.wait(30) and b"drawn")
    clips = recorder(tmp_path, drawer=Drawer())
    at = live(clips, 8)
    clips.handle(event("start", 5, 8))
    at = live(clips, 20, at)
    clips.handle(event("end", 5, 12))
    ((number, path),) = clips.recorded()
    assert number == 1
    assert not beside(path).exists()
    gate.set()
    clips.close()
    assert beside(path).read_bytes() == b"drawn"


def test_a_picture_goes_with_its_recording_and_counts_with_it(tmp_path):
    clips = recorder(tmp_path, quota=Quota(max_bytes=1_000_000))
    for day in (1, 2):
        old = tmp_path / f"cry-2026112{day}T000000Z-00000{day}-001.flac"
        old.write_bytes(bytes(400_000))
        beside(old).write_bytes(bytes(200_000))
    (tmp_path / "mine.png").write_bytes(b"of a user")
    clips.tidy()
    assert names(tmp_path) == [
        "cry-20261122T000000Z-000002-001.flac", "cry-20261122T000000Z-000002-001.png", "mine.png"
    ]  # fmt: skip


def test_a_picture_whose_recording_is_gone_goes(tmp_path, clip):
    clips = recorder(tmp_path)
    for name in (
        beside(clip).name,
        "cry-20261122T000000Z-000002-001.png",
        "cry-20261122T000000Z-000002-001.png.part",
    ):
        (tmp_path / name).write_bytes(b"")
    clips.tidy()
    assert names(tmp_path) == [clip.name, beside(clip).name]


def test_a_recording_of_before_a_crash_gets_its_picture(tmp_path, clip):
    clip.rename(clip.with_name(clip.name + ".part"))
    recorder(tmp_path, drawer=Drawer()).close()
    assert names(tmp_path) == [clip.name, beside(clip).name]


def test_a_folder_whose_name_is_no_utf8(tmp_path, clip):
    """Such as one of an old disk: a recording in it is recovered after a crash, and drawn."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    clip.rename(folder / (clip.name + ".part"))
    recorder(folder, drawer=Drawer()).close()
    assert names(folder) == [clip.name, beside(clip).name]


def test_what_cannot_be_drawn_is_told_and_the_next_one_is_drawn(tmp_path, clip, caplog):
    bad = tmp_path / "cry-20261123T110000Z-000001-001.flac"
    bad.write_bytes(b"no sound")
    drawer = Drawer()
    with caplog.at_level(logging.WARNING, "edgecry"):
        for path in (bad, tmp_path / "gone.flac", clip):
            drawer.add(path)
        drawer.close()
    assert names(tmp_path) == [bad.name, clip.name, beside(clip).name]
    (record,) = caplog.records
    assert "no picture of it" in record.message


def test_an_error_of_any_kind_does_not_end_the_pictures(tmp_path, clip, monkeypatch, caplog):
    def once(path):
        monkeypatch.undo()
        raise MemoryError("no room for it")

    monkeypatch.setattr("edgecry.clips.pictures.picture", once)
    drawer = Drawer()
    drawer.add(clip)
    drawer.add(clip)
    drawer.close()
    assert names(tmp_path) == [clip.name, beside(clip).name]
    assert "no room for it" in caplog.text


def test_a_disk_that_is_full_leaves_no_half_picture(tmp_path, clip, monkeypatch, caplog):
    def full(path, mode):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("edgecry.clips.pictures.open_file", full)
    drawer = Drawer()
    drawer.add(clip)
    drawer.close()
    assert names(tmp_path) == [clip.name]
    assert "No space left" in caplog.text


def test_the_picture_beside_is_shown_and_another_is_drawn_where_there_is_none(tmp_path, clip):
    assert drawn(clip) == picture(clip)
    beside(clip).write_bytes(b"beside")
    assert drawn(clip) == b"beside"
    beside(clip).unlink()
    (tmp_path / "secret").write_bytes(b"of another")
    beside(clip).symlink_to(tmp_path / "secret")
    assert drawn(clip) == picture(clip)
    clip.write_bytes(b"no sound")
    with pytest.raises(AudioError):
        drawn(clip)


def test_without_recordings_there_is_no_thread(tmp_path):
    before = threading.active_count()
    clips = ClipRecorder(tmp_path, SR, lambda second: NOW + second, SHORT, drawer=Drawer())
    live(clips, 3)
    clips.close()
    assert threading.active_count() == before
