from __future__ import annotations

import subprocess
import sys

import pytest

from napari_medvlm.engine import hardware
from napari_medvlm.engine.hardware import DeviceMemory, device_memory, parse_gpus, visible_gpus
from napari_medvlm.engine.machine import TorchBuild, parse_build

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


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (None, ["a", "b", "c"]),
        ("", []),
        ("2,0", ["c", "a"]),
        ("1", ["b"]),
        ("0,7,1", ["a"]),
        ("-1", []),
        ("GPU-8932f937", ["a", "b", "c"]),
    ],
)
def test_gpus_that_are_hidden_from_programs_are_hidden_here(
    wanted: str | None, names: list[str]
) -> None:
    gpus = tuple(DeviceMemory(f"cuda:{n}", name, 1, 1) for n, name in enumerate("abc"))
    shown = visible_gpus(gpus, wanted)
    assert [gpu.name for gpu in shown] == names
    assert [gpu.device for gpu in shown] == [f"cuda:{n}" for n in range(len(names))]


def test_torchs_build_is_read_without_importing_it() -> None:
    text = (
        "from typing import Optional\n__version__ = '2.9.1+cu128'\ndebug = False\n"
        "cuda: Optional[str] = '12.8'\nhip: Optional[str] = None\n"
    )
    assert parse_build(text) == TorchBuild("2.9.1+cu128", "12.8", "")
    assert parse_build("__version__ = '1'\ncuda = None\nhip = '6.4'") == TorchBuild("1", "", "6.4")
    assert parse_build("") == TorchBuild("of unknown version")
    code = (
        "import sys; from napari_medvlm.engine.machine import look_at_machine\n"
        "found = look_at_machine().torch\n"
        "assert 'torch' not in sys.modules\n"
        "import torch; assert found.version == torch.__version__, found\n"
        "assert (found.cuda or None) == torch.version.cuda\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
