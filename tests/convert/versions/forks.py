"""``python -m tests.convert.versions.forks MODULE ...``: run modules on folders, each time in a fork.

What takes long is imported once, and every job still has a process of its own, with limits of its own and a
death of its own. A line of the standard input is a module and a folder, with a tab between them. The
module's ``main`` is called with the folder. The line that answers is the exit code; it is negative for a
signal. What the job writes goes to ``stderr`` in the folder. Runs under Python 3.8, beside any scikit-learn.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn


def forked(module: str, folder: Path) -> int:
    """Call a module's ``main`` in a child, and tell how that ended."""
    main = importlib.import_module(module).main
    child = os.fork()
    if child == 0:
        _call(main, folder)
    _, status = os.waitpid(child, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _call(main: Callable[[Path], None], folder: Path) -> NoReturn:
    """Do the child's work; it does not return."""
    code = 1
    try:
        said = os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        main(folder)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        importlib.import_module(name)
    for line in sys.stdin:
        module, _, folder = line.rstrip("\n").partition("\t")
        print(forked(module, Path(folder)), flush=True)
