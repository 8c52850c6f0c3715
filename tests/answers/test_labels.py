"""Cries as labels and tables, read back by readers that are not ours."""

import csv
import io
import re

import pytest

from edgecry.answers.records import columns
from edgecry.answers.writers import FORMATS, WRITERS, writer_of
from edgecry.errors import AudioError
from edgecry.stream.events import CryEvent
from edgecry.timeline import Timeline

LABELS = ("hungry", "tired")
CRIES = (
    CryEvent("end", 1, 3.84, 15.72, 0.987654, 0.8, {"hungry": 0.75, "tired": 0.25}, 9, "hungry", ("hungry",)),
    CryEvent("end", 2, 5463.9, 5503.0, 0.9, 0.81, None, 9, "uncertain", LABELS),
)
NIGHT = Timeline(CRIES, (), 7200.0, 1.0, "m")
QUIET = Timeline((), (), 3600.0, 1.0, "m")


def written(form, *answers):
    kind = writer_of(form)
    stream = io.BytesIO() if kind.binary else io.StringIO()
    writer = kind(stream, [name for name, _ in answers], LABELS, None)
    for name, result in answers:
        writer.write(name, result)
    writer.end()
    return stream.getvalue()


def test_audacity():
    lines = written("audacity", ("n.wav", NIGHT)).splitlines()
    assert [line.split("\t") for line in lines] == [
        ["3.840000", "15.720000", "hungry 0.99"],
        ["5463.900000", "5503.000000", "uncertain 0.90"],
    ]


def test_srt():
    """Blocks of a number, a line of times and a text, and an empty line between."""
    blocks = written("srt", ("n.wav", NIGHT)).strip().split("\n\n")
    number, times, text = blocks[1].splitlines()
    assert (number, times, text) == ("2", "01:31:03,900 --> 01:31:43,000", "uncertain 0.90")
    stamp = r"\d\d:\d\d:\d\d,\d\d\d"
    assert all(re.fullmatch(f"{stamp} --> {stamp}", block.splitlines()[1]) for block in blocks)


def test_raven():
    """By pandas or R it is read as a table with tabs; times go on over all files, as Raven counts them."""
    text = written("raven", ("q.wav", QUIET), ("n.wav", NIGHT), ("bad.wav", AudioError("bad.wav: broken")))
    first, second = csv.DictReader(io.StringIO(text), delimiter="\t")
    assert (first["Selection"], second["Selection"]) == ("1", "2")
    assert float(first["Begin Time (s)"]) == 3603.84
    assert float(first["File Offset (s)"]) == 3.84
    assert float(second["End Time (s)"]) - float(second["Begin Time (s)"]) == pytest.approx(39.1)
    assert (first["Begin Path"], first["Label"], float(first["Peak"])) == ("n.wav", "hungry", 0.987654)


def test_parquet():
    parquet = pytest.importorskip("pyarrow.parquet")
    answers = (("q.wav", QUIET), ("n.wav", NIGHT), ("b\udcff.wav", AudioError("b: broken")))
    table = parquet.read_table(io.BytesIO(written("parquet", *answers)))
    assert table.column_names == list(columns(LABELS))
    rows = table.to_pylist()
    assert [row["file"] for row in rows] == ["q.wav", "n.wav", "n.wav", "b\\udcff.wav"]
    assert [row["start"] for row in rows] == [None, 3.84, 5463.9, None]
    assert [row["cry_detected"] for row in rows] == [False, True, True, None]
    assert (rows[1]["p_hungry"], rows[1]["reason_set"], rows[3]["error"]) == (0.75, "hungry", "b: broken")
    assert str(table.schema.field("peak").type) == "double"


def test_parquet_and_csv_have_the_same_cells():
    parquet = pytest.importorskip("pyarrow.parquet")
    answers = (("n.wav", NIGHT), ("b.wav", AudioError("b: broken")))
    rows = parquet.read_table(io.BytesIO(written("parquet", *answers))).to_pylist()
    told = list(csv.DictReader(io.StringIO(written("csv", *answers))))
    cells = {None: "", True: "true", False: "false"}
    assert told == [
        {k: cells[v] if v is None or isinstance(v, bool) else str(v) for k, v in row.items()} for row in rows
    ]


@pytest.mark.parametrize("form", ["audacity", "srt", "raven", "text"])
def test_control_characters_are_escaped(form):
    event = CryEvent("end", 1, 1.0, 2.0, 0.9, 0.8, None, 9, "hun\x1bgry")
    text = written(form, ("a\x1b[2J\n\tb.wav", Timeline((event,), (), 9.0, 1.0, "m")))
    assert "\x1b" not in text
    assert "\\x1b" in text
    assert "a\x1b" not in text


def test_nothing_is_written_of_a_quiet_night():
    assert written("audacity", ("q.wav", QUIET)) == written("srt", ("q.wav", QUIET)) == ""


def test_every_format_has_a_writer():
    assert set(WRITERS) < set(FORMATS)
    assert all(writer_of(form).__name__.endswith("Writer") for form in FORMATS)
