"""Many recordings: find them in folders, share them among processes or machines, resume a run.

``classify_paths`` and ``Task`` are for use from Python; they are imported when first used.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["Task", "classify_paths"]

if TYPE_CHECKING:
    from edgecry.archive.paths import classify_paths
    from edgecry.archive.task import Task


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'edgecry.archive' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"edgecry.archive.{'task' if name == 'Task' else 'paths'}"), name)
