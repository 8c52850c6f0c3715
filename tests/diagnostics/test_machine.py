"""machine: what is said of this computer."""

import os
import platform

import numpy
import pytest

from edgecry.diagnostics import machine


def test_describe(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    found = machine.describe()
    assert found.architecture == platform.machine()
    assert found.python == platform.python_version()
    assert found.packages["numpy"] == numpy.__version__
    assert found.threads == {"OPENBLAS_NUM_THREADS": None, "OMP_NUM_THREADS": "3"}
    assert 1 <= found.cores <= os.cpu_count()
    assert found.cpu


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0"}, "Raspberry Pi 4 Model B Rev 1.4"),
        ({"proc/cpuinfo": "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nmodel\t: 7\n"}, "A CPU @ 2 GHz"),
        ({"proc/cpuinfo": "processor\t: 0\nFeatures\t: fp\n\nModel\t\t: A board\n"}, "A board"),
        ({}, platform.processor() or platform.machine()),
    ],
)
def test_cpu_model(tmp_path, files, name):
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert machine.cpu_model(tmp_path) == name
