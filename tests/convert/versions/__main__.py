"""``python -m tests.convert.versions 1.2.2 1.6.1``: the zoo as other versions of scikit-learn fit it.

For each version one environment is made as ``--isolated`` makes it. There the zoo (`tests.convert.zoo`) and
all that scikit-learn lists (`tests.convert.every`) are fitted, saved, and asked. Each pickle is converted as
``python -m convert convert --isolated`` does it, and the model file is compared with the answers that were
written by the version itself. It needs a package index, and for old versions old Pythons; it takes minutes a
version. Nothing may be wrong, end with a traceback, or die of a signal.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import convert.portable
from convert.errors import ConversionError
from convert.isolated import make_environment
from tests.convert.versions.judge import CONVERTED, HERE, KINDS, THERE, Verdict, forks, judge

TESTS: Final = Path(__file__).parents[2]
#: What runs beside the other scikit-learn, and what it imports.
_TAKEN: Final = ("zoo.py", "every.py", "versions/__init__.py", "versions/forks.py", "versions/save.py")
#: Seconds that fitting the zoo may take.
_TIMEOUT: Final = 1200
_CALM: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Found:
    """What became of the zoo of one version; ``about`` is what `tests.convert.versions.save` told."""

    about: dict[str, Any]
    verdicts: list[Verdict]

    def names(self, kind: str) -> list[str]:
        """Those of one kind."""
        return [one.name for one in self.verdicts if one.kind == kind]


def lay_out(folder: Path) -> dict[str, str]:
    """Copy what runs beside another scikit-learn, and return the environment in which it is found."""
    shutil.copytree(Path(convert.portable.__file__).parent, folder / "portable")
    for taken in _TAKEN:
        (folder / "tests" / "convert" / taken).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TESTS / "convert" / taken, folder / "tests" / "convert" / taken)
    for package in ("tests", "tests/convert"):
        (folder / package / "__init__.py").touch()
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "VIRTUAL_ENV")}
    return {**clean, **_CALM, "PYTHONPATH": str(folder), "PYTHONWARNINGS": "ignore"}


def here() -> dict[str, str]:
    """Return the environment in which this checkout is found."""
    return {**os.environ, **_CALM, "PYTHONPATH": str(TESTS.parent)}


def run(python: Path, folder: Path, only: Sequence[str] | None = None) -> Found:
    """Fit, save, convert and compare under one environment's scikit-learn."""
    env = lay_out(folder / "beside")
    saved = folder / "saved"
    saved.mkdir()
    command = [python, "-m", "tests.convert.versions.save", saved, *(only or ())]
    subprocess.run(command, env=env, check=True, timeout=_TIMEOUT)
    about = json.loads((saved / "saved.json").read_text(encoding="utf-8"))
    with forks(python, env, THERE) as there, forks(Path(sys.executable), here(), HERE) as these:
        verdicts = []
        for name in about["saved"]:
            verdicts.append(judge(name, saved, there, these))
            print(f"{about['sklearn']} {name}: {verdicts[-1].kind}", file=sys.stderr, flush=True)
        return Found(about, verdicts)


def rows(found: Sequence[Found]) -> list[str]:
    """Make the table: how many of each kind, by version."""
    lines = [f"| scikit-learn | Python | numpy | saved | {' | '.join(KINDS)} | within |"]
    lines.append("|---" * (len(KINDS) + 5) + "|")
    for one in found:
        within = max((v.difference for v in one.verdicts if v.kind == CONVERTED), default=0.0)
        cells = [one.about[key] for key in ("sklearn", "python", "numpy")]
        cells += [str(len(one.verdicts)), *(str(len(one.names(kind))) for kind in KINDS), f"{within:.0e}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def sentences(found: Found) -> list[str]:
    """Tell everything that did not convert: its kind, its sentence, and who is refused with it."""
    together: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in found.verdicts:
        if one.kind != CONVERTED:
            # The file is named after the estimator.
            together[one.kind, one.said.replace(f"{one.name}.pkl: ", "")].append(one.name)
    lines = [f"{kind}: {'; '.join(names)}: {said}" for (kind, said), names in sorted(together.items())]
    absent = [f"not fitted: {name} ({why})" for name, why in found.about["absent"].items()]
    return [f"scikit-learn {found.about['sklearn']}", *(f"  {line}" for line in lines + absent)]


def environment(folder: Path, version: str) -> Path:
    """Return the Python of a version's environment, which is made if it is not there."""
    ready = sorted((folder / version).glob("*/.whole"))
    if ready:
        return ready[0].parent / "bin" / "python"
    python = make_environment(folder / version, version)
    (python.parents[1] / ".whole").touch()
    return python


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it, print the table, and return 1 if anything is as it must not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.convert.versions", description=__doc__)
    parser.add_argument("versions", nargs="+", metavar="VERSION")
    parser.add_argument("--only", nargs="+", metavar="PATTERN", help="such as '*svc*'; all if left out")
    parser.add_argument("--environments", type=Path, help="keep them there, for the next time")
    args = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    found, missing = [], []
    with tempfile.TemporaryDirectory(prefix="edgecry-zoo-") as name:
        for version in args.versions:
            try:
                python = environment(args.environments or Path(name) / "environments", version)
            except ConversionError as error:
                missing.append(f"NOT TESTED: {error}")
                print(missing[-1], flush=True)
                continue
            (Path(name) / version).mkdir()
            found.append(run(python, Path(name) / version, args.only))
            print("\n".join(sentences(found[-1])), flush=True)
    print("\n".join(["", *rows(found), *missing]))
    return int(not found or any(one.names(kind) for one in found for kind in KINDS[2:]))


if __name__ == "__main__":
    sys.exit(main())
