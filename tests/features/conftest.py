"""One Hypothesis profile for these tests: the same examples everywhere, and no verdict from the clock."""

from hypothesis import settings

settings.register_profile("edgecry", deadline=None, derandomize=True)
settings.load_profile("edgecry")
