"""Time of each bundled model in onnxruntime and in NumPy alone.

Run: python -m benchmarks.runtimes
"""

from __future__ import annotations

import time

import numpy as np

from edgecry.models.bundled import BUNDLED
from edgecry.models.model import CryModel
from edgecry.models.runtimes import RuntimeOptions

ROUNDS = 60


def median_ms(model: CryModel) -> float:
    """Median time of one vector, in milliseconds."""
    X = np.random.default_rng(0).normal(size=(1, model.spec.n_features)).astype(np.float32)
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        model.predict_proba(X)
        times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times))


def main() -> None:
    """Print a line for each bundled model."""
    print(f"{'model':<8}{'onnxruntime':>12}{'NumPy':>10}{'ratio':>8}")
    for name in BUNDLED:
        fast, slow = (
            median_ms(CryModel.load(name, RuntimeOptions(runtime=runtime)))
            for runtime in ("onnxruntime", "numpy")
        )
        print(f"{name:<8}{fast:>9.3f} ms{slow:>7.2f} ms{slow / fast:>7.1f}x")


if __name__ == "__main__":
    main()
