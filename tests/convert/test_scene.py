"""The synthetic night: what it says is in it is there, and nothing else."""

import json

import numpy as np
import pytest
import soundfile

from convert.__main__ import main
from convert.errors import ConversionError
from convert.scene import BARK_PEAK, CRY_PEAK, MACHINE_DB, ROOM_DB, bark, scene


@pytest.fixture(scope="module")
def night():
    return scene(seed=3)


def rms_db(y: np.ndarray) -> float:
    return 20 * np.log10(np.std(y, dtype=np.float64))


def test_two_cries_of_different_length(night):
    first, second = night.cries
    assert second[1] - second[0] > 2 * (first[1] - first[0])
    for start, end in night.cries:
        part = night.samples[round(start * night.sr) : round(end * night.sr)]
        assert np.abs(part).max() == pytest.approx(CRY_PEAK, rel=0.05)


def test_everything_loud_is_listed(night):
    """Second by second: what stands out of the room or the machine is a cry or a bark."""
    sr = night.sr
    for second in range(600):
        is_listed = any(a < second + 1 and b > second for a, b in (*night.cries, *night.barks))
        level = rms_db(night.samples[second * sr : (second + 1) * sr])
        expected = (
            ROOM_DB
            if second < night.machine
            else 10 * np.log10(10 ** (MACHINE_DB / 10) + 10 ** (ROOM_DB / 10))
        )
        if not is_listed:
            assert level == pytest.approx(expected, abs=0.5), second


def test_barks_stay_away_from_cries(night):
    assert night.barks
    for a, b in night.barks:
        assert all(b < start - 20 or a > end + 20 for start, end in night.cries)
        part = night.samples[round(a * night.sr) : round(b * night.sr)]
        assert BARK_PEAK / 3 < np.abs(part).max() < BARK_PEAK * 1.1


def test_barks_on_both_sides_of_the_machine(night):
    assert min(night.barks)[0] < night.machine < max(night.barks)[0]


def test_a_bark_dies_away():
    y = bark(16000, np.random.default_rng(0))
    assert np.abs(y).max() == 1
    thirds = np.array_split(np.abs(y), 3)
    assert thirds[0].max() > 10 * thirds[2].max()


def test_seeds():
    assert np.array_equal(scene(60).samples, scene(60).samples)
    assert not np.array_equal(scene(60).samples, scene(60, seed=1).samples)


@pytest.mark.parametrize(
    ("kwargs", "message"), [({"seconds": 59}, "seconds: 59"), ({"sr": 4000}, "sr: 4000")]
)
def test_refusals(kwargs, message):
    with pytest.raises(ConversionError, match=message):
        scene(**kwargs)


def test_command(tmp_path, capsys):
    path = tmp_path / "scene.flac"
    assert main(["scene", "-o", str(path), "--seconds", "60", "--seed", "5"]) == 0
    made = scene(60, seed=5)
    assert json.loads(capsys.readouterr().out) == made.truth()
    y, sr = soundfile.read(path)
    assert sr == made.sr
    np.testing.assert_allclose(y, made.samples, atol=1 / 32768)


def test_command_that_cannot_write(tmp_path, capsys):
    for name in ("none/scene.wav", "scene.xyz"):
        assert main(["scene", "-o", str(tmp_path / name), "--seconds", "60"]) == 1
        assert "cannot be written" in capsys.readouterr().err
