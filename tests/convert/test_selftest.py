"""convert selftest: writing the vector; what it is held against is in tests/diagnostics/test_doctor.py."""

import argparse

import pytest

from convert.commands import selftest
from convert.errors import ConversionError
from edgecry.diagnostics.selftest import STORED


@pytest.fixture
def parse():
    parser = argparse.ArgumentParser()
    selftest.add_arguments(parser)
    return lambda *argv: parser.parse_args(list(map(str, argv)))


def test_bundled_file_by_default(parse):
    assert parse().output == STORED


def test_unwritable_file(parse, tmp_path):
    with pytest.raises(ConversionError, match="cannot be written"):
        selftest.run(parse("-o", tmp_path / "none" / "selftest.json"))
