"""Stand-ins."""

from typing import Any

import numpy as np

from tests.convert.zoo import LABELS


class FakeModel:
    """Answers with given probabilities, whatever it is asked."""

    labels = LABELS
    path = "fake.onnx"

    def __init__(self, probabilities: Any) -> None:
        self._rows = iter(np.asarray(probabilities, dtype=np.float32))

    def predict_proba(self, X: Any) -> Any:
        return np.array([next(self._rows) for _ in X])
