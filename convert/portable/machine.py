"""Python's unpickler as a machine whose instructions can be replaced.

It has to be the one written in Python: joblib writes the bytes of arrays into the middle of the
stream, and only here can reading stop and go on after them. joblib itself does the same.
"""

from __future__ import annotations

import pickle
from typing import Any

Machine: Any = vars(pickle)["_Unpickler"]
