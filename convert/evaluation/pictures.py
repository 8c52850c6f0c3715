"""The report's pictures, as SVG: scikit-learn's displays on figures of their own, without pyplot's state."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError
from convert.evaluation.curves import COVERAGES
from convert.evaluation.figures import BINS, Probabilities, decide

if TYPE_CHECKING:
    from convert.evaluation.report import Comparison

SIZE = (5.2, 4.4)


@dataclass(frozen=True)
class Picture:
    """An SVG document, what it is called, and what who cannot see it should know."""

    title: str
    alt: str
    svg: bytes


def pictures(comparison: Comparison) -> list[Picture]:
    """Draw the confusion matrix, the reliability diagram, the ROC and the coverage curve of a model.

    Raises
    ------
    ConversionError
        matplotlib is not installed.
    """
    drawn = [_confusion(comparison), _reliability(comparison)]
    if comparison.curves.roc:
        drawn.append(_roc(comparison))
    return [*drawn, _coverage(comparison)]


def require_matplotlib() -> None:
    """Find out whether pictures can be drawn, before hours are spent on what they show.

    Raises
    ------
    ConversionError
        matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ConversionError(
            f"HTML: matplotlib, which draws the report's pictures, cannot be imported ({error}); "
            "pip install '.[convert]', or ask for text or JSON"
        ) from error


def draw(title: str, alt: str, paint: Callable[[Any], None]) -> Picture:
    """Draw on an axis of a figure of its own, without a ground, so that a page may be dark."""
    require_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE, layout="constrained")
    paint(figure.add_subplot())
    buffer = io.BytesIO()
    # The salt and the missing date make the same report the same bytes.
    with matplotlib.rc_context({"svg.hashsalt": "edgecry"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, transparent=True)
    return Picture(title, alt, buffer.getvalue())


def _confusion(comparison: Comparison) -> Picture:
    from sklearn.metrics import ConfusionMatrixDisplay

    counts = np.array(comparison.curves.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    def paint(ax: Any) -> None:
        display = ConfusionMatrixDisplay(shares, display_labels=comparison.labels)
        display.plot(ax=ax, cmap="Blues", values_format=".2f", colorbar=False, xticks_rotation=45)
        display.im_.set_clim(0, 1)
        for text, share in zip(display.text_.flat, shares.flat, strict=True):
            text.set_color("white" if share > 0.6 else "black")  # as the new range needs it
        ax.set(xlabel="said", ylabel="true")

    told = "; ".join(
        f"{label} is said to be {label} in {shares[k, k]:.0%}" for k, label in enumerate(comparison.labels)
    )
    return draw("Confusion matrix, share of each true class", f"Confusion matrix: {told}.", paint)


def _reliability(comparison: Comparison) -> Picture:
    from sklearn.calibration import CalibrationDisplay

    hits, surest = [], []
    for P in comparison.repeats:
        said = decide(P)
        hits.append(said == comparison.y)
        surest.append(np.clip(P[np.arange(len(P)), said], 0, 1))

    def paint(ax: Any) -> None:
        shown = {"the label that is said": (np.concatenate(hits), np.concatenate(surest))}
        if comparison.positive is not None:
            shown[comparison.positive] = _pooled(comparison, comparison.labels.index(comparison.positive))
        for name, (truth, score) in shown.items():
            CalibrationDisplay.from_predictions(truth.astype(int), score, n_bins=BINS, name=name, ax=ax)
        ax.set(xlabel="probability", ylabel="share that was true", xlim=(0, 1), ylim=(0, 1))
        ax.legend(loc="upper left")

    error = comparison.curves.reliability.error
    alt = f"Reliability diagram in {BINS} equally wide bins; expected calibration error {error:.3f}."
    return draw("Reliability, repeats together", alt, paint)


def _pooled(comparison: Comparison, k: int) -> tuple[NDArray[np.bool_], Probabilities]:
    """Return the truth about class k, and its probability, of all repeats together."""
    truth = np.tile(comparison.y == k, len(comparison.repeats))
    return truth, np.clip(np.concatenate([P[:, k] for P in comparison.repeats]), 0, 1)


def _roc(comparison: Comparison) -> Picture:
    from sklearn.metrics import RocCurveDisplay

    shown = [label for label in comparison.curves.roc if comparison.positive in (None, label)]
    if comparison.positive is None and len(comparison.labels) == 2:
        shown = shown[-1:]  # the other's curve says the same

    def paint(ax: Any) -> None:
        for label in shown:
            truth, score = _pooled(comparison, comparison.labels.index(label))
            RocCurveDisplay.from_predictions(truth.astype(int), score, name=label, ax=ax)
        ax.plot([0, 1], [0, 1], "k:", label="chance")
        ax.set(xlabel="false positives", ylabel="recall")
        ax.legend(loc="lower right", fontsize="small")

    told = "; ".join(f"{label} {comparison.curves.roc[label][5]:.2f}" for label in shown)
    return draw("ROC, repeats together", f"ROC curves. Recall at 5 % false positives: {told}.", paint)


def _coverage(comparison: Comparison) -> Picture:
    found, guessed = comparison.curves.coverage, comparison.curves.majority

    def paint(ax: Any) -> None:
        ax.plot(COVERAGES, found, "-o", markersize=3, label="model")
        ax.plot(COVERAGES, guessed, "k--", label="always the most frequent, same clips")
        ax.set(xlabel="answered, %, the surest first", ylabel="accuracy", xlim=(0, 100), ylim=(0, 1.02))
        ax.legend(loc="lower right", fontsize="small")

    half = COVERAGES.index(50)
    alt = (
        f"Coverage curve: accuracy {found[half]:.2f} on the surest half, {found[-1]:.2f} on all; always "
        f"saying the most frequent label has {guessed[half]:.2f} and {guessed[-1]:.2f}."
    )
    return draw("Accuracy against coverage", alt, paint)
