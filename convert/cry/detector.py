"""The detector as a procedure: trains a network without a fold, and judges recordings with it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.cache import code_digest, content_digest
from convert.cry import recipe
from convert.cry.examples import Example
from convert.cry.recipe import Schedule
from convert.cry.tracks import SYNTHETIC, Track
from convert.errors import ConversionError
from convert.evaluation.figures import Probabilities
from convert.tell import Tell
from edgecry.arrays import Float32
from edgecry.decision import pool

#: Number of windows that are judged at once.
_BATCH = 64


@dataclass(frozen=True, eq=False)
class FittedDetector:
    """A trained network that can be asked about recordings.

    Parameters
    ----------
    graph : bytes
        The network as ONNX.
    heard : sequence of float32 [shape=(n_windows, n_features)]
        The windows of every recording, by its row.
    """

    graph: bytes
    heard: Sequence[Float32]
    classes_: NDArray[np.intp]

    def predict_proba(self, X: NDArray[np.intp], /) -> Probabilities:
        """Give the probabilities of recordings by their rows, pooled as the device pools them."""
        return self.judge([self.heard[i] for i in X])

    def judge(self, recordings: Sequence[Float32]) -> Probabilities:
        """Give the probabilities [shape=(n, 2)] of recordings, by the features of their windows."""
        sounding = [~np.isnan(windows[:, 0]) for windows in recordings]
        given = [windows[heard] for windows, heard in zip(recordings, sounding, strict=True) if heard.any()]
        found = self.windows(np.concatenate(given)) if given else np.empty(0)
        answers = iter(found.tolist())
        pooled = [
            pool([next(answers) if heard else 0.0 for heard in windows], recipe.POOL) for windows in sounding
        ]
        p = np.array(pooled)
        return np.column_stack([1 - p, p])

    def windows(self, X: Float32) -> Float32:
        """Give the probability of a cry for each of the windows [shape=(n, n_features)]."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(self.graph, options, providers=["CPUExecutionProvider"])
        parts = [
            session.run(["probabilities"], {"features": X[i : i + _BATCH]})[0][:, 1]
            for i in range(0, len(X), _BATCH)
        ]
        return np.concatenate(parts)


@dataclass(frozen=True, eq=False)
class CryDetector:
    """The procedure. Its rows are the indices of examples.

    Parameters
    ----------
    examples : sequence of Example
    tracks : sequence of Track
        What is learned: versions of these recordings, and synthetic sounds that every fold may learn.
    schedule : Schedule
    cache : Path, optional
        Folder for trained networks, and for the states of training that was broken off.
    tell : callable
    """

    examples: Sequence[Example]
    tracks: Sequence[Track]
    schedule: Schedule = recipe.MEASURED
    cache: Path | None = None
    tell: Tell = lambda _: None

    @property
    def rows(self) -> NDArray[np.intp]:
        """All rows."""
        return np.arange(len(self.examples))

    def fit(
        self,
        X: NDArray[np.intp],
        y: NDArray[np.intp],
        groups: Sequence[str],  # noqa: ARG002 - of a procedure
        seed: int,
        /,
    ) -> FittedDetector:
        """Train on the examples of these rows."""
        if not y.any() or y.all():
            raise ConversionError(
                f"cries: {int(y.sum())} of {len(y)} recordings to learn from are cries; it needs both kinds"
            )
        weights = self.trained_weights([self.examples[i].sound.path for i in X], seed)
        _, graph = torch_modules()
        onnx = graph.export(graph.rounded(self.network(weights)))
        return FittedDetector(onnx, [e.heard for e in self.examples], np.array([0, 1]))

    def trained_weights(self, paths: Sequence[Path], seed: int) -> bytes:
        """Return the weights of a network trained on these recordings, from the cache if they are there."""
        key = self.key(paths, seed)
        kept = None if self.cache is None else self.cache / "networks" / f"{key}.pt"
        if kept is not None and kept.is_file():
            self.tell(f"network {key[:8]} is trained already")
            return kept.read_bytes()
        learn, _ = torch_modules()
        import torch

        from convert.cry.lessons import LessonBook

        learned = set(paths)
        tracks = [t for t in self.tracks if t.sound.path in learned or t.sound.corpus == SYNTHETIC]
        book = LessonBook(tracks, recipe.Lessons(), seed)
        checkpoint = None if kept is None else kept.with_suffix(".ckpt")
        net = learn.train(book, self.schedule, seed, checkpoint, lambda line: self.tell(f"{key[:8]}: {line}"))
        buffer = io.BytesIO()
        torch.save(net.state_dict(), buffer)
        if kept is not None and checkpoint is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(buffer.getvalue())
            checkpoint.unlink(missing_ok=True)
        return buffer.getvalue()

    def network(self, weights: bytes) -> Any:
        """Make the network from its weights."""
        torch_modules()
        import torch

        from convert.cry.network import Network

        state = torch.load(io.BytesIO(weights), weights_only=True)
        net = Network(self.schedule, taught="teacher.weight" in state)
        net.load_state_dict(state)
        return net.eval()

    def key(self, paths: Sequence[Path], seed: int) -> str:
        """Name all that a trained network depends on."""
        total = hashlib.sha256(f"{code_digest()} {self.schedule} {recipe.Lessons()} {seed}".encode())
        for name in ("lessons", "judge", "learn", "network", "tracks", "graph"):
            total.update(Path(__file__).with_name(f"{name}.py").read_bytes())
        total.update(str(len(self.tracks[0].scores) > 0).encode())
        for digest in sorted(map(content_digest, paths)):
            total.update(digest.encode())
        return total.hexdigest()[:32]


def torch_modules() -> tuple[Any, Any]:
    """Import the modules ``learn`` and ``graph``, which need PyTorch.

    Raises
    ------
    ConversionError
        PyTorch is not installed.
    """
    try:
        from convert.cry import graph, learn
    except ImportError as error:
        raise ConversionError(
            f"task cry: a network is trained with PyTorch, which cannot be imported ({error}); "
            "pip install -e '.[train]'"
        ) from error
    return learn, graph
