"""tracks: each recording in several versions, computed once."""

import numpy as np
import pytest

from convert.cry import tracks
from convert.cry.corpora import read_sounds
from convert.cry.kinds import KINDS, kind
from convert.cry.teacher import LENGTH, levelled
from convert.cry.tracks import SYNTHETIC, Track, far, read_tracks
from edgecry.audio.load import load_audio
from edgecry.features.extractor import FeatureExtractor


def quiet(line: str) -> None:
    pass


def test_the_first_version_is_the_recording_as_it_is(corpora):
    sound = read_sounds([corpora])[0]
    found = [track for track in read_tracks([sound], None, quiet) if track.sound == sound]
    y = load_audio(sound.path, tracks.SR).samples
    expected = FeatureExtractor(tracks.recipe.SPEC).frames(y).mel
    np.testing.assert_array_equal(found[0].power, expected)
    assert [track.is_plain for track in found] == [True] + [False] * (len(found) - 1)
    lengths = {len(track.power) for track in found}
    assert len(lengths) > 3, "versions differ in speed"


def test_a_second_run_computes_nothing(corpora, tmp_path, monkeypatch):
    sounds = read_sounds([corpora])[:2]
    first = read_tracks(sounds, tmp_path, quiet)
    monkeypatch.setattr(tracks._Hearing, "versions", lambda *_: pytest.fail("computed"))
    for one, two in zip(first, read_tracks(sounds, tmp_path, quiet), strict=True):
        np.testing.assert_array_equal(one.power, two.power)


def test_synthetic_sounds_are_learned_by_every_fold(corpora):
    found = [t for t in read_tracks(read_sounds([corpora])[:1], None, quiet) if t.sound.corpus == SYNTHETIC]
    assert {"silence", "music box", "hum"} <= {track.sound.category for track in found}
    assert not any(track.sound.is_cry for track in found)


def test_without_a_teacher_it_says_so_and_nothing_is_heard_of_one(corpora):
    told: list[str] = []
    found = read_tracks(read_sounds([corpora])[:1], None, told.append)
    assert any("learns from labels alone" in line for line in told)
    assert all(len(track.scores) == 0 for track in found)


def test_a_room_keeps_the_length_and_smears():
    click = np.zeros(tracks.SR, np.float32)
    click[1000] = 1
    heard = far(click, np.random.default_rng(0))
    assert heard.shape == click.shape
    assert np.abs(heard[:900]).max() < 1e-6, "nothing is heard before it sounds"
    assert np.count_nonzero(np.abs(heard[1001:]) > 1e-4) > 100


@pytest.mark.parametrize(("start", "length"), [(0, 149), (0, 10), (100, 30), (500, 149), (0, 2000)])
def test_what_the_teacher_heard_of_a_stretch_lies_in_it(start, length):
    """Its windows of 0.975 s begin every 20 frames of 20 ms; their middles are 24 frames on."""
    n = 40
    track = Track(None, True, np.zeros((900, 40)), np.zeros(n, np.float32), np.zeros((n, 4), np.float16))
    middles = 24 + 20 * np.arange(n)
    where = track.heard(start, length)
    inside = np.flatnonzero((middles >= start + 12) & (middles <= start + length - 12))
    if len(inside):
        assert (where.start, where.stop) == (inside[0], inside[-1] + 1)
    else:
        assert where.stop == where.start + 1


def test_the_teacher_gets_one_level_and_no_clipping():
    y = np.sin(np.arange(LENGTH) / 7).astype(np.float32)
    for gain in (1e-3, 1.0, 30.0):
        np.testing.assert_allclose(np.sqrt(np.mean(levelled(gain * y) ** 2)), 0.07, rtol=1e-4)
    click = np.zeros(LENGTH, np.float32)
    click[5] = 1e-3
    assert np.abs(levelled(click)).max() <= 0.99 + 1e-6
    assert not levelled(np.zeros(9, np.float32)).any()


def test_kinds_share_no_category():
    names = [name for members in KINDS.values() for name in members]
    assert len(set(names)) == len(names)


def test_a_cry_is_a_cry_whatever_it_is_called(corpora):
    for sound in read_sounds([corpora]):
        assert (kind(sound) == "cry") == sound.is_cry
