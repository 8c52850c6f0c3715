"""settings: whatever a program gives is taken, or refused as an EdgecryError that fits on a screen."""

import dataclasses
import pathlib
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from edgecry.audio.load import AudioOptions
from edgecry.audio.pcm_format import PcmFormat
from edgecry.clips.folder import Quota
from edgecry.clips.recorder import ClipSettings
from edgecry.decision import Decision
from edgecry.errors import EdgecryError
from edgecry.features.spec import FeatureSpec
from edgecry.listening.hearing import HearingSettings
from edgecry.listening.settings import EventTable, ListenSettings, RecordSettings
from edgecry.measure.settings import MeasureSettings
from edgecry.models.runtimes import RuntimeOptions
from edgecry.sinks.base import Backoff
from edgecry.sinks.execute import ExecSettings
from edgecry.sinks.jsonl import JsonlSettings
from edgecry.sinks.mqtt_settings import MqttSettings
from edgecry.sinks.notify import NotifySettings
from edgecry.sinks.outbox import OutboxSettings
from edgecry.sinks.page import PageSettings
from edgecry.sinks.rules import Rules
from edgecry.sinks.webhook import WebhookSettings
from edgecry.sources.restart import RestartSettings
from edgecry.sources.settings import SourceSettings
from edgecry.stream.settings import EventSettings
from edgecry.web.settings import WebSettings

#: Settings that are good.
GOOD = [
    *(kind() for kind in (AudioOptions, PcmFormat, Quota, ClipSettings, Decision, FeatureSpec)),
    *(kind() for kind in (HearingSettings, EventTable, ListenSettings, RecordSettings, MeasureSettings)),
    *(kind() for kind in (RuntimeOptions, Backoff, OutboxSettings, Rules, RestartSettings, SourceSettings)),
    *(kind() for kind in (EventSettings, WebSettings)),
    ExecSettings("say cry"),
    JsonlSettings("events.jsonl"),
    MqttSettings("broker"),
    NotifySettings(urls_file="urls"),
    PageSettings("http://page", key_file="key"),
    WebhookSettings("http://host/hook"),
]
ODD = [
    *(10**400, -(10**400), 2**63, -1, 0, 1, 1e308, 5e-324, float("nan"), float("inf")),
    *(True, None, 1j, Decimal(10) ** 400, Fraction(1, 3), np.float64("nan"), np.int64(3), np.ones(2)),
    *("x", "", "a\0b", "\ud800", "x" * 100_000, b"x", pathlib.Path("/x")),
    *([], {}, (), [None], [[]], ["\0"], ("x", "x"), {"a": {}}, {1, 2}, range(3)),
    *(object(), len),
]
FIELDS = [(good, field.name) for good in GOOD for field in dataclasses.fields(good) if field.init]


@pytest.mark.parametrize(
    ("good", "name"), FIELDS, ids=[f"{type(good).__name__}.{name}" for good, name in FIELDS]
)
def test_odd_values(good, name):
    for value in ODD:
        try:
            dataclasses.replace(good, **{name: value})
        except EdgecryError as error:
            assert len(str(error)) < 600  # the values that are allowed included


#: What a field that is declared so does not take.
WRONG = {"str": [3, b"x", None], "bool": ["no", 0, None], "tuple[str, ...]": ["x", 3, [3]]}
KINDS = [
    (good, field.name, value)
    for good in GOOD
    for field in dataclasses.fields(good)
    for value in WRONG.get(str(field.type), [])
]


@pytest.mark.parametrize(("good", "name", "value"), KINDS, ids=lambda each: f"{each!r:.12}")
def test_values_of_another_kind_are_refused(good, name, value):
    with pytest.raises(EdgecryError, match=name):
        dataclasses.replace(good, **{name: value})
