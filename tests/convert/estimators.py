"""``python -m tests.convert.estimators``: write ``docs/estimators.md`` from the zoo, measured."""

from __future__ import annotations

import logging
import pickle
import re
import warnings
from pathlib import Path
from typing import Final

import sklearn

import convert
from convert.pickles import PickleFile
from tests.convert.every import BINARY, NO_PLACE, listed, made
from tests.convert.spec import SPEC
from tests.convert.zoo import ZOO, data, fitted

PAGE: Final = Path(__file__).parents[2] / "docs" / "estimators.md"
_START, _END = "<!-- zoo -->", "<!-- end of the zoo -->"
_EVERY, _END_EVERY = "<!-- every -->", "<!-- end of every -->"
#: Steps that the page rounds differences up to.
_STEPS: Final = (1e-6, 1e-5)


def stated() -> dict[str, float]:
    """What the page says of each estimator of the zoo: the largest difference of a probability."""
    table = PAGE.read_text(encoding="utf-8").split(_START)[1].split(_END)[0]
    rows = re.findall(r"^\| ([^|]+?) \|[^|]*\| (1e-\d\d?) \|$", table, re.MULTILINE)
    return {name: float(limit) for name, limit in rows}


def measured(name: str) -> float:
    """Largest difference for two and for five classes."""
    found = []
    for n_classes, wild in ((2, False), (5, True)):
        estimator, X = fitted(name, n_classes, wild)
        found.append(convert.convert(estimator, spec=SPEC, vectors=X).report.max_difference)
    return max(found)


def described(name: str) -> str:
    """The estimator as one would write it."""
    return " ".join(str(fitted(name, 2)[0]).split()).replace("|", "\\|")[:160]


def stated_of_every() -> dict[str, str]:
    """What the page says of each estimator of scikit-learn: how near, or why not."""
    table = PAGE.read_text(encoding="utf-8").partition(_EVERY)[2].partition(_END_EVERY)[0]
    return dict(re.findall(r"^\| `(\w+)` \| \w+ \| (.+?) \|$", table, re.MULTILINE))


def told(name: str) -> str:
    """Tell how near an estimator's model file is, as a power of ten, or why there is none."""
    if name in NO_PLACE:
        return NO_PLACE[name]
    X, y = data(2 if name in BINARY else 5)
    model = made(name).fit(X, y.astype(object))
    try:
        found = convert.convert(model, spec=SPEC, vectors=X).report.max_difference
    except convert.ConversionError as error:
        if "has no ONNX counterpart" in str(error):
            return "no counterpart in ONNX"
        return re.split(r"[;:](?= )|, finite", str(error))[0].replace("|", "/")
    PickleFile.of(pickle.dumps(model), name).require_allowed()  # what converts in memory does from a file
    return f"{next(step for step in (1e-6, 1e-5) if found <= step):.0e}"


def _every(page: str) -> str:
    """Write the table of everything that scikit-learn lists into a page."""
    head, _, rest = page.partition(_EVERY)
    rows = [f"| `{name}` | {kind} | {told(name)} |" for name, kind in listed().items()]
    table = "\n".join(["| estimator | kind | within, or why not |", "|---|---|---|", *rows])
    return f"{head}{_EVERY}\n\n{table}\n\n{_END_EVERY}{rest.partition(_END_EVERY)[2]}"


def main() -> None:
    """Measure every estimator of the zoo, and write the table between the marks of the page."""
    warnings.simplefilter("ignore")
    logging.getLogger("edgecry").setLevel(logging.ERROR)
    rows = []
    for name in ZOO:
        limit = next(step for step in _STEPS if measured(name) <= step)
        rows.append(f"| {name} | `{described(name)}` | {limit:.0e} |")
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(_START)
    tail = rest.partition(_END)[2]
    table = "\n".join(["| name | estimator | within |", "|---|---|---|", *rows])
    note = f"Measured with scikit-learn {sklearn.__version__}, two and five classes."
    tail = _every(tail)
    PAGE.write_text(f"{head}{_START}\n\n{note}\n\n{table}\n\n{_END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
