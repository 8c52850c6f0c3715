"""The picture of one recording: its waveform, its spectrogram, and what the detector makes of it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from edgecry.answers.sentences import timeline_in_words
from edgecry.arrays import Float64
from edgecry.plots import canvas
from edgecry.plots.sketch import BANDS, COLUMNS, Sketch, band_of
from edgecry.timeline import Timeline

#: Range of the colours: decibels under the loudest.
RANGE: Final = 70.0
#: Frequencies of the ticks, in Hz.
_HZ: Final = (100, 500, 1000, 2000, 4000)
#: Where the bar of a cry begins over the spectrogram, as a share of the height.
_BAR: Final = 0.975
#: Up to this number of windows, each is shown with its length.
_FEW: Final = 40


def draw(timeline: Timeline, sketch: Sketch, name: str, threshold: float) -> Any:
    """Draw a recording.

    Parameters
    ----------
    timeline : Timeline
    sketch : Sketch
        The finished sketch of the same recording.
    name : str
        Name of the recording.
    threshold : float
        The score from which on a window counts as a cry.

    Returns
    -------
    matplotlib.figure.Figure
        Three axes above one another, all in seconds: amplitude, frequency by :func:`band_of`, score.
    """
    figure = canvas.figure(10, 6.2)
    wave, spectrum, score = figure.subplots(3, 1, sharex=True, height_ratios=(1, 2.2, 1.2))
    canvas.headline(figure, name, _in_words(timeline))
    _waveform(wave, sketch)
    figure.colorbar(spectrogram(spectrum, sketch), ax=spectrum, label="dB", pad=0.01, aspect=14)
    _score(score, timeline, threshold)
    for cry in timeline.cries:  # the edge makes a short cry visible in a long night
        for ax in (wave, score):
            ax.axvspan(cry.start, cry.end, color=canvas.SHADE, linewidth=0.8, zorder=0)
        # A bar and no shade, because a shade over the spectrogram would change its colours.
        spectrum.axvspan(cry.start, cry.end, _BAR, 1, color=canvas.CRY, linewidth=0.8)
    canvas.time_axis(score, timeline.duration)
    return figure


def _in_words(timeline: Timeline) -> str:
    """Say what was found. If there are many cries, tell only their number."""
    if len(timeline.cries) <= 3:
        return timeline_in_words(timeline)
    return f"{len(timeline.cries)} cries, {timeline.crying / 60:.1f} min together"


def _waveform(ax: Any, sketch: Sketch) -> None:
    low, high = sketch.envelope
    edges = sketch.step * np.arange(len(low) + 1)
    ax.stairs(high, edges, baseline=low, fill=True, color=canvas.SOUND, linewidth=0.5)
    top = 1.05 * max(float(np.abs([low, high]).max()), 1e-4)
    ax.set(ylabel="amplitude", ylim=(-top, top))


def spectrogram(ax: Any, sketch: Sketch) -> Any:
    """Draw mean power in dB under the loudest, over seconds and mel bands; return the image."""
    decibels = 10 * np.log10(sketch.power.T + 1e-12)
    decibels -= decibels.max()
    end = sketch.step * decibels.shape[1]
    image = ax.imshow(
        decibels, origin="lower", aspect="auto", cmap="magma", vmin=-RANGE, vmax=0,
        extent=(0, end, -0.5, BANDS - 0.5), interpolation="nearest",
    )  # fmt: skip
    ax.set_yticks([band_of(hz) for hz in _HZ], [str(hz) for hz in _HZ])
    ax.set(ylabel="frequency, Hz", ylim=(-0.5, BANDS - 0.5))
    return image


def _score(ax: Any, timeline: Timeline, threshold: float) -> None:
    times, scores = scores_of(timeline)
    is_short = len(times) <= _FEW
    ax.plot(times, scores, color=canvas.SOUND, marker="." if is_short else "", linewidth=1.2)
    if is_short:  # the length of each window
        for window, score in zip(timeline.windows, scores.tolist(), strict=True):
            ax.plot([window.start, window.end], [score] * 2, color=canvas.SOUND, alpha=0.35, linewidth=1)
    ax.axhline(threshold, color=canvas.CRY, linestyle="--", linewidth=1, label="threshold")
    text = ax.text(
        1.005, threshold, f"threshold\n{threshold:.3g}", transform=ax.get_yaxis_transform(),
        color=canvas.CRY, fontsize="small", va="center",
    )  # fmt: skip
    text.set_in_layout(False)  # there is room under the bar of colours
    ax.set(ylabel="cry score", ylim=(-0.03, 1.03), yticks=(0, 0.5, 1))


def scores_of(timeline: Timeline) -> tuple[Float64, Float64]:
    """Give the middles of windows in seconds and their scores. If they are many, neighbours are joined.

    A window that is too quiet to be judged has no score: NaN.
    """
    windows = timeline.windows
    each = -(-len(windows) // COLUMNS) or 1
    times = np.array([(window.start + window.end) / 2 for window in windows])
    scores = np.array([np.nan if window.skipped else window.score for window in windows])
    firsts = np.arange(0, len(windows), each)
    if not len(firsts):
        return times, scores
    middles = (firsts + np.minimum(firsts + each, len(windows)) - 1) // 2
    return times[middles], np.fmax.reduceat(scores, firsts)
