"""The recipes of the field: each is on its page, and a model of each works from file to label."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from convert.export import convert
from convert.recipes import Recipe, known
from convert.synth import synthetic_cry
from edgecry import Classifier
from tests.parity import reference

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


def sound(sr: int, seed: int) -> np.ndarray:
    """A cry, or noise that rises."""
    if seed % 2:
        return synthetic_cry(sr=sr, seconds=1.0, seed=seed)
    noise = np.random.default_rng(seed).standard_normal(sr) * np.linspace(0.01, 0.1 + 0.01 * seed, sr)
    return noise.astype(np.float32)


def test_each_is_on_the_page():
    listed = dict(re.findall(r"^\| (\d+) \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    found = {str(recipe.spec.n_features): recipe.title.partition(" over time")[0] for recipe in known()}
    assert {n: title for n, title in listed.items() if n != "194"} == found


@pytest.mark.parametrize("recipe", list(known()), ids=lambda recipe: str(recipe.spec.n_features))
def test_a_model_of_each_answers_on_the_device_as_on_librosas_vectors(recipe: Recipe, tmp_path: Path):
    """Trained on what librosa makes of recordings; the file is given other recordings."""
    spec, sr = recipe.spec, recipe.spec.sr
    X = np.stack([reference.vector(sound(sr, seed), spec) for seed in range(8)])
    labels = np.where(np.arange(8) % 2, "cry", "noise")
    forest = make_pipeline(StandardScaler(), ExtraTreesClassifier(20, random_state=0)).fit(X, labels)
    path = tmp_path / "model.onnx"
    convert(forest, spec=spec).save(path)
    classifier = Classifier(path, detector=None)
    for seed in (10, 11):
        file = tmp_path / f"{seed}.wav"
        soundfile.write(file, sound(sr, seed), sr, subtype="FLOAT")
        prediction = classifier.classify(file)
        theirs = forest.predict_proba(reference.vector(sound(sr, seed), spec)[None])[0]
        ours = [prediction.probabilities[label] for label in forest.classes_]
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
