"""The part of `convert` that must also run beside another scikit-learn.

``--isolated`` copies this folder into a throw-away environment with the pickle's own scikit-learn
and runs `worker` there. So nothing in it imports edgecry or the rest of `convert`, it keeps to the
syntax of Python 3.8, and it needs numpy, scikit-learn, onnx and skl2onnx only where it uses them.
"""


class Refused(Exception):  # noqa: N818 - what happened, not what went wrong
    """A pickle or an estimator that is not accepted, and why, in words for the user."""


#: Where a library's own words are told, which are not for everyone.
DETAILS = "EDGECRY_DEBUG=1 in the environment tells more"


def cause_of(refusal: BaseException) -> str:
    """Tell what made a library stumble, in its own words; "" if none did."""
    cause = refusal.__cause__
    return "" if cause is None else f"{type(cause).__name__}: {cause}"[:2000]
