"""edgecry: whether a baby cries, and what may be the reason; on a small board, offline, in milliseconds.

The public names are imported when first used, so that ``import edgecry`` costs next to nothing.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

_HOME = {
    "AudioError": "edgecry.errors",
    "AudioOptions": "edgecry.audio.load",
    "Classifier": "edgecry.classifier",
    "Cry": "edgecry.decision",
    "CryEvent": "edgecry.stream.events",
    "CryModel": "edgecry.models.model",
    "Decision": "edgecry.decision",
    "EdgecryError": "edgecry.errors",
    "EdgecryWarning": "edgecry.errors",
    "EventSettings": "edgecry.stream.settings",
    "FeatureExtractor": "edgecry.features.extractor",
    "FeatureSpec": "edgecry.features.spec",
    "ModelError": "edgecry.errors",
    "Prediction": "edgecry.prediction",
    "Reasons": "edgecry.decision",
    "RuntimeOptions": "edgecry.models.runtimes",
    "SpecError": "edgecry.errors",
    "StreamClassifier": "edgecry.stream.classifier",
    "Timeline": "edgecry.timeline",
    "Waveform": "edgecry.audio.load",
    "load_audio": "edgecry.audio.load",
}
__all__ = [
    "AudioError",
    "AudioOptions",
    "Classifier",
    "Cry",
    "CryEvent",
    "CryModel",
    "Decision",
    "EdgecryError",
    "EdgecryWarning",
    "EventSettings",
    "FeatureExtractor",
    "FeatureSpec",
    "ModelError",
    "Prediction",
    "Reasons",
    "RuntimeOptions",
    "SpecError",
    "StreamClassifier",
    "Timeline",
    "Waveform",
    "__version__",
    "load_audio",
]

if TYPE_CHECKING:
    from edgecry.audio.load import AudioOptions, Waveform, load_audio
    from edgecry.classifier import Classifier
    from edgecry.decision import Cry, Decision, Reasons
    from edgecry.errors import AudioError, EdgecryError, EdgecryWarning, ModelError, SpecError
    from edgecry.features.extractor import FeatureExtractor
    from edgecry.features.spec import FeatureSpec
    from edgecry.models.model import CryModel
    from edgecry.models.runtimes import RuntimeOptions
    from edgecry.prediction import Prediction
    from edgecry.stream.classifier import StreamClassifier
    from edgecry.stream.events import CryEvent
    from edgecry.stream.settings import EventSettings
    from edgecry.timeline import Timeline


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'edgecry' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
