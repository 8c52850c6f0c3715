"""The vector that ``edgecry doctor`` expects of the bundled sample: ``python -m convert selftest``."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

from convert.errors import ConversionError
from edgecry.audio.load import load_audio
from edgecry.diagnostics.selftest import digest
from edgecry.features.extractor import FeatureExtractor
from edgecry.models.bundled import SAMPLE, STORED


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``python -m convert selftest`` takes."""
    parser.add_argument(
        "-o", "--output", type=Path, default=STORED, help="JSON file to write (default: the bundled one)"
    )


def run(args: argparse.Namespace) -> int:
    """Write the vector. To be done again whenever the sample or the default spec changes."""
    extractor = FeatureExtractor(engine="numpy")
    vector = extractor.extract(load_audio(SAMPLE, sr=extractor.spec.sr).samples)
    stored = {"sample": digest(SAMPLE), "spec": extractor.spec.hash, "vector": vector.tolist()}
    try:
        args.output.write_text(json.dumps(stored, indent=0) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConversionError(
            f"{args.output}: cannot be written ({error.strerror}); check the folder"
        ) from error
    logging.getLogger("edgecry").info("%s: %d values", args.output, vector.size)
    return 0
