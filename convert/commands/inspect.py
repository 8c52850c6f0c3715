"""``python -m convert inspect MODEL``: what is in a pickle, told without loading it."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from convert.boosters import is_booster
from convert.pickles import PickleFile, explain_refusal, installed_sklearn
from convert.portable.contents import Part
from convert.portable.kinds import CLASSIFIER, ENCODER, OTHER, REGRESSOR, TRANSFORMER, kind_of
from edgecry.features.spec import FeatureSpec
from edgecry.terminal import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a file of joblib.dump or pickle.dump, or of XGBoost's, LightGBM's or CatBoost's save_model",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.epilog = (
        "Nothing in the file is loaded. A file that unpacks to more than 1 GiB or 200 times its size, or "
        "that has more than 2 million instructions, is refused. "
        "exit codes: 0 everything in it is allowed, 1 something is not, 2 wrong use"
    )


def run(args: argparse.Namespace) -> int:
    """Report on a pickle; 1 if anything in it is not on the allow-list."""
    file = PickleFile.read_model(args.model)
    text = json.dumps(_facts(file), indent=2) if args.json else _report(file)
    sys.stdout.write(text + "\n")
    return 1 if file.scan.refused else 0


def _facts(file: PickleFile) -> dict[str, Any]:
    scan = file.scan
    return {
        "file": file.origin,
        "size": file.size,
        "sha256": file.sha256,
        "format": _format(file),
        "compression": file.stream.compression,
        "unpacked": len(file.stream.data),
        "estimator": scan.estimator,
        "n_features": scan.n_features,
        "sklearn": list(scan.versions),
        "installed": installed_sklearn(),
        "globals": [{"name": name, "allowed": ok} for name, ok in scan.names],
        "parts": [part._asdict() for part in scan.parts],
        "allowed": not scan.refused,
        "next": _next(file),
    }


def _report(file: PickleFile) -> str:
    scan, installed = file.scan, installed_sklearn()
    unpacked = "" if file.stream.compression == "none" else f", {len(file.stream.data):,} unpacked"
    compression = "not compressed" if file.stream.compression == "none" else file.stream.compression
    reads = "" if scan.n_features is None else f", reads {scan.n_features} values"
    lines = [
        f"file          {file.origin}",
        f"format        {_format(file)}, {compression}, {file.size:,} bytes{unpacked}",
        f"sha256        {file.sha256}",
        f"holds         {scan.estimator}{reads}",
        *(f"  {_shown(part)}" for part in scan.parts),
        *_sklearn(file, installed),
        *(["names"] if scan.names else []),
        *(f"  {'allowed    ' if ok else 'NOT ALLOWED'}  {name}" for name, ok in scan.names),
        f"next          {_next(file)}",
    ]
    return "\n".join(printable(line) for line in lines)


def _sklearn(file: PickleFile, installed: str | None) -> list[str]:
    if is_booster(file):
        return []
    stated = ", ".join(file.scan.versions) or "none recorded"
    return [f"scikit-learn  {stated} (installed: {installed or 'none'})"]


def _format(file: PickleFile) -> str:
    if file.format != "pickle":
        return f"{file.format}'s own"
    wrapped = any(name.endswith(".NumpyArrayWrapper") for name, _ in file.scan.names)
    return "joblib" if wrapped else "pickle"


def _shown(part: Part) -> str:
    """One part of a dict, a list or a tuple."""
    reads = "" if part.n_features is None else f", reads {part.n_features} values"
    return f"{part.key}: {part.kind}{reads}"


def _next(file: PickleFile) -> str:
    """What to do with it."""
    scan = file.scan
    if scan.refused:
        return f"do not load it: it {explain_refusal(scan)}"
    if is_booster(file):
        return f"python -m convert convert {file.origin} --labels NAMES.txt{_spec(file)}"
    kind = kind_of(scan.estimator)
    if kind == ENCODER:
        return "give it as --labels"
    if kind == TRANSFORMER:
        return (
            f"give it with its classifier: python -m convert convert MODEL --scaler {file.origin} -o OUT.onnx"
        )
    if kind == REGRESSOR:
        return "nothing; it is a regressor, and edgecry needs a classifier with predict_proba"
    if scan.parts and not _has_classifier(scan.parts):
        return "nothing as it is; no part of it is a classifier of scikit-learn"
    if not scan.versions:
        return "nothing; save a fitted scikit-learn classifier"
    if len(scan.versions) > 1:
        return "fit and save it again under one scikit-learn"
    other = "" if scan.versions[0] == installed_sklearn() else " --isolated"
    return f"python -m convert convert {file.origin}{other}{_spec(file)}"


def _spec(file: PickleFile) -> str:
    """The rest of the command: the spec that is needed, and what is written."""
    width = file.scan.n_features
    if width in (None, FeatureSpec().n_features):
        return " -o OUT.onnx"
    return f" --spec SPEC.json -o OUT.onnx (specs: python -m convert spec --features {width})"


def _has_classifier(parts: tuple[Part, ...]) -> bool:
    return any(
        kind_of(part.kind) in (CLASSIFIER, OTHER) and part.kind.startswith("sklearn.") for part in parts
    )
