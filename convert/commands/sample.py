"""``python -m convert sample``: write a synthetic cry."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from convert.errors import ConversionError
from convert.synth import synthetic_cry
from edgecry.models.bundled import SAMPLE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``python -m convert sample`` takes."""
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        default=SAMPLE,
        help="file to write: .flac or .wav (default: the bundled sample)",
    )
    parser.add_argument("--sr", type=int, default=16000, help="sampling rate in Hz (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=7.0, help="length (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another seed is another cry (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Write a synthetic cry with 16 bits; the same arguments give the same bytes."""
    import soundfile

    y = synthetic_cry(args.sr, args.seconds, args.seed)
    try:
        soundfile.write(args.output, y, args.sr, subtype="PCM_16")
    except (soundfile.SoundFileError, TypeError, ValueError) as error:
        raise ConversionError(
            f"{args.output}: cannot be written ({error}); name a .flac or .wav in a folder that is there"
        ) from error
    logging.getLogger("edgecry").info("%s: %.1f s at %d Hz", args.output, y.size / args.sr, args.sr)
    return 0
