"""Train a model of your own, convert it to one file, and ask that file as the device does.

    python -m examples.own_model my-model.onnx       # from a checkout with the extra convert

The recordings are synthetic: cries with little and with much noise of the room. Put your own in their place:
``load_audio(path, sr=spec.sr).samples``.
"""

import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from convert import convert
from convert.synth import synthetic_cry
from edgecry import Classifier, FeatureExtractor, FeatureSpec


def main(output: str) -> None:
    # 1. Features: the device computes them by the same recipe, which the model file carries.
    spec = FeatureSpec(sr=16000, families=("mfcc",), n_mfcc=13, stats=("mean", "std"))
    extractor = FeatureExtractor(spec)
    rooms = {"still": -60.0, "noisy": -20.0}
    X, y = [], []
    for label, room_db in rooms.items():
        for seed in range(10):
            recording = synthetic_cry(spec.sr, seconds=3, seed=seed, room_db=room_db)
            X.append(extractor.extract(recording))
            y.append(label)

    # 2. Any classifier of scikit-learn with predict_proba.
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(np.stack(X), y)

    # 3. Convert. The file is made only if it answers as scikit-learn does.
    converted = convert(model, spec=spec, name="rooms", vectors=np.stack(X))
    print(f"largest difference to scikit-learn: {converted.report.max_difference:.1e}")
    converted.save(output)

    # 4. On the device: this file is all that is needed.
    classifier = Classifier(output, detector=None)
    unheard = synthetic_cry(spec.sr, seconds=3, seed=100, room_db=-20.0)
    print(classifier.classify(unheard, sr=spec.sr).label)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "my-model.onnx")
