"""How well the measures of cries agree with Praat's: ``python -m benchmarks.measures $EDGECRY_DATA``.

``edgecry measure`` finds the units in real cries. The same stretches are then given to Praat, by parselmouth
(``pip install praat-parselmouth``), with the same range of the fundamental, and the two are put side by side.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from edgecry.audio.load import load_audio
from edgecry.errors import EdgecryError
from edgecry.measure.cry import measure_cry
from edgecry.measure.meter import SR
from edgecry.measure.settings import MeasureSettings

SETTINGS = MeasureSettings()
#: What is compared, its unit, and what counts as close: a share of Praat's value, or a difference.
MEASURES = (
    ("f0_median", "Hz", 0.02, True),
    ("f0_min", "Hz", 0.05, True),
    ("f0_max", "Hz", 0.05, True),
    ("jitter", "%", 0.2, True),
    ("shimmer", "%", 0.2, True),
    ("hnr", "dB", 1.0, False),
)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measures", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of recordings, with donateacry/ in it")
    parser.add_argument("--files", type=int, default=100, help="recordings, evenly from all (100)")
    arguments = parser.parse_args(argv)
    paths = sorted((arguments.data / "donateacry").rglob("*.flac"))
    if not paths:
        parser.error(f"{arguments.data}: holds no donateacry/*/*.flac")
    chosen = [paths[i] for i in np.linspace(0, len(paths) - 1, min(arguments.files, len(paths))).astype(int)]
    pairs = [pair for path in chosen for pair in compared(path)]
    print(f"{len(chosen)} recordings, {len(pairs)} units\n")
    print("| measure | units | median, ours | median, Praat | median difference | close | correlation |")
    print("|---|---|---|---|---|---|---|")
    for name, unit, limit, is_share in MEASURES:
        both = np.array(
            [(a[name], b[name]) for a, b in pairs if a[name] is not None and np.isfinite(b[name])]
        )
        both *= 100 if unit == "%" else 1
        ours, theirs = both.T
        gap = np.abs(ours - theirs)
        close = np.mean(gap <= (limit * theirs if is_share else limit))
        within = f"{100 * close:.0f} % within {f'{100 * limit:.0f} %' if is_share else f'{limit:g} dB'}"
        print(
            f"| {name}, {unit} | {len(both)} | {np.median(ours):.2f} | {np.median(theirs):.2f} "
            f"| {np.median(gap):.2f} | {within} | {rank_correlation(ours, theirs):.3f} |"
        )
    both = np.array([(a["f0_median"], b["f0_median"]) for a, b in pairs])
    octaves = np.abs(np.log2(both[:, 0] / both[:, 1]))
    far = octaves > np.log2(1.05)
    print(
        f"\nf0_median differs by over 5 % in {far.sum()} units, "
        f"in {(np.abs(octaves - 1) < 0.1).sum()} of them by an octave"
    )


def compared(path: Path) -> Iterator[tuple[dict[str, float | None], dict[str, float]]]:
    """Yield the measures of each unit, ours and Praat's."""
    try:
        y = load_audio(path, SR).samples
    except EdgecryError as error:
        print(error)
        return
    for unit in measure_cry(y, SR, 0.0, SETTINGS).units:
        ours = {name: getattr(unit, name) for name, *_ in MEASURES}
        yield ours, by_praat(y[round(unit.start * SR) : round(unit.end * SR)])


def by_praat(y: np.ndarray) -> dict[str, float]:
    """Measure a unit by Praat."""
    from parselmouth import Sound
    from parselmouth.praat import call

    sound = Sound(y.astype(np.float64), SR)
    step = 0.75 / SETTINGS.f0_min
    pitch = sound.to_pitch_ac(step, SETTINGS.f0_min, pitch_ceiling=SETTINGS.f0_max)
    f0 = pitch.selected_array["frequency"]
    f0 = f0[f0 > 0]
    low, median, high = np.quantile(f0, (0.05, 0.5, 0.95)) if len(f0) else (np.nan,) * 3
    points = call([sound, pitch], "To PointProcess (cc)")
    harmonicity = sound.to_harmonicity_ac(step, SETTINGS.f0_min, 0.1, 4.5).values
    return {
        "f0_median": median,
        "f0_min": low,
        "f0_max": high,
        "jitter": call(points, "Get jitter (local)", 0, 0, 1e-4, 0.02, 1.3),
        "shimmer": call([sound, points], "Get shimmer (local)", 0, 0, 1e-4, 0.02, 1.3, 1.6),
        "hnr": float(np.mean(harmonicity[harmonicity > -199])) if (harmonicity > -199).any() else np.nan,
    }


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's correlation: of ranks, so that a few wild values do not decide it."""
    first, second = (np.argsort(np.argsort(x)) for x in (a, b))
    return float(np.corrcoef(first, second)[0, 1])


if __name__ == "__main__":
    main()
