"""edgecry features --embedding: a row a window, in three formats."""

import csv
import io
import json

import numpy as np
import pytest
import soundfile

from edgecry.audio.load import load_audio
from edgecry.detector import Detector
from edgecry.models.model import CryModel
from tests import graphs
from tests.conftest import tone


@pytest.fixture
def network(tmp_path):
    return graphs.save(tmp_path / "network.onnx", graphs.network())


@pytest.fixture
def files(tmp_path):
    """A tone, a tone after silence, and no recording at all."""
    paths = [tmp_path / f"{name}.wav" for name in ("tone", "late", "none")]
    soundfile.write(paths[0], tone(0), 8000)
    soundfile.write(paths[1], np.concatenate([np.zeros(2400), tone(1)]), 8000)
    return paths


@pytest.fixture
def expected(network, files):
    """Windows and embeddings of the two recordings, as Python gives them."""
    detector = Detector(CryModel.load(network))
    return [detector.embed(load_audio(path, sr=8000).samples) for path in files[:2]]


def test_embedding_is_the_models_on_each_window(network, expected):
    model = CryModel.load(network)
    (windows, embeddings), (late, silent) = expected
    assert [round(w.start, 3) for w in windows] == [0.0, 0.1, 0.2, 0.3]
    assert embeddings.shape == (4, model.embedding_size)
    assert np.isnan(silent[:2]).all()
    assert np.isfinite(silent[2:]).all()
    assert [w.probability for w in late[:2]] == [0.0, 0.0]
    logits = embeddings[:, 0] - embeddings[:, 4]  # the last layer of the tiny network
    np.testing.assert_allclose([w.probability for w in windows], 1 / (1 + np.exp(-logits)), atol=1e-6)


def test_csv(run, network, files, expected):
    code, out, err = run("features", "--embedding", "--model", network, *files)
    assert code == 1
    assert err.startswith(f"edgecry: {files[2]}: ")
    header, *rows = csv.reader(io.StringIO(out))
    assert header == ["file", "start", "end", "probability", *(f"embedding_{i}" for i in range(8))]
    (windows, embeddings), (late, silent) = expected
    assert [row[0] for row in rows] == [*[str(files[0])] * 4, *[str(files[1])] * len(late), str(files[2])]
    table = np.array([[float(cell or "nan") for cell in row[1:]] for row in rows], np.float64)
    np.testing.assert_allclose(table[:-1, :3], [*windows, *late], atol=6e-5)
    np.testing.assert_array_equal(table[:-1, 3:].astype(np.float32), np.concatenate([embeddings, silent]))
    assert np.isnan(table[-1]).all()


def test_json(run, network, files, expected):
    _, out, _ = run("features", "--embedding", "--model", network, *files, "--format", "json")
    first, second, failed = json.loads(out)
    assert [list(first), list(failed)] == [["file", "windows"], ["file", "error"]]
    assert list(first["windows"][0]) == ["start", "end", "probability", "embedding"]
    np.testing.assert_array_equal(
        np.array([window["embedding"] for window in first["windows"]], np.float32), expected[0][1]
    )
    assert [window["embedding"] is None for window in second["windows"]][:3] == [True, True, False]


def test_npy(run, network, files, expected, tmp_path):
    out = tmp_path / "out.npy"
    run("features", "--embedding", "--model", network, *files, "--format", "npy", "-o", out)
    blank = np.full((1, 8), np.nan, np.float32)
    np.testing.assert_array_equal(np.load(out), np.concatenate([expected[0][1], expected[1][1], blank]))


def test_refusals(run, files, tmp_path):
    ear = graphs.save(tmp_path / "ear.onnx", graphs.detector())
    code, out, err = run("features", "--embedding", "--model", ear, files[0])
    assert (code, out) == (2, "")
    assert err.startswith(f"edgecry: {ear}: has no embedding")
    for argv, pattern in (
        (("--embedding", "--spec", "spec.json"), "--spec: an embedding is made by the recipe"),
        (("--model", ear), "--model: add --embedding"),
    ):
        code, out, err = run("features", *argv, files[0])
        assert (code, out) == (2, "")
        assert pattern in err
