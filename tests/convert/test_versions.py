"""The parts of ``python -m tests.convert.versions``, with the installed scikit-learn for the other one."""

import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import sklearn

from tests.convert.versions.__main__ import Found, here, rows, run, sentences
from tests.convert.versions.judge import (
    ACCIDENT,
    CONVERTED,
    REFUSED,
    SIGNAL,
    TRACEBACK,
    WRONG,
    Verdict,
    compared,
    forks,
    refused,
)
from tests.convert.versions.save import animals, asked
from tests.convert.zoo import ZOO, data

PYTHON = Path(sys.executable)
TAKEN = ["forest, 5 classes", "k-nn, 2 classes", "RidgeClassifier"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return run(PYTHON, tmp_path_factory.mktemp("versions"), TAKEN)


def test_the_whole_way(found: Found) -> None:
    """Fitted and saved there, converted by way of it, and the same answers here."""
    assert found.about["sklearn"] == sklearn.__version__
    assert found.about["saved"] == TAKEN
    assert found.names(CONVERTED) == TAKEN[:2], sentences(found)
    assert found.names(REFUSED) == TAKEN[2:]


def test_it_is_told(found: Found) -> None:
    told = "\n".join(sentences(found))
    assert "refused: RidgeClassifier: RidgeClassifier has no predict_proba, only scores; wrap it" in told
    cells = [cell.strip() for cell in rows([found])[-1].split("|")[1:-1]]
    assert cells[0] == sklearn.__version__
    assert cells[3:-1] == ["3", "2", "1", "0", "0", "0", "0"]


def test_every_estimator_has_a_name_of_its_own() -> None:
    names = [name for name, *_ in animals()]
    assert len(set(names)) == len(names) > 2 * len(ZOO) + 80
    assert not any("/" in name for name in names)


def test_inputs_are_what_the_device_reads() -> None:
    X, _ = data(2)
    assert asked(X).dtype == np.float32
    np.testing.assert_array_equal(asked(X), asked(X))
    assert np.abs(asked(X)).max() > 10 * np.abs(X).max()


class TestCompared:
    P = np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]])

    def kind(self, ours: np.ndarray, labels: tuple[str, ...] = ("a", "b")) -> str:
        return compared("x", ours, list(labels), self.P, ["a", "b"]).kind

    def test_the_same(self) -> None:
        assert self.kind(self.P.astype(np.float32)) == CONVERTED

    def test_a_tie_may_fall_either_way(self) -> None:
        assert self.kind(self.P + np.array([[0, 0], [0, 0], [-1e-6, 1e-6]])) == CONVERTED

    @pytest.mark.parametrize("change", [1e-4, np.nan])
    def test_a_difference_is_wrong(self, change: float) -> None:
        assert self.kind(self.P + np.array([[change, 0], [0, 0], [0, 0]])) == WRONG

    def test_other_columns_are_wrong(self) -> None:
        assert self.kind(self.P, ("b", "a")) == WRONG
        assert self.kind(self.P[:2]) == WRONG


class TestForks:
    @pytest.fixture(scope="class")
    def modules(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("modules")
        for name, work in (
            ("kills", "import os; os.kill(os.getpid(), 11)"),
            ("raises", "raise RuntimeError('lost')"),
            ("writes", "(folder / 'done').touch()"),
        ):
            (folder / f"{name}.py").write_text(f"def main(folder):\n    {work}\n")
        return folder

    def test_each_job_has_a_death_of_its_own(self, modules: Path, tmp_path: Path) -> None:
        env = here()
        env["PYTHONPATH"] += f":{modules}"
        with forks(PYTHON, env, ["writes"]) as server:
            killed, raised, done = (server.run(name, tmp_path) for name in ("kills", "raises", "writes"))
        assert killed.code == -signal.SIGSEGV
        assert refused("x", killed.complaint, [killed]).kind == SIGNAL
        assert raised.code == 1
        assert "RuntimeError: lost" in raised.stderr
        assert refused("x", raised.complaint, [raised]).kind == TRACEBACK
        assert done.code == 0
        assert (tmp_path / "done").exists()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("m: RidgeClassifier has no predict_proba, only scores; wrap it", REFUSED),
        ("m: SVC cannot be converted: it has a part or a setting that edgecry does not know; docs", ACCIDENT),
        ("m: its ONNX graph does not answer as scikit-learn does", ACCIDENT),
        ("m: does not load; it is damaged, or its parts do not fit together", ACCIDENT),
    ],
)
def test_a_refusal_is_told_from_an_accident(said: str, kind: str) -> None:
    assert refused("m", said, []) == Verdict("m", kind, said)
