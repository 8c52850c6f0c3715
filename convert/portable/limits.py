"""Limits of a process that works on a stranger's model, so that nothing in it can fill the machine."""

from __future__ import annotations

import sys


def limit(memory: int, seconds: int) -> None:
    """Limit this process and all that it starts.

    Parameters
    ----------
    memory : int
        Bytes of address space.
    seconds : int
        Time on the processor. Whoever started the process watches the clock.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    wanted = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, seconds)]
    if sys.platform == "linux":  # others do not keep to it
        wanted.append((resource.RLIMIT_AS, memory))
    for kind, most in wanted:
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, hard))
