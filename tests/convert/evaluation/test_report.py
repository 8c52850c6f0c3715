"""The report says the same as text, JSON and HTML, with LEAKY over every table where it leaks."""

import base64
import json
import sys
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from convert.errors import ConversionError
from convert.evaluation.figures import figures
from convert.evaluation.gain import gain_test
from convert.evaluation.page import page
from convert.evaluation.permutation import permutation_test
from convert.evaluation.pictures import pictures, require_matplotlib
from convert.evaluation.procedures import BASELINES
from convert.evaluation.protocol import Splits, cross_validate
from convert.evaluation.report import (
    RANDOM_SPLIT,
    Measurements,
    Report,
    compare,
    gain_section,
    permutation_section,
)

LABELS = ("hungry", "tired & <i>cross</i>")
ODD = '<script>alert("x")</script>'


def comparison():
    """A model that knows something of 80 recordings, beside the baselines."""
    rng = np.random.default_rng(0)
    y = (rng.random(80) < 0.3).astype(int)
    groups = [f"g{i // 2}" for i in range(80)]
    p = 0.4 * y + 0.6 * rng.random(80)
    contenders = {"model": [np.stack([1 - p, p], axis=1)]}
    splits = Splits.by("instance", groups)
    for name, baseline in BASELINES.items():
        contenders[name] = cross_validate(baseline, np.zeros((80, 1)), y, splits)
    return (
        y,
        contenders,
        compare(
            "Out of fold", y, contenders, LABELS, groups, positive=LABELS[1], draws=40, notes=["A note."]
        ),
    )


@pytest.fixture(scope="module")
def section():
    return comparison()[2]


def report_of(*sections, leak=""):
    return Report(f"Title {ODD}", "by instance", "80 recordings", sections, leak)


def others():
    gain = gain_section(gain_test(lambda *_: ("x", [1.0]), [1, 2], ["a", "b"], draws=5))
    found = permutation_test(lambda y: float(y[0]), np.array([0, 1]), ["a", "b"], draws=9)
    return gain, permutation_section({"macro F1": found}), Measurements("Alarms", "sound", {"hum": {"n": 0}})


def test_every_contender_by_the_same_measure():
    """Values are those of `figures`; baselines are in the table beside the model."""
    y, contenders, section = comparison()
    for name, repeats in contenders.items():
        expected = [figures(y, P, LABELS, LABELS[1]).flat() for P in repeats]
        for key, interval in section.figures[name].items():
            assert interval.value == pytest.approx(np.mean([e[key] for e in expected]))
            assert interval.low <= interval.high
    summary, classes = section.tables()
    assert summary.head == ("figure", "model", "majority", "prior")
    assert {row[0] for row in summary.rows} >= {"macro F1", "log-loss", "recall at 1 % false positives"}
    assert [row[0] for row in classes.rows] == [*LABELS, "macro avg", "weighted avg"]
    assert [row[-1] for row in classes.rows[-2:]] == [str(len(y))] * 2
    assert classes.head == ("class", "precision", "recall", "f1", "support")
    assert "95% intervals from 40 resamples of groups" in summary.caption


def test_text(section):
    """Title, protocol, data, then the sections; columns in line."""
    text = str(report_of(section, *others()))
    assert text.startswith(f"Title {ODD}\n\nprotocol  by instance\ndata      80 recordings\n")
    assert "A note." in text
    assert "LEAKY" not in text
    lines = text.splitlines()
    head = next(i for i, line in enumerate(lines) if line.startswith("figure"))
    at = lines[head].index("majority")
    assert all(line[at - 2 : at] == "  " and line[at] != " " for line in lines[head + 1 : head + 10])


def test_json(section):
    """Plain, four decimals, the same again; everything that is in the tables."""
    report = report_of(section, *others())
    text = json.dumps(report.to_dict(), allow_nan=False)
    assert text == json.dumps(report_of(comparison()[2], *others()).to_dict(), allow_nan=False)
    found = json.loads(text)
    assert found["leaky"] is False
    first, gain, permuted, alarms = found["sections"]
    accuracy = first["figures"]["prior"]["accuracy"]
    assert set(accuracy) == {"value", "low", "high", "level", "draws"}
    assert accuracy["value"] == round(accuracy["value"], 4)
    assert set(first["curves"]) == {"confusion", "reliability", "roc", "coverage"}
    assert gain["rows"]["-12 dB"]["label unchanged"]["value"] == 1
    assert permuted["rows"]["macro F1"]["permutations"] == 9
    assert alarms["rows"] == {"hum": {"n": 0}}


class Reader(HTMLParser):
    """Collects tags and what they refer to; notices what is not closed."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self):
        super().__init__()
        self.tags, self.open, self.attributes, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def test_html(section):
    """Well-formed, escaped, self-contained, and usable without eyes, scripts or a screen."""
    html = page(report_of(section, *others()))
    reader = read(html)
    assert "http:" not in html
    assert "https:" not in html
    assert not {"script", "link", "iframe", "object", "i"} & set(reader.tags)
    assert f"Title {ODD}" in "".join(reader.text)
    assert LABELS[1] in reader.text
    assert ("html", {"lang": "en"}) in reader.attributes
    assert "@media print" in html
    assert reader.tags.count("caption") == reader.tags.count("table") == 5
    scopes = {attrs.get("scope") for tag, attrs in reader.attributes if tag == "th"}
    assert scopes == {"col", "row"}
    images = [attrs for tag, attrs in reader.attributes if tag == "img"]
    assert len(images) == 4
    for image in images:
        assert len(image["alt"]) > 20
        head, data = image["src"].split(",")
        assert head == "data:image/svg+xml;base64"
        assert ElementTree.fromstring(base64.b64decode(data)).tag.endswith("svg")
    assert page(report_of(section, *others())) == html


def test_pictures_use_no_shared_state(section):
    """No figure of pyplot's is left open, and drawing does not depend on what it is set to."""
    import matplotlib.pyplot as plt

    first = [picture.svg for picture in pictures(section)]
    assert plt.get_fignums() == []
    assert [picture.svg for picture in pictures(section)] == first
    assert len(set(first)) == 4


def test_leaky_is_said_over_every_table(section):
    """In text, JSON and HTML; once more than there are tables, for the top."""
    report = report_of(section, *others(), leak=RANDOM_SPLIT)
    lines = str(report).splitlines()
    captions = [t.caption for s in report.sections for t in s.tables()]
    for caption in captions:
        assert lines[lines.index(caption) - 1] == RANDOM_SPLIT
    found = report.to_dict()
    assert found["leaky"] is True
    assert all(part["LEAKY"] == RANDOM_SPLIT for part in found["sections"])
    html = page(report)
    assert html.count('class="leaky"') == 1 + len(captions) + 1  # the top, tables, the pictures
    read(html)


def test_without_matplotlib(section, monkeypatch):
    """A sentence that says what to install; text and JSON do not need it."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ConversionError, match=r"matplotlib.*pip install '\.\[convert\]'"):
        require_matplotlib()
    with pytest.raises(ConversionError, match="matplotlib"):
        page(report_of(section))
    assert "accuracy" in str(report_of(section))
