"""learn and graph: training goes on where it broke off, and the file answers as PyTorch does."""

import numpy as np
import onnx
import pytest

from convert.cry import recipe
from convert.cry.lessons import LessonBook
from tests.convert.cry.conftest import TINY, need_torch


@pytest.fixture(scope="module", autouse=True)
def _torch():
    need_torch()


@pytest.fixture
def book(material):
    return lambda: LessonBook(material.procedure.tracks, recipe.Lessons(), 0)


def weights(net) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in net.state_dict().items()}


def test_the_seed_decides(book):
    from convert.cry.learn import train

    one, two, other = (weights(train(book(), TINY, seed)) for seed in (0, 0, 1))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])
    assert any(not np.array_equal(one[name], other[name]) for name in one)


def test_what_was_broken_off_goes_on_to_the_same_end(book, tmp_path, monkeypatch):
    from convert.cry import learn

    monkeypatch.setattr(learn, "TOLD", 10)
    whole = weights(learn.train(book(), TINY, 0))
    told: list[str] = []

    def tell_and_keep(*args) -> None:
        keep(*args)
        if args[-1] == 20:
            raise KeyboardInterrupt

    keep = learn._keep
    monkeypatch.setattr(learn, "_keep", tell_and_keep)
    with pytest.raises(KeyboardInterrupt):
        learn.train(book(), TINY, 0, tmp_path / "state.ckpt")
    monkeypatch.setattr(learn, "_keep", keep)
    resumed = weights(learn.train(book(), TINY, 0, tmp_path / "state.ckpt", told.append))
    assert told[0] == "goes on at step 20"
    for name in whole:
        np.testing.assert_allclose(resumed[name], whole[name], atol=1e-6)


def test_the_loss_goes_down(book, monkeypatch):
    from convert.cry import learn

    monkeypatch.setattr(learn, "TOLD", 5)
    told: list[str] = []
    learn.train(book(), TINY, 0, tell=told.append)
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in told]
    assert len(losses) == 6
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (-1.5, 0.7)])
def test_the_file_answers_as_the_network(book, material, shift, scale):
    import onnxruntime
    import torch

    from convert.cry.graph import export, rounded
    from convert.cry.learn import train

    net = rounded(train(book(), TINY, 0))
    session = onnxruntime.InferenceSession(export(net, shift, scale))
    X = np.concatenate([example.heard for example in material.examples])
    X = X[~np.isnan(X[:, 0])]
    P, embedding = session.run(["probabilities", "embedding"], {"features": X})
    frames = torch.from_numpy(X).reshape(-1, 1, recipe.SPEC.n_frames, recipe.SPEC.n_mels)
    with torch.no_grad():
        expected = torch.sigmoid(scale * net(frames)[0] + shift).numpy()
    np.testing.assert_allclose(P[:, 1], expected, atol=1e-5)
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-6)
    assert embedding.shape == (len(X), TINY.units)
    last = {
        w.name: onnx.numpy_helper.to_array(w) for w in onnx.load_from_string(export(net)).graph.initializer
    }
    logits = embedding @ last["last.weight"].T + last["last.bias"]
    np.testing.assert_allclose(logits[:, 1] - logits[:, 0], net(frames)[0].detach().numpy(), atol=1e-4)


def test_rounding_changes_hardly_anything(book, material):
    import torch

    from convert.cry.graph import rounded
    from convert.cry.learn import train

    X = torch.from_numpy(np.nan_to_num(material.examples[0].heard[:1])).reshape(1, 1, 149, 40)
    plain = train(book(), TINY, 0)
    with torch.no_grad():
        before = plain(X)[0].item()
        after = rounded(plain)(X)[0].item()
    assert after == pytest.approx(before, abs=0.02)
