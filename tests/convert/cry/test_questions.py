"""questions, folds and night: what is done to recordings before they are asked about again."""

from dataclasses import replace

import numpy as np
import pytest

from convert.cry import night, questions
from convert.cry.examples import SR
from convert.cry.folds import calibrated, calibration
from convert.cry.questions import cut_short, loudest, under


def test_the_loudest_stretch():
    y = np.zeros(1000, np.float32)
    y[600:700] = 1
    np.testing.assert_array_equal(loudest(y, 100), np.ones(100))
    assert len(loudest(y, 2000)) == 1000


@pytest.mark.parametrize("name", questions.LENGTHS)
def test_cut_cries_are_as_long_as_is_said(name):
    low, high = questions.LENGTHS[name]
    y = np.random.default_rng(0).normal(size=8 * SR).astype(np.float32)
    lengths = [len(cut_short(low, high)(y, np.random.default_rng(i))) / SR for i in range(50)]
    assert low <= min(lengths) < (low + high) / 2 < max(lengths) <= high


def test_under_a_sound_that_is_very_faint_a_cry_is_as_by_itself(material):
    cry = material.examples[0]
    other = next(e for e in material.examples if e.sound.category == "rain")
    alone = questions.changed(cry, lambda y, rng: loudest(y, 3 * SR))
    np.testing.assert_allclose(under(cry, other, 300.0), alone, atol=1e-6)
    mixed = under(cry, other, 0.0)
    assert np.mean((mixed - alone) ** 2) == pytest.approx(np.mean(alone**2), rel=1e-3)
    y = questions.changed(cry, lambda y, rng: y)
    np.testing.assert_allclose(under(cry, other, 300.0, whole=True), y, atol=1e-6)


def test_across_a_room_a_cry_begins_later_and_keeps_its_length(material):
    y = questions.changed(material.examples[0], lambda y, rng: y)
    heard = questions.changed(material.examples[0], questions.far_away)
    assert heard.shape == y.shape
    first = np.flatnonzero(np.abs(y) > 1e-3)[0]
    assert np.abs(heard[: first + int(1.5 / 343 * SR)]).max() < 0.02 * np.abs(heard).max()


def test_calibration_finds_what_was_done_to_probabilities():
    rng = np.random.default_rng(0)
    z = rng.normal(0, 2, 20_000)
    y = (rng.random(len(z)) < 1 / (1 + np.exp(-z))).astype(int)
    distorted = 1 / (1 + np.exp(-(0.5 * z - 1)))
    scale, shift = calibration(y, distorted)
    assert scale == pytest.approx(2, abs=0.15)
    assert shift == pytest.approx(2, abs=0.2)
    assert calibrated(np.array([0.0]), scale, shift) == 0


def test_a_night_holds_its_cries(material):
    examples = [e for e in material.examples if e.sound.category != "silence"]
    rng = np.random.default_rng(3)
    made = night.made([replace(e) for e in examples], 2.0, rng)
    assert len(made.samples) == 2 * 3600 * SR
    assert len(made.cries) >= 1
    for start, end in made.cries:
        assert 0 <= start < end <= 2 * 3600 + 10


def test_events_outside_a_cry_are_counted_as_false():
    made = night.Night(np.zeros(1, np.float32), ((100.0, 130.0), (300.0, 330.0)))
    counted = night._counted(made, [50.0, 104.0, 120.0, 340.0])
    assert counted == {"spells": 2, "found": 1, "false events": 2, "median delay, s": 4.0}
