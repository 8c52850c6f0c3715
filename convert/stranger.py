"""A stranger's model, from its files to a proven model file; nothing of it is loaded in this process."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convert.errors import ConversionError
from convert.export import Card, Converted
from convert.jobs import Limits, Source, read_examined, work_here, write_job
from convert.labels import class_names
from convert.parity import TOLERANCE, ParityReport, explain_outside
from convert.portable.examine import Examined
from convert.proving import prove_apart, verify_apart
from convert.sounds import Sounds, sounds
from convert.widths import explain_width
from edgecry.features.spec import FeatureSpec


@dataclass(frozen=True)
class Trial:
    """How a model is opened and proven.

    Parameters
    ----------
    vectors : float32 [shape=(n, n_features)], optional
        Vectors of the user's own to prove it on.
    recordings : Path, optional
        A folder of recordings to prove it on.
    tolerance : float
        Largest difference of a probability that counts as the same answer.
    isolated : bool
        Whether it is loaded by its own scikit-learn, in an environment that is thrown away.
    trust : bool
        Whether it may name what is not on the allow-list.
    anyway : bool
        Whether it is made although it was fitted on quite other values than real recordings have.
    limits : Limits
    """

    vectors: NDArray[np.float32] | None = None
    recordings: Path | None = None
    tolerance: float = TOLERANCE
    isolated: bool = False
    trust: bool = False
    anyway: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Opened:
    """What became of a stranger's model in its own process.

    Attributes
    ----------
    folder : Path
        Of the job; it is removed when the context ends.
    examined : Examined
    heard : Sounds
        What it was asked about.
    warning : str
        Why it may be of no use on recordings; empty if nothing tells so.
    """

    folder: Path
    examined: Examined
    heard: Sounds
    warning: str


@contextmanager
def opened(source: Source, spec: FeatureSpec, trial: Trial) -> Iterator[Opened]:
    """Load, check, export and ask a model, in a process of its own.

    Raises
    ------
    ConversionError
        A file is refused, or what is in it.
    """
    source.require_allowed(trial.trust)
    _require_width(source, spec)
    source.require_runnable(trial.isolated)
    heard = sounds(spec, trial.recordings)
    with tempfile.TemporaryDirectory(prefix="edgecry-job-") as name:
        folder = Path(name)
        write_job(
            folder,
            source,
            spec.n_features,
            vectors=trial.vectors,
            real=heard.vectors,
            trust=trial.trust,
            limits=trial.limits,
        )
        if trial.isolated:
            from convert.isolated import work_isolated

            work_isolated(source, folder, trial.limits)
        else:
            work_here("convert.portable.worker", folder, source.model.origin, trial.limits)
        (folder / "result.json").rename(folder / "examined.json")
        examined = read_examined(folder, "examined.json")
        outside = examined.outside
        yield Opened(folder, examined, heard, "" if outside is None else explain_outside(outside, spec))


def convert_stranger(
    source: Source, names: tuple[str, ...] | None, spec: FeatureSpec, card: Card, trial: Trial
) -> tuple[Converted, str]:
    """Make a model file of a stranger's model, and return it with a warning, which may be empty.

    Raises
    ------
    ConversionError
        A file is refused, or what is in it; or real recordings lie far from what it was fitted on, and
        it is not to be made anyway.
    """
    origin = source.model.origin
    with opened(source, spec, trial) as found:
        class_names(found.examined.classes, found.examined.encoder, names)  # refuses before the proof is made
        if found.warning and not trial.anyway:
            raise ConversionError(f"{origin}: {found.warning}. If you know better: --anyway")
        made = prove_apart(
            found.folder,
            origin,
            names,
            spec,
            card,
            source.model.sha256,
            parts=source.parts,
            tolerance=trial.tolerance,
            files=found.heard.files,
            limits=trial.limits,
        )
        return made, found.warning


def verify_stranger(
    source: Source, output: Path, spec: FeatureSpec, trial: Trial
) -> tuple[ParityReport, Examined]:
    """Hold a model file against the model that it was made of.

    Raises
    ------
    ConversionError
        A file is refused, or what is in it.
    """
    with opened(source, spec, trial) as found:
        report = verify_apart(
            found.folder, output, tolerance=trial.tolerance, files=found.heard.files, limits=trial.limits
        )
        return report, found.examined


def _require_width(source: Source, spec: FeatureSpec) -> None:
    """Refuse a wrong number of features, as the file tells it, before anything is installed or loaded."""
    first = source.scalers[0] if source.scalers else source.model
    width = first.scan.n_features
    if width is not None and width != spec.n_features and not first.scan.parts:
        raise ConversionError(
            f"{first.origin}: {explain_width(first.scan.estimator, width, spec.n_features)}"
        )
