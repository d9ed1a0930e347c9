from __future__ import annotations

import pytest

from napari_medvlm.engine import hardware
from napari_medvlm.engine.hardware import DeviceMemory, device_memory, parse_gpus

TWO = "0, NVIDIA RTX 4090, 24564, 20000\n1, NVIDIA RTX 4090, 24564, [N/A]\nwarning: something\n"


def test_lines_of_the_driver_tool_become_devices() -> None:
    (gpu,) = parse_gpus(TWO)
    assert gpu == DeviceMemory("cuda:0", "NVIDIA RTX 4090", 24564 << 20, 20000 << 20)


def test_auto_takes_a_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus = parse_gpus(TWO)
    monkeypatch.setattr(hardware, "gpu_memory", lambda: gpus)
    assert device_memory("auto") == device_memory("cuda") == gpus[0]
    assert device_memory("cuda:7") is None
    monkeypatch.setattr(hardware, "gpu_memory", lambda: ())
    machine = device_memory("auto")
    assert machine is not None
    assert machine.device == "cpu"
    assert 0 < machine.free <= machine.total


def test_a_tool_that_fails_means_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware.shutil, "which", lambda name: "/bin/false")
    assert hardware.gpu_memory() == ()
