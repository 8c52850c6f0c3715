"""Everything edgecry raises on purpose, as one small tree."""


class EdgecryError(Exception):
    """The root: catch this one to catch them all.

    A message names the file or argument, what was found, what is allowed, and what to do.
    """


class AudioError(EdgecryError):
    """A recording that cannot be read or holds nothing that can be classified."""


class TooLongError(AudioError):
    """A recording that lasts longer than is allowed."""


class SpecError(EdgecryError):
    """A feature recipe that contradicts itself or lies outside what the extractor can do."""


class ModelError(EdgecryError):
    """A model file that is missing, broken, incomplete, or does not fit this device."""


class SinkError(EdgecryError):
    """A sink that cannot take a message.

    Attributes
    ----------
    permanent : bool
        Whether trying again is in vain: the message is refused, not the moment.
    retry_after : float or None
        Seconds that the other side asks to be left alone.
    patience : float or None
        Seconds for which such failures in a row are borne, because somebody may mend the cause, before
        the message is given up; for ever if None.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        patience: float | None = None,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after
        self.patience = patience


class EdgecryWarning(UserWarning):
    """Something usable but odd, such as a clip in which no tuning could be estimated."""
