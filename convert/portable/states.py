"""States of compiled objects, which their own code reads without a look at how long they are.

Python's objects take any state, and `structure` looks at them afterwards. A compiled one may read
beyond the end of a tuple that is too short, and end the process, before anyone can look.
"""

from __future__ import annotations

import re
from typing import Any

from . import Refused
from .inert import Inert

#: KDTree and BallTree write 13 values. The first four are arrays, the next seven are numbers.
_NEIGHBOUR_TREE = re.compile(r"sklearn\.neighbors\.[\w.]+\.(KDTree|BallTree|BinaryTree)(32|64)?")
_TREE_LENGTH, _TREE_ARRAYS, _TREE_NUMBERS = 13, slice(0, 4), slice(4, 11)
#: Distances write three values: a number and two arrays.
_DISTANCE = re.compile(r"sklearn\.(neighbors|metrics)\.\w*dist_metrics\.\w+")
_DISTANCE_LENGTH = 3
#: Compiled tools of fitting, which a fitted model no longer has.
_TOOLS = re.compile(
    r"sklearn\.(tree\._(splitter|partitioner|utils)\.\w+"
    r"|tree\._tree\.\w*(Builder|Pruner|PruneController|PathFinder)"
    r"|ensemble\._hist_gradient_boosting\.(histogram|splitting|grower|binning)\.(?!_BinMapper)\w+"
    r"|neighbors\.\w+\.(NeighborsHeap|NodeHeap|_QuadTree)\w*)"
)
#: What Cython writes for an object without a way of its own. Only losses of boosting have it in models.
_RESTORED = re.compile(r"sklearn\.[\w.]*\.__pyx_unpickle_(?!Cy)\w+")


def check_made(made: Inert) -> None:
    """Refuse to make a compiled object that no fitted model has.

    Raises
    ------
    Refused
        It is one.
    """
    made_of = class_of(made)
    if _RESTORED.fullmatch(made.path) or _TOOLS.fullmatch(made_of):
        name = made_of.rpartition(".")[2].replace("__pyx_unpickle_", "")
        raise Refused(f"holds a {name:.60}, which only fitting uses; no fitted model has it")


def check_state(target: Inert, state: Any) -> None:
    """Refuse a state that is too short, or of other types than compiled code takes it for.

    Raises
    ------
    Refused
        It is.
    """
    made_of = class_of(target)
    name = made_of.rpartition(".")[2]
    if _NEIGHBOUR_TREE.fullmatch(made_of):
        whole = isinstance(state, tuple) and len(state) == _TREE_LENGTH
        if not (
            whole
            and all(isinstance(part, Inert) for part in state[_TREE_ARRAYS])
            and all(isinstance(part, (int, Inert)) for part in state[_TREE_NUMBERS])
        ):
            raise Refused(f"a damaged {name}: its state is not the {_TREE_LENGTH} values that it is made of")
    elif _DISTANCE.fullmatch(made_of) and not (isinstance(state, tuple) and len(state) == _DISTANCE_LENGTH):
        raise Refused(f"a damaged {name}: its state is not the {_DISTANCE_LENGTH} values that it is made of")


def class_of(made: Inert) -> str:
    """Dotted name of the class, also where a function of the same module makes the object."""
    first = made.args[0] if made.args else None
    is_made_by_function = made.path.rpartition(".")[2] in ("newObj", "_reconstructor", "__newobj__")
    return first.path if is_made_by_function and isinstance(first, Inert) else made.path
