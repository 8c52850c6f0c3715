"""Features are computed once for each content and recipe, and never taken from a broken entry."""

import argparse
import logging
from pathlib import Path

import numpy as np
import pytest

from convert import cache
from convert.cache import FeatureCache, add_cache_arguments, cache_folder


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(b"sound")
    return path


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


def entries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def never():
    raise AssertionError("computed again")


def test_computed_once(recording, folder):
    """A second cache gives the same array without computing, of whatever name the file is."""
    array = np.arange(6.0).reshape(2, 3)
    first = FeatureCache(folder, "spec")
    np.testing.assert_array_equal(first.fetch(recording, lambda: array), array)
    copy = recording.with_name("b.wav")
    copy.write_bytes(recording.read_bytes())
    second = FeatureCache(folder, "spec")
    for path in (recording, copy):
        np.testing.assert_array_equal(second.fetch(path, never), array)
    assert (first.found, first.computed, second.found, second.computed) == (0, 1, 2, 0)
    assert str(second) == "2 of 2 from the cache"
    np.testing.assert_array_equal(np.load(entries(folder)[0]), array)


def test_what_the_key_is_made_of(recording, folder, monkeypatch):
    """Another content, recipe or code is another entry."""
    FeatureCache(folder, "spec").fetch(recording, lambda: np.array(1))
    assert FeatureCache(folder, "other").fetch(recording, lambda: np.array(2)) == 2
    monkeypatch.setattr(cache, "code_digest", lambda: "changed")
    assert FeatureCache(folder, "spec").fetch(recording, lambda: np.array(3)) == 3
    monkeypatch.undo()
    recording.write_bytes(b"another")
    assert FeatureCache(folder, "spec").fetch(recording, lambda: np.array(4)) == 4
    assert len(entries(folder)) == 4


def test_broken_entries_are_computed_again(recording, folder):
    """Cut short, empty, or with one bit turned; and repaired by it."""
    FeatureCache(folder, "spec").fetch(recording, lambda: np.arange(9))
    (entry,) = entries(folder)
    good = entry.read_bytes()
    turned = bytearray(good)
    turned[-40] ^= 1
    for bad in (good[:-5], b"", bytes(turned)):
        entry.write_bytes(bad)
        found = FeatureCache(folder, "spec")
        np.testing.assert_array_equal(found.fetch(recording, lambda: np.arange(9)), np.arange(9))
        assert found.computed == 1
        assert entry.read_bytes() == good


def test_failures_are_not_kept(recording, folder):
    """What computing raises passes through, and the next one computes."""
    with pytest.raises(AssertionError, match="computed again"):
        FeatureCache(folder, "spec").fetch(recording, never)
    assert not entries(folder)
    missing = recording.with_name("none.wav")
    assert FeatureCache(folder, "spec").fetch(missing, lambda: np.array(5)) == 5
    assert not entries(folder)


def test_a_folder_that_cannot_be_written(recording, tmp_path, caplog):
    """Is said once; everything is computed."""
    folder = tmp_path / "file"
    folder.write_text("in the way")
    found = FeatureCache(folder, "spec")
    with caplog.at_level(logging.WARNING, "edgecry"):
        for value in (1, 2):
            assert found.fetch(recording, lambda value=value: np.array(value)) == value
    assert [record.getMessage().count("name another folder") for record in caplog.records] == [1]


def test_no_folder(recording):
    """Nothing is kept."""
    found = FeatureCache(None, "spec")
    for value in (1, 2):
        assert found.fetch(recording, lambda value=value: np.array(value)) == value
    assert str(found) == "0 of 2 from the cache"


def test_arguments(tmp_path, monkeypatch):
    """The option, else EDGECRY_CACHE, else the user's cache; or none."""
    parser = argparse.ArgumentParser()
    add_cache_arguments(parser)

    def folder(*argv):
        return cache_folder(parser.parse_args(argv))

    monkeypatch.setenv("EDGECRY_CACHE", str(tmp_path / "env"))
    assert folder() == tmp_path / "env"
    assert folder("--cache", "here") == Path("here")
    assert folder("--no-cache") is None
    monkeypatch.delenv("EDGECRY_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert folder() == tmp_path / "edgecry" / "features"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert folder() == Path.home() / ".cache" / "edgecry" / "features"
