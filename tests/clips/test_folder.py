"""clips: what is kept in the folder, within its quota, and that nothing else is touched."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from edgecry.clips.folder import ClipStore, Quota
from edgecry.errors import EdgecryError
from tests.clips.recording import NOW, SR, event, names, recorder


def stamped(days_ago: float, number: int = 1, part: int = 1) -> str:
    stamp = datetime.fromtimestamp(NOW - 86_400 * days_ago, UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"cry-{stamp}-{number:06d}-{part:03d}.flac"


def put(folder: Path, name: str, size: int = 10) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(bytes(size))
    return folder / name


def store(folder: Path, now: float = NOW, **quota) -> ClipStore:
    return ClipStore(folder, Quota(**quota), clock=lambda: now)


def test_too_old(tmp_path):
    put(tmp_path, stamped(8))
    kept = put(tmp_path, stamped(6))
    store(tmp_path, max_days=7).tidy()
    assert names(tmp_path) == [kept.name]


def test_too_much_the_oldest_first(tmp_path):
    for days in (1, 2, 3, 4):
        put(tmp_path, stamped(days), 400_000)
    store(tmp_path, max_bytes=1_000_000).tidy()
    assert names(tmp_path) == sorted([stamped(1), stamped(2)])


def test_what_is_being_written_counts_and_stays(tmp_path):
    part = put(tmp_path, stamped(0) + ".part", 900_000)
    put(tmp_path, stamped(1), 200_000)
    put(tmp_path, stamped(2), 90_000)
    store(tmp_path, max_bytes=1_000_000).tidy()
    assert names(tmp_path) == [part.name]


def test_a_clock_that_was_never_set_removes_nothing_for_its_age(tmp_path):
    put(tmp_path, stamped(1000))
    store(tmp_path, now=100.0, max_days=1).tidy()
    assert names(tmp_path) == [stamped(1000)]


def test_nothing_of_others_is_ever_removed(tmp_path):
    old = stamped(1000)
    others = ["cry.flac", "x" + old, old + ".bak", old.upper(), old.replace("-001.", "-1."), "a.part"]
    for name in others:
        put(tmp_path, name, 10**6)
    (tmp_path / stamped(999)).mkdir()
    target = put(tmp_path, "target", 10**6)
    (tmp_path / stamped(998)).symlink_to(target)
    before = names(tmp_path)
    store(tmp_path, max_bytes=1_000_000, max_days=1).prepare()
    assert names(tmp_path) == before


def test_what_is_empty_after_a_power_cut_is_removed_at_the_start(tmp_path):
    put(tmp_path, stamped(0) + ".part")
    put(tmp_path, "mine.part")
    kept = put(tmp_path, stamped(0))
    recorder(tmp_path)
    assert names(tmp_path) == sorted([kept.name, "mine.part"])


def test_nothing_is_overwritten(tmp_path):
    shelf = store(tmp_path)
    first = put(tmp_path, shelf.path(NOW, 1, 1).name)
    second = put(tmp_path, shelf.path(NOW, 1, 1).name + ".part")
    assert shelf.path(NOW, 1, 1).name == first.name.replace("-001.", "-003.")
    assert second.name.endswith("-002.flac.part")


def test_the_quota_holds_while_an_event_never_ends(tmp_path):
    """White noise does not compress: a file is split at half of the quota, and the oldest half goes."""
    noise = np.random.default_rng(0).integers(-32768, 32767, 60 * SR).astype(np.int16)
    clips = recorder(tmp_path, quota=Quota(max_bytes=1_000_000))
    clips.push(0, noise[: 5 * SR])
    clips.handle(event("start", 1, 4))
    most = 0
    for minute in range(40):
        clips.push(5 * SR + minute * 60 * SR, noise)
        most = max(most, sum(path.stat().st_size for path in tmp_path.iterdir()))
    clips.close()
    minute_of_sound = 2 * 60 * SR
    assert 800_000 < most <= 1_000_000 + 2 * minute_of_sound
    assert clips.counts.failed == 0
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1_000_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_bytes": 999_999}, "max_bytes: 999999 is out of range"),
        ({"max_bytes": 1e9}, "max_bytes: .* is not a whole number"),
        ({"max_days": 0}, "max_days: 0 is out of range"),
        ({"max_days": float("nan")}, "max_days: nan"),
    ],
)
def test_quota_out_of_range(change, message):
    with pytest.raises(EdgecryError, match=message):
        Quota(**change)
