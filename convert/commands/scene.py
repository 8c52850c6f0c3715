"""``python -m convert scene``: write ten minutes of a room with two cries, and print when they are."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

from convert.errors import ConversionError
from convert.scene import scene


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``python -m convert scene`` takes."""
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write: .wav or .flac")
    parser.add_argument("--seconds", type=float, default=600.0, help="length (default: %(default)s)")
    parser.add_argument("--sr", type=int, default=16000, help="sampling rate in Hz (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another seed is another scene (default: 0)")


def run(args: argparse.Namespace) -> int:
    """Write a scene, and print what is in it as JSON; the same arguments give the same scene."""
    import soundfile

    made = scene(args.seconds, args.seed, args.sr)
    try:
        soundfile.write(args.output, made.samples, args.sr, subtype="PCM_16")
    except (soundfile.SoundFileError, TypeError, ValueError) as error:
        raise ConversionError(f"{args.output}: cannot be written ({error}); name a .wav or .flac") from error
    logging.getLogger("edgecry").info("%s: %.0f s at %d Hz", args.output, args.seconds, args.sr)
    print(json.dumps(made.truth(), indent=2))  # noqa: T201 - what was asked for
    return 0
