"""A process that classifies the recordings it is told of, one after another.

It reads JSON lines on stdin: first the task, and then one path a line. It writes a JSON line for each path
on stdout. It ends when its stdin ends, so that it does not outlive the process that started it.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from edgecry.errors import EdgecryError
from edgecry.terminal import own_outputs, quiet_stderr


def main() -> None:
    """Run the process until its stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started it
    with own_outputs():
        with quiet_stderr():
            from edgecry.archive.task import Ear, Task
        try:
            ear = Ear(Task.from_dict(json.loads(sys.stdin.readline())))
        except EdgecryError as error:
            _say({"refused": str(error)})
            return
        _say({"identity": ear.identity, "labels": ear.labels})
        for line in sys.stdin:
            _say(ear.tell(json.loads(line)))


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
    os._exit(0)  # at once, without the slow end of onnxruntime
