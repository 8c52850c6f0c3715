"""lessons and judge: windows as they are learned; seeded, and of what may be learned alone."""

from dataclasses import replace

import numpy as np
import pytest

from convert.cry import recipe
from convert.cry.judge import Judge
from convert.cry.lessons import BANDS, FRAMES, LessonBook
from convert.cry.tracks import Track

DRAW = recipe.Lessons()


@pytest.fixture(scope="module")
def tracks(material):
    return material.procedure.tracks


@pytest.fixture(scope="module")
def taught(tracks) -> list[Track]:
    """Tracks with a teacher that knows cries, and whose embedding tells them, too."""
    rng = np.random.default_rng(0)
    found = []
    for track in tracks:
        times = 1 + len(track.power) // 20
        score = rng.uniform(0.5, 1, times) if track.sound.is_cry else rng.uniform(0, 0.2, times)
        embedding = rng.normal(size=(times, 200)) + 2 * track.sound.is_cry * (np.arange(200) < 5)
        found.append(replace(track, scores=score.astype(np.float32), embedding=embedding.astype(np.float16)))
    return found


def test_windows_are_log_mel_frames_and_targets_probabilities(tracks):
    batch = LessonBook(tracks, DRAW, 0).batch(40, 0.5)
    assert set(batch) == {"x", "p"}
    assert batch["x"].shape == (40, FRAMES, BANDS)
    assert np.isfinite(batch["x"]).all()
    assert batch["x"].min() >= 0
    assert set(batch["p"].tolist()) == {0.0, 1.0}


def test_the_seed_decides(tracks):
    one, two, other = (LessonBook(tracks, DRAW, seed).batch(8, 0.2)["x"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_a_book_goes_on_where_another_stands(tracks):
    book, again = LessonBook(tracks, DRAW, 0), LessonBook(tracks, DRAW, 5)
    book.batch(8, 0)
    again.set_state(book.state())
    again._hiss = book._hiss
    np.testing.assert_array_equal(book.batch(8, 0)["x"], again.batch(8, 0)["x"])


def test_as_many_cries_as_the_recipe_says(tracks):
    p = LessonBook(tracks, DRAW, 0).batch(2000, 0)["p"]
    assert np.mean(p) == pytest.approx(DRAW.cries, abs=0.05)


def test_only_the_tracks_that_are_given_are_drawn(tracks, monkeypatch):
    some = [track for track in tracks if track.sound.group != "author-both"]
    drawn: list[Track] = []
    draw = LessonBook._draw
    monkeypatch.setattr(LessonBook, "_draw", lambda self, pool: drawn.append(draw(self, pool)) or drawn[-1])
    LessonBook(some, DRAW, 0).batch(300, 1)
    assert {id(track) for track in drawn} <= {id(track) for track in some}
    assert len({id(track) for track in drawn}) > len(some) / 3


def test_the_teachers_word_moves_the_target_of_a_cry_and_never_makes_one_of_another_sound(taught):
    batch = LessonBook(taught, DRAW, 0).batch(400, 0)
    assert set(batch) == {"x", "p", "e", "we"}
    assert batch["e"].shape == (400, 192)
    assert ((batch["p"] <= DRAW.of_others) | (batch["p"] >= DRAW.label)).all()
    assert np.mean(batch["p"] > 0.5) == pytest.approx(DRAW.cries, abs=0.1)


def test_a_loud_background_silences_the_teachers_embedding(taught):
    quiet = LessonBook(taught, replace(DRAW, mixed=(0.0, 0.0)), 0).batch(50, 0)
    loud = LessonBook(taught, replace(DRAW, mixed=(1.0, 1.0), lowest_snr=(-5.0, -5.0)), 0).batch(200, 0)
    assert quiet["we"].all()
    assert 0.2 < loud["we"].mean() < 0.95


def test_the_judge_is_sure_where_the_teacher_is(taught):
    judge = Judge(taught)
    rng = np.random.default_rng(1)
    X = rng.normal(size=(2, 400)).astype(np.float32)
    X[0, [0, 1, 2, 3, 4, 200, 201, 202, 203, 204]] += 3
    _, (cry, other) = judge(X, np.array([0.9, 0.01]))
    assert cry > 0.5 > other
