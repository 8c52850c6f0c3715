"""What is installed, seed beside edgecry: ``python -m benchmarks.size``.

Both are installed by pip into fresh environments of this Python; counted is what they leave in
site-packages, bytecode included, pip itself not.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: What is asked of pip; for the seed, what its card imports and its requirements name.
SIDES = {
    "seed": ("numpy", "pandas", "scikit-learn", "joblib", "librosa"),
    "edgecry": (str(ROOT),),
}
LARGEST = 6
MB = 1e6


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.size", description="What is installed, seed beside edgecry."
    )
    parser.parse_args(argv)
    found = measure()
    for side, sizes in found.items():
        largest = sorted(sizes, key=lambda name: -sizes[name])[:LARGEST]
        print(f"{side:10}{sum(sizes.values()) / MB:7.1f} MB   " + ", ".join(
            f"{name} {sizes[name] / MB:.1f}" for name in largest))  # fmt: skip
    print(f"seed / edgecry {sum(found['seed'].values()) / sum(found['edgecry'].values()):.2f}")


def measure() -> dict[str, dict[str, int]]:
    """Install both, and return the bytes of each entry of their site-packages."""
    found = {}
    for side, requirements in SIDES.items():
        with tempfile.TemporaryDirectory() as folder:
            found[side] = sizes_of(install(requirements, Path(folder)))
    return found


def install(requirements: Sequence[str], folder: Path) -> Path:
    """Make an environment without pip, and let this Python's pip fill it; return its site-packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "-qq"]
    subprocess.run([*pip, "--disable-pip-version-check", *requirements], check=True)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    return site_packages


def sizes_of(site_packages: Path) -> dict[str, int]:
    """Bytes of each entry of the folder."""
    return {
        entry.name: sum(path.lstat().st_size for path in (entry, *entry.rglob("*")) if path.is_file())
        for entry in site_packages.iterdir()
    }


if __name__ == "__main__":
    main()
