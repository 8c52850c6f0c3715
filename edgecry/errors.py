"""Everything edgecry raises on purpose, as one small tree."""


class EdgecryError(Exception):
    """The root: catch this one to catch them all.

    A message names the file or argument, what was found, what is allowed, and what to do.
    """


class AudioError(EdgecryError):
    """A recording that cannot be read or holds nothing that can be classified."""


class SpecError(EdgecryError):
    """A feature recipe that contradicts itself or lies outside what the extractor can do."""


class ModelError(EdgecryError):
    """A model file that is missing, broken, incomplete, or does not fit this device."""


class EdgecryWarning(UserWarning):
    """Something usable but odd, such as a clip in which no tuning could be estimated."""
