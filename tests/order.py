"""The order of test files: the longest first, so that at the end no process works alone."""

from collections import Counter
from collections.abc import Iterable

import pytest

#: The files that take longest, the longest first; ``.ci/run`` shows the times of its run. The first two go to
#: two processes at once. Only one of the two needs numba, so that its kernels are compiled once.
LONGEST = (
    "tests/parity/test_corpus.py",
    "tests/convert/test_cli.py",
    "tests/features/test_warmup.py",
    "tests/convert/test_training.py",
    "tests/convert/reason/test_train.py",
    "tests/convert/reason/test_bundled.py",
    "tests/parity/test_families.py",
    "tests/convert/evaluation/test_evaluate.py",
    "tests/convert/test_parts.py",
    "tests/convert/test_isolated.py",
    "tests/convert/test_oldest_onnxruntime.py",
    "tests/listening/test_page.py",
    "tests/listening/test_scene.py",
    "tests/convert/reason/test_embedding.py",
    "tests/convert/test_parity.py",
    "tests/archive/test_cluster.py",
    "tests/examples/test_examples.py",
    "tests/archive/test_pool.py",
    "tests/cli/test_archive.py",
    "tests/convert/test_recipes.py",
    "tests/convert/test_boosting.py",
    "tests/convert/adapt/test_adapt.py",
    "tests/cli/test_listen.py",
    "tests/cli/test_classify.py",
    "tests/web/test_load.py",
)
#: How many files the summary of a run names.
NAMED = 15


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return the tests with those of the longest files first; the others keep their order."""
    place = {path: i for i, path in enumerate(LONGEST)}
    return sorted(items, key=lambda item: place.get(path_of(item.nodeid), len(place)))


def times(reports: Iterable[object]) -> list[str]:
    """Return a line for each of the files that took longest, with its seconds."""
    seconds: Counter[str] = Counter()
    for report in reports:
        if isinstance(report, pytest.TestReport):
            seconds[path_of(report.nodeid)] += report.duration
    return [f"{taken:7.1f}s {path}" for path, taken in seconds.most_common(NAMED)]


def path_of(nodeid: str) -> str:
    """Return the file of a test."""
    return nodeid.partition("::")[0]
