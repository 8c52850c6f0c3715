"""``edgecry warmup``: compile numba's kernels once, at installation."""

from __future__ import annotations

import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "warmup",
        help="compile numba's kernels for this machine, once",
        description="Compiles numba's kernels for this machine and keeps them; for processes that live long. "
        "NUMBA_CACHE_DIR says where, if the installation cannot be written; later processes need it too.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Compile, and say where to."""
    from edgecry.features.warmup import warm_up

    warmed = warm_up()
    print(f"ready after {warmed.seconds:.1f} s; compiled kernels are kept in {warmed.cache}")
    return 0
