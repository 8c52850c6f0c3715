"""The seed as a script: ``python -m benchmarks.seed_process CLIP MODEL ENCODER`` prints a label."""

from __future__ import annotations

import sys

import joblib

from benchmarks.seed_pipeline import predict_cry


def main(clip: str, model: str, encoder: str) -> None:
    print(predict_cry(clip, joblib.load(model), joblib.load(encoder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
