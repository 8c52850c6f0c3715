"""What tests of model files share: vectors to ask a model about, and how a file is refused."""

from pathlib import Path

import numpy as np
import pytest

from edgecry.errors import ModelError
from edgecry.models.model import CryModel
from edgecry.models.runtimes import RuntimeOptions
from tests import graphs


def vectors(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 50, (n, graphs.SPEC.n_features))


def refusal(path: Path, pattern: str, runtime: str = "auto") -> None:
    """Check that the file is refused with this, and that the message names it."""
    with pytest.raises(ModelError, match=pattern) as caught:
        CryModel.load(path, RuntimeOptions(runtime=runtime))
    assert str(caught.value).startswith(str(path))
