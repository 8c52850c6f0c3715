"""corpora: which recordings are cries, whose they are, and what of them is there."""

import pytest

from convert.cry.corpora import CRIES, owner_of, read_sounds
from convert.errors import ConversionError
from tests.convert.cry.conftest import write_manifest


def corpus(folder, rows, missing=()):
    write_manifest(folder, rows)
    for row in rows:
        if row["file"] not in missing:
            path = folder / str(row["file"])
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(str(path).encode())  # whatever: nothing is decoded here
    return folder


REASONS = [
    {"file": "a.wav", "label": "hungry", "instance": "x"},
    {"file": "b.wav", "label": "tired", "instance": "x"},
    {"file": "c.wav", "label": "laugh", "instance": "y"},
]
STATED = [
    {"file": "1.wav", "category": "crying_baby", "is_cry": "0", "clip_id": "x"},
    {"file": "2.wav", "category": "dog", "is_cry": "1", "clip_id": "z"},
]


def refusal(folder) -> str:
    with pytest.raises(ConversionError) as caught:
        read_sounds([folder])
    return str(caught.value)


def test_reasons_are_cries_where_nothing_says_so(tmp_path):
    sounds = read_sounds([corpus(tmp_path / "home", REASONS)])
    assert [(s.path.name, s.category, s.is_cry) for s in sounds] == [
        ("a.wav", "hungry", True),
        ("b.wav", "tired", True),
        ("c.wav", "laugh", False),
    ]
    assert {"hungry", "crying_baby", "cry"} <= CRIES
    assert "laugh" not in CRIES


def test_the_column_is_cry_comes_before_the_name(tmp_path):
    sounds = read_sounds([corpus(tmp_path / "town", STATED)])
    assert [s.is_cry for s in sounds] == [False, True]


def test_several_corpora_in_one_folder_are_as_if_each_were_named(tmp_path):
    home, town = corpus(tmp_path / "home", REASONS), corpus(tmp_path / "town", STATED)
    (tmp_path / "notes").mkdir()
    told: list[str] = []
    sounds = read_sounds([tmp_path], told.append)
    assert sounds == read_sounds([home, town])
    assert told == ["home: 2 cries and 1 other sounds", "town: 1 cries and 1 other sounds"]


def test_a_corpus_named_twice_is_read_once(tmp_path):
    home = corpus(tmp_path / "home", REASONS)
    assert read_sounds([tmp_path, home]) == read_sounds([home])


def test_groups_are_named_by_what_they_are(tmp_path):
    corpus(tmp_path / "home", REASONS), corpus(tmp_path / "town", STATED)
    groups = [(s.corpus, s.group) for s in read_sounds([tmp_path])]
    assert groups == [
        ("home", "instance-x"),
        ("home", "instance-x"),
        ("home", "instance-y"),
        ("town", "clip_id-x"),
        ("town", "clip_id-z"),
    ]


INSTANCE = "643D64AD-B711-469A-AF69-55C0D5D3E30F"


@pytest.mark.parametrize(
    ("column", "value", "owner"),
    [
        ("instance", INSTANCE.lower(), f"dac-{INSTANCE.lower()}"),
        ("group", f"dac-{INSTANCE}-1430138495", f"dac-{INSTANCE.lower()}"),
        ("author", "Anna", "author-anna"),
        ("group", "author-Anna", "author-anna"),
        ("clip_id", "77", "clip_id-77"),
    ],
)
def test_a_source_has_one_name_in_all_corpora(column, value, owner):
    """So that no split parts a baby who is in two of them."""
    assert owner_of(column, value) == owner


def test_the_widest_group_counts(tmp_path):
    """An author has several clips."""
    rows = [{**row, "author": "anna"} for row in STATED]
    assert {s.group for s in read_sounds([corpus(tmp_path / "town", rows)])} == {"author-anna"}


def test_a_recording_of_nobody_is_a_group_of_its_own(tmp_path):
    rows = [{**row, "instance": ""} for row in REASONS]
    assert len({s.group for s in read_sounds([corpus(tmp_path / "home", rows)])}) == 3


