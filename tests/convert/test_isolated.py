"""A forest of scikit-learn 1.3.0, converted by scikit-learn 1.3.0, answers as scikit-learn 1.3.0 does."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convert import isolated
from convert.__main__ import main
from convert.errors import ConversionError
from convert.jobs import Limits, work
from edgecry import CryModel, FeatureSpec
from tests.convert.environments import require_installable
from tests.convert.spec import SPEC
from tests.convert.test_pickles import _resaved

VERSION = "1.3.0"
#: The public model's own way of training and saving, and its answers.
TRAINING = """
import joblib, numpy as np, sklearn, sys
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import LabelEncoder

rng = np.random.default_rng(0)
names = np.array(["belly_pain", "burping", "discomfort", "hungry", "tired"])[np.arange(150) % 5]
encoder = LabelEncoder()
y = encoder.fit_transform(names)
X = (rng.standard_normal((150, 194)) + rng.standard_normal((5, 194))[y]).astype(np.float32)
model = RandomForestClassifier(40, random_state=0).fit(X, y)
joblib.dump(model, "model.joblib")
joblib.dump(encoder, "label.joblib")
new = (X + rng.standard_normal(X.shape)).astype(np.float32)
np.savez("answers.npz", X=new, P=model.predict_proba(new), y=encoder.inverse_transform(model.predict(new)))
print(sklearn.__version__)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment with scikit-learn 1.3.0, made as ``--isolated`` makes it."""
    folder = tmp_path_factory.mktemp("isolated")
    require_installable(f"scikit-learn=={VERSION}", folder)
    return isolated.make_environment(folder / "environment", VERSION)


@pytest.fixture(scope="module")
def forest(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with model.joblib and label.joblib of that version, and its answers."""
    folder = tmp_path_factory.mktemp("forest")
    done = subprocess.run(
        [environment, "-c", TRAINING], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == VERSION
    return folder


@pytest.fixture
def ready(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ``--isolated`` use that environment rather than install another one like it."""

    def made(folder: Path, version: str) -> Path:
        assert version == VERSION
        assert not folder.exists()
        return environment

    monkeypatch.setattr(isolated, "make_environment", made)


@pytest.mark.usefixtures("ready")
def test_forest_of_another_version(forest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Converts, verifies, and answers on the device as 1.3.0 did, label for label."""
    model, labels, output = forest / "model.joblib", forest / "label.joblib", tmp_path / "out.onnx"
    options = ["--labels", str(labels), "--isolated"]
    assert main(["convert", str(model), *options, "--anyway", "-o", str(output)]) == 0
    assert f"scikit-learn {VERSION}" in capsys.readouterr().out
    device = CryModel.load(output)
    assert device.metadata.source["sklearn"] == VERSION
    assert device.spec == FeatureSpec()
    with np.load(forest / "answers.npz") as answers:
        X, P, y = answers["X"], answers["P"], answers["y"]
    ours = device.predict_proba(X)
    np.testing.assert_allclose(ours, P, rtol=0, atol=1e-5)
    best = np.sort(P, axis=1)
    clear = best[:, -1] - best[:, -2] > 1e-6
    assert clear.sum() > 100
    assert np.array(device.labels)[np.round(ours, 6).argmax(axis=1)][clear].tolist() == y[clear].tolist()
    assert main(["verify", str(output), str(model), *options]) == 0


def test_it_is_not_loaded_here(forest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without ``--isolated`` it is refused, with the offer."""
    assert main(["convert", str(forest / "model.joblib"), "-o", str(tmp_path / "out.onnx")]) == 1
    told = capsys.readouterr().err
    assert f"saved by scikit-learn {VERSION}, installed is" in told
    assert "--isolated" in told


@pytest.mark.usefixtures("ready")
def test_refusals_come_through(forest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the worker refuses is told as if it had been refused here."""
    (tmp_path / "spec.json").write_text('{"families": ["mfcc"]}')
    arguments = ["--spec", str(tmp_path / "spec.json"), "--isolated", "-o", str(tmp_path / "out.onnx")]
    assert main(["convert", str(forest / "model.joblib"), *arguments]) == 1
    assert "reads 194 values, the feature spec makes 40" in capsys.readouterr().err
    assert not (tmp_path / "out.onnx").exists()


def test_version_that_does_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no Python has a build of the version, the message names it and what was tried."""
    monkeypatch.setattr(isolated, "_interpreters", lambda: iter([("Python 3.x", sys.executable)]))
    with pytest.raises(
        ConversionError, match=r"scikit-learn 0\.0\.99 cannot be installed here; tried Python 3.x: "
    ):
        isolated.make_environment(tmp_path / "environment", "0.0.99")


def test_python_that_does_not_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that cannot make an environment is passed over, and named."""
    monkeypatch.setattr(isolated, "_interpreters", lambda: iter([("Python 2.7", "/bin/false")]))
    with pytest.raises(ConversionError, match=r"tried Python 2\.7: no virtual environment"):
        isolated.make_environment(tmp_path / "environment", VERSION)


def test_pythons_of_pyenv_and_uv_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are not on PATH, the newest first; one that cannot make an environment is passed over."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    paths = []
    for place, code in (
        (".pyenv/versions/3.8.18/bin/python3.8", 0),
        (".pyenv/versions/3.9.18/bin/python3.9", 1),
        (".local/share/uv/python/cpython-3.10.4-linux-x86_64-gnu/bin/python3.10", 0),
    ):
        paths.append(tmp_path / place)
        paths[-1].parent.mkdir(parents=True)
        paths[-1].write_text(f"#!/bin/sh\nexit {code}\n")
        paths[-1].chmod(0o755)
    first, *others = isolated._interpreters()
    assert first[1] == sys.executable
    assert others == [("Python 3.10", str(paths[2])), ("Python 3.8", str(paths[0]))]


def test_encoder_of_another_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Model and encoder of different versions have no environment in common."""
    import joblib
    from sklearn.preprocessing import LabelEncoder

    joblib.dump(LabelEncoder().fit(["a", "b"]), tmp_path / "label.joblib")
    (tmp_path / "model.pkl").write_bytes(_resaved(VERSION))
    (tmp_path / "spec.json").write_text(SPEC.to_json())
    arguments = ["--labels", str(tmp_path / "label.joblib"), "--isolated", "-o", str(tmp_path / "out.onnx")]
    arguments += ["--spec", str(tmp_path / "spec.json")]
    assert main(["convert", str(tmp_path / "model.pkl"), *arguments]) == 1
    assert f"the model by {VERSION}; give the names as a text file" in capsys.readouterr().err


def test_worker_that_breaks_off(tmp_path: Path) -> None:
    """A worker that dies without a result is told by its last words."""
    command = [sys.executable, "-m", "no_such_module"]
    with pytest.raises(ConversionError, match=r"the process that worked on it .*No module named"):
        work(command, dict(os.environ), tmp_path, "model", Limits())
