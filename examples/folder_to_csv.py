"""Classify all recordings of a folder, and write what was found as CSV.

    python examples/folder_to_csv.py recordings/ answers.csv

A recording that cannot be read gets a line too, with the error in the last column.
"""

import csv
import sys
from pathlib import Path

from edgecry import Classifier, EdgecryError

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aiff")


def main(folder: str, output: str) -> None:
    paths = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in SUFFIXES)
    answers = Classifier().classify_many(paths, errors="yield")
    with Path(output).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["recording", "label", "cry", "seconds", "error"])
        for path, answer in zip(paths, answers, strict=True):
            name = path.relative_to(folder)
            if isinstance(answer, EdgecryError):
                table.writerow([name, "", "", "", answer])
            else:
                probability = f"{answer.cry.probability:.3f}"
                table.writerow([name, answer.label, probability, f"{answer.duration:.1f}", ""])


if __name__ == "__main__":
    main(*sys.argv[1:])
