"""Clips with a verdict: by folder or by table, each of a day."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from convert.adapt.clips import find_day, read_clips
from convert.errors import ConversionError


def touch(path: Path, content: str | None = None) -> Path:
    """Write a file that no other is a copy of."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(str(path) if content is None else content)
    return path


def read(source: Path) -> list[tuple[str, bool, str, str]]:
    return [(c.path.name, c.is_cry, c.day, c.dated) for c in read_clips(source, lambda _: None)]


def refusal(source: Path, pattern: str) -> None:
    with pytest.raises(ConversionError, match=pattern):
        read_clips(source, lambda _: None)


@pytest.mark.parametrize("other", ["not_cry", "not a cry", "no_cry", "Other", "false-alarms"])
def test_folders(tmp_path, other):
    touch(tmp_path / "cry" / "cry-20261130T235959Z-000007-001.flac")
    old = touch(tmp_path / other / "late" / "tap.wav")
    os.utime(old, (0, datetime(2026, 11, 29, 23, 59, tzinfo=UTC).timestamp()))
    touch(tmp_path / "cry" / "notes.txt")
    assert sorted(read(tmp_path)) == [
        ("cry-20261130T235959Z-000007-001.flac", True, "2026-11-30", "name"),
        ("tap.wav", False, "2026-11-29", "time of the file"),
    ]


@pytest.mark.parametrize("by_name", [False, True])
def test_table(tmp_path, by_name):
    for name in ("a.wav", "b-2026-11-02.wav", "sub/c.wav"):
        touch(tmp_path / name)
    table = touch(
        tmp_path / "home.csv",
        "file,verdict,time\na.wav,cry,2026-11-01 05:29\nb-2026-11-02.wav,Not a cry,\nsub/c.wav,,2026-11-03\n",
    )
    said = []
    found = read_clips(table if by_name else tmp_path, said.append)
    assert [(c.path.name, c.is_cry, c.day, c.dated) for c in found] == [
        ("a.wav", True, "2026-11-01", "table"),
        ("b-2026-11-02.wav", False, "2026-11-02", "name"),
    ]
    assert said == ["1 of 3 lines have no verdict; going on with the others"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-30", "2026-11-30"),
        ("20261130T052944Z", "2026-11-30"),
        ("cry_20261130_052944.wav", "2026-11-30"),
        ("20261130052944.wav", "2026-11-30"),
        ("clip 2026.02.03", "2026-02-03"),
        ("20261330, then 2026-11-30", "2026-11-30"),
        ("2026-1130", None),
        ("120261130", None),
        ("202611301", None),
        ("tap.wav", None),
    ],
)
def test_day_of_a_text(text, day):
    assert find_day(text) == day


def test_both_verdicts_on_one_file(tmp_path):
    touch(tmp_path / "a.wav")
    table = touch(tmp_path / "v.csv", "file,verdict\na.wav,cry\na.wav,not a cry\n")
    refusal(table, r"a\.wav: is called a cry, and a\.wav not a cry; decide for one")


def test_both_verdicts_on_copies(tmp_path):
    touch(tmp_path / "cry" / "a.wav", "the same")
    touch(tmp_path / "other" / "b.wav", "the same")
    refusal(tmp_path, r"a\.wav: is called a cry, and .*b\.wav, which is the same, not a cry")


def test_copies_count_once(tmp_path):
    for name in ("a.wav", "b.wav"):
        touch(tmp_path / "cry" / name, "the same")
    said = []
    assert len(read_clips(tmp_path, said.append)) == 1
    assert said == ["1 clips are copies of others, or named twice; each counts once"]


def test_refusals(tmp_path):
    refusal(tmp_path / "none", "no such folder or file")
    refusal(tmp_path, "no clips found; make the folders cry and not_cry")
    touch(tmp_path / "cry" / "a.wav")
    touch(tmp_path / "hungry" / "b.wav")
    refusal(tmp_path, r"the verdict on hungry/b\.wav is 'hungry'; allowed are 'cry' and 'not a cry'")
    for name, table, pattern in (
        ("1", "file,verdict\nnone.wav,cry\n", r"names none\.wav, which is not in"),
        ("2", "file,said\ncry/a.wav,cry\n", "has the columns file, said; one called verdict"),
        ("3", "clip,verdict\na.wav,cry\n", "one called file must name"),
        ("4", "file,verdict,day\ncry/a.wav,cry,Monday\n", "the day of cry/a.wav is 'Monday'; write it as"),
        ("5", "file,verdict\n", "no clips found"),
    ):
        refusal(touch(tmp_path / f"{name}.csv", table), pattern)
    refusal(tmp_path, "holds 5 tables, 1.csv, .*; name the one with the verdicts")
