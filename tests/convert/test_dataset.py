"""Which recordings there are, what they are labelled, and which belong together."""

from pathlib import Path

import pytest

from convert.dataset import read_dataset, refuse_copies, refuse_two_labels
from convert.errors import ConversionError
from convert.training import extract_features
from edgecry.features.spec import FeatureSpec


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    """A folder with this manifest."""
    (folder / "manifest.csv").write_text(text, encoding=encoding)
    return folder


def folders(folder: Path, *names: str) -> Path:
    """A folder with these empty files."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_manifest(tmp_path):
    """Rows in their order, files relative to the folder, label and instance by name of column."""
    table(tmp_path, "file,label,instance\nb.wav,tired,x\nsub/a.wav,hungry,y\n")
    dataset = read_dataset(tmp_path)
    assert [r.path for r in dataset.recordings] == [tmp_path / "b.wav", tmp_path / "sub" / "a.wav"]
    assert (dataset.labels, dataset.groups) == (["tired", "hungry"], ["x", "y"])
    assert dataset.grouping == "instance"
    assert not dataset.is_leaky


def test_other_columns(tmp_path):
    """`category` and `group` stand in; any column can be named; a byte-order mark is no letter."""
    table(tmp_path, "file,category,group,author\na.wav,cry,g,ann\n", "utf-8-sig")
    dataset = read_dataset(tmp_path)
    assert (dataset.labels, dataset.groups, dataset.grouping) == (["cry"], ["g"], "group")
    dataset = read_dataset(tmp_path, label_column="author", group_by="category")
    assert (dataset.labels, dataset.groups, dataset.grouping) == (["ann"], ["cry"], "category")


@pytest.mark.parametrize(
    ("columns", "grouping"),
    [("clip_id,author", "author"), ("take,clip_id", "clip_id"), ("author,group", "group")],
)
def test_groups_go_by_the_widest_column_there_is(columns, grouping, tmp_path):
    """An author may have made several clips, and a clip several takes."""
    table(tmp_path, f"file,label,{columns}\na.wav,cry,x,y\n")
    assert read_dataset(tmp_path).grouping == grouping


def test_class_folders(tmp_path):
    """Folder names are labels; what is no audio, hidden or in no class is left out; order is fixed."""
    folders(tmp_path, "tired/b.WAV", "tired/deep/a.mp3", "hungry/c.flac", "hungry/notes.txt")
    folders(tmp_path, "loose.wav", "hungry/.d.wav", ".git/e.wav")
    dataset = read_dataset(tmp_path, group_by="none")
    assert [(str(r.path.relative_to(tmp_path)), r.label) for r in dataset.recordings] == [
        ("hungry/c.flac", "hungry"),
        ("tired/b.WAV", "tired"),
        ("tired/deep/a.mp3", "tired"),
    ]
    assert dataset.is_leaky
    assert len(set(dataset.groups)) == 3


def test_groups_by_prefix(tmp_path):
    """Names of one app instance begin alike, in whatever case."""
    folders(tmp_path, "hungry/AB12-1.wav", "tired/ab12-2.wav", "tired/ff00-1.wav")
    dataset = read_dataset(tmp_path, group_by="prefix:4")
    assert dataset.groups == ["ab12", "ab12", "ff00"]
    assert dataset.grouping == "the first 4 characters of the name"


def test_no_groups_are_refused(tmp_path):
    """Neither guessed nor passed over: the message says why and offers the ways out."""
    for text in (None, "file,label\na.wav,x\n"):
        folder = folders(tmp_path, "hungry/a.wav") if text is None else table(tmp_path, text)
        with pytest.raises(
            ConversionError, match=r"instance or group.*manifest\.csv.*--group-by.*prefix:36.*'none'"
        ):
            read_dataset(folder)
        assert read_dataset(folder, group_by="none").is_leaky


@pytest.mark.parametrize(
    ("text", "options", "match"),
    [
        ("", {}, "one called file"),
        ("path,label\na,b\n", {}, "columns path, label; one called file"),
        ("file,instance\na,b\n", {}, "no column label or category.*--label-column"),
        ("file,label,instance\na,b,c\n", {"label_column": "why"}, "no column why"),
        ("file,label,instance\na,b,c\n", {"group_by": "who"}, "no column who"),
        ("file,label,instance\na,b,c\n", {"group_by": "prefix:0"}, "no column prefix:0"),
        ("file,label,instance\na,,c\n", {}, "a: has no label"),
        ("file,label,instance\na,b,\n", {}, "a: has no instance"),
        ("file,label,instance\n,b,c\n", {}, "line 2 names no file"),
        ("file,label,instance\na,b,c,d\n", {}, "line 2 .*too many fields"),
        ("file,label,instance\na\0,b,c\n", {}, "line 2 names no file"),
        ("file;label;instance\na;b;c\n", {}, "file;label;instance.*commas between them"),
        ("file,label,instance\n", {}, "no recordings"),
        ('file,label,instance\n"a,b,c\n', {}, "as a table"),
    ],
)
def test_bad_manifests(text, options, match, tmp_path):
    """Each fault is named with the file."""
    with pytest.raises(ConversionError, match=match) as caught:
        read_dataset(table(tmp_path, text), **options)
    assert str(tmp_path) in str(caught.value)


def test_manifest_of_a_spreadsheet(tmp_path):
    """Its ends of lines, its mark at the beginning, spaces after commas, empty lines, any alphabet."""
    text = "file, label, instance\r\n\r\nцы é.wav, gähnt, ü\r\n"
    (tmp_path / "manifest.csv").write_bytes(text.encode("utf-8-sig"))
    (found,) = read_dataset(tmp_path).recordings
    assert (found.path.name, found.label, found.group) == ("цы é.wav", "gähnt", "ü")


def test_copies_are_refused_where_a_split_would_part_them(tmp_path):
    """By content; within a group they are no harm, and what is missing is complained of elsewhere."""
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).write_bytes(b"one" if name != "d" else b"another")
    path = {name: tmp_path / name for name in "abcde"}
    refuse_copies([(path["a"], "x"), (path["b"], "x"), (path["d"], "y"), (path["e"], "z")])
    with pytest.raises(ConversionError, match=r"c of 'y' is .*a of 'x', and 1 more like it; .*same group"):
        refuse_copies([(path["a"], "x"), (path["c"], "y"), (path["b"], "z")])
    table(tmp_path, "file,label,instance\na,tired,x\na,tired,y\n")
    with pytest.raises(ConversionError, match="copies: "):
        extract_features(read_dataset(tmp_path), FeatureSpec(), lambda _: None)
    with pytest.raises(ConversionError, match="none of the 2 recordings can be read"):
        extract_features(read_dataset(tmp_path, group_by="none"), FeatureSpec(), lambda _: None)


def test_manifest_in_another_encoding(tmp_path):
    """Said, not guessed."""
    with pytest.raises(ConversionError, match="UTF-8"):
        read_dataset(table(tmp_path, "file,label,instance\nä,b,c\n", "latin-1"))


def test_bad_folders(tmp_path):
    """Missing, and empty."""
    with pytest.raises(ConversionError, match="no such folder"):
        read_dataset(tmp_path / "none")
    with pytest.raises(ConversionError, match="no recordings"):
        read_dataset(tmp_path)


def test_two_labels_of_one_recording(tmp_path):
    """The same bytes under two labels cannot both be right; under one label they may lie twice."""
    folders(tmp_path, "hungry/a.wav", "tired/b.wav", "tired/c.wav", "tired/d.wav")
    for name, content in (("hungry/a", b"x"), ("tired/b", b"x"), ("tired/c", b"x"), ("tired/d", b"y")):
        (tmp_path / f"{name}.wav").write_bytes(content)
    dataset = read_dataset(tmp_path, group_by="none")
    with pytest.raises(ConversionError, match=r"b\.wav \(tired\) is .*a\.wav \(hungry\), and 1 more"):
        extract_features(dataset, FeatureSpec(), lambda _: None)
    (tmp_path / "hungry" / "a.wav").write_bytes(b"z")
    refuse_two_labels(dataset.recordings)


def test_two_columns_of_one_name(tmp_path):
    table(tmp_path, "file,label,label,group\na.wav,x,hungry,h\n")
    with pytest.raises(ConversionError, match="has 2 columns called 'label'; keep one"):
        read_dataset(tmp_path)


def test_what_is_left_out_is_named(tmp_path, caplog):
    """A link to nowhere and a folder that is called as a recording."""
    folders(tmp_path, "tired/a.wav", "hungry/take.wav/notes.txt")
    (tmp_path / "tired" / "gone.wav").symlink_to("/nonexistent/x.wav")
    with caplog.at_level("WARNING", "edgecry"):
        dataset = read_dataset(tmp_path, group_by="none")
    assert [r.path.name for r in dataset.recordings] == ["a.wav"]
    assert "take.wav: a folder" in caplog.text
    assert "gone.wav: a link to a file that is gone" in caplog.text


def test_a_clip_of_a_few_samples_is_skipped_by_name(tmp_path):
    import numpy as np
    import soundfile

    for name, n in (("long", 16000), ("blip", 16)):
        path = tmp_path / "tired" / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, np.random.default_rng(0).normal(size=n) * 0.1, 16000)
    told = []
    found = extract_features(
        read_dataset(tmp_path, group_by="none"), FeatureSpec(families=["mel"], n_mels=8), told.append
    )
    assert len(found.X) == 1
    assert "blip.wav: 1 ms long, which is too short to learn from" in told[0]
