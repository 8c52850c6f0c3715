"""Run a command and write what it took as JSON: ``python watcher.py PROGRAM ARGUMENT ...``.

It is a small script because Linux counts the memory of the parent as part of the peak of a new process.
:func:`edgecry.diagnostics.process.measure` starts it.
"""

import json
import os
import sys
import time


def watch(command: list[str]) -> dict[str, float]:
    """Run a command and drop its stdout. Return exit code, seconds of wall and CPU time, and peak bytes."""
    drop = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    began = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=drop)
    _, status, usage = os.wait4(pid, 0)
    return {
        "wall": time.perf_counter() - began,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": 1024 * usage.ru_maxrss,
        "code": os.waitstatus_to_exitcode(status),
    }


if __name__ == "__main__":
    json.dump(watch(sys.argv[1:]), sys.stdout)