def test_missing_files_are_said_and_the_others_work(tmp_path):
    told: list[str] = []
    sounds = read_sounds([corpus(tmp_path / "home", REASONS, missing=["a.wav"])], told.append)
    assert [s.path.name for s in sounds] == ["b.wav", "c.wav"]
    assert told == ["home: 1 cries and 1 other sounds; 1 more are missing"]


def test_a_corpus_without_its_files_is_said_and_the_others_work(tmp_path):
    corpus(tmp_path / "home", REASONS)
    corpus(tmp_path / "town", STATED, missing=["1.wav", "2.wav"])
    told: list[str] = []
    assert {s.corpus for s in read_sounds([tmp_path], told.append)} == {"home"}
    assert told[1] == "town: 0 cries and 0 other sounds; 2 more are missing"


# -- refusals: each names the folder and what to do --------------------------------------------------


def test_a_copy_in_another_corpus_is_refused(tmp_path):
    """Groups of corpora never meet, so it would be learned and tested."""
    home = corpus(tmp_path / "home", [{"file": "a.wav", "label": "hungry", "instance": "x"}])
    town = corpus(tmp_path / "town", [{"file": "b.wav", "category": "dog", "is_cry": 0, "author": "y"}])
    (town / "b.wav").write_bytes((home / "a.wav").read_bytes())
    assert "b.wav of 'author-y' is" in refusal(tmp_path)


def test_no_such_folder(tmp_path):
    assert refusal(tmp_path / "gone") == f"{tmp_path / 'gone'}: no such folder; name one with a manifest.csv"


def test_nothing_in_it(tmp_path):
    assert refusal(tmp_path).startswith(f"{tmp_path}: no recordings found")


def test_nothing_left(tmp_path):
    home = corpus(tmp_path / "home", REASONS, missing=["a.wav", "b.wav", "c.wav"])
    assert refusal(home).startswith(f"{home}: no recordings there; a detector learns from cries and other")


@pytest.mark.parametrize(("keep", "lacking"), [(REASONS[:2], "only cries"), (STATED[:1], "no cries")])
def test_one_kind_alone(tmp_path, keep, lacking):
    message = refusal(corpus(tmp_path / "home", keep))
    assert f"home: {lacking} there" in message
    assert message.endswith("name folders that hold both")


def test_one_kind_in_each_of_two_corpora(tmp_path):
    """It is all together that must hold both."""
    corpus(tmp_path / "home", REASONS[:2]), corpus(tmp_path / "town", STATED[:1])
    assert [s.is_cry for s in read_sounds([tmp_path])] == [True, True, False]


def test_class_folders_tell_no_groups(tmp_path):
    """A split of them would be a leaky one."""
    for name in ("cry/a.wav", "dog/b.wav"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"")
    message = refusal(tmp_path)
    assert "nothing tells the group of a recording (no column instance or group" in message
    assert message.endswith("only file, label); add a manifest.csv with one of them")


def test_no_category(tmp_path):
    rows = [{"file": row["file"], "instance": row["instance"]} for row in REASONS]
    assert "nothing tells the category of a recording (no column category or label" in refusal(
        corpus(tmp_path / "home", rows)
    )


def test_no_name_of_a_cry(tmp_path):
    rows = [{**row, "label": "noise"} for row in REASONS]
    assert "nothing tells which recordings are cries; add a column is_cry (0 or 1)" in refusal(
        corpus(tmp_path / "home", rows)
    )


@pytest.mark.parametrize("value", ["", "yes", "2", "1.0"])
def test_is_cry_is_0_or_1(tmp_path, value):
    rows = [STATED[0], {**STATED[1], "is_cry": value}]
    folder = corpus(tmp_path / "town", rows)
    assert refusal(folder) == f"{folder / '2.wav'}: is_cry is {value!r} in the manifest.csv; allowed are 0, 1"
