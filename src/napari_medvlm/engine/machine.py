"""What this machine can run models on: its devices, and what the installed torch can use.

Nothing is imported for it: torch's own record of how it was built is read as text.
"""

from __future__ import annotations

import importlib.util
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from ..extras import is_there
from .hardware import DeviceMemory, cpu_memory, gpu_memory

_FACT = re.compile(r"^(__version__|cuda|hip)\b[^=]*=\s*(?:'([^']*)'|None)", re.M)


@dataclass(frozen=True)
class TorchBuild:
    """How the installed torch was built.

    Parameters
    ----------
    version
        As it names itself.
    cuda, hip
        The version of CUDA or ROCm that it was built with; empty without.
    """

    version: str
    cuda: str = ""
    hip: str = ""


@dataclass(frozen=True)
class Machine:
    """A snapshot.

    Parameters
    ----------
    cpu
        The machine's own memory.
    gpus
        NVIDIA GPUs, whether or not torch can use them.
    torch
        None where it is not installed.
    quantizes
        Whether the library for 8 and 4 bit is installed.
    apple
        Whether it has an Apple GPU.
    """

    cpu: DeviceMemory
    gpus: tuple[DeviceMemory, ...] = ()
    torch: TorchBuild | None = None
    quantizes: bool = False
    apple: bool = False

    @property
    def uses_gpus(self) -> bool:
        """Whether the installed torch can use a GPU of the kind it calls "cuda"."""
        if self.torch is None:
            return False
        return bool(self.torch.hip) or (bool(self.torch.cuda) and bool(self.gpus))

    def resolved(self, device: str) -> str:
        """The device that a choice means: "auto" takes a GPU that torch can use, or the CPU."""
        if device == "auto":
            return "cuda:0" if self.uses_gpus else "cpu"
        return "cuda:0" if device == "cuda" else device

    def memory(self, device: str) -> DeviceMemory | None:
        """Memory of a device; of all GPUs together for "spread"; None where it is not known."""
        name = self.resolved(device)
        if name == "cpu":
            return self.cpu
        if name == "mps":
            return DeviceMemory("mps", "Apple GPU", self.cpu.total, self.cpu.free)
        if name == "spread" and self.gpus:
            totals = (sum(gpu.total for gpu in self.gpus), sum(gpu.free for gpu in self.gpus))
            return DeviceMemory("spread", "all GPUs", *totals)
        return next((gpu for gpu in self.gpus if gpu.device == name), None)


def look_at_machine() -> Machine:
    """Look; takes as long as the GPU's driver takes, which can be seconds."""
    return Machine(
        cpu=cpu_memory(),
        gpus=gpu_memory(),
        torch=torch_build(),
        quantizes=is_there("torchao"),
        apple=sys.platform == "darwin" and platform.machine() == "arm64",
    )


def torch_build() -> TorchBuild | None:
    """Read how torch was built; None where it is not installed."""
    try:
        spec = importlib.util.find_spec("torch")
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    for folder in spec.submodule_search_locations or ():
        try:
            return parse_build((Path(folder) / "version.py").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
    return TorchBuild("of unknown version")


def parse_build(text: str) -> TorchBuild:
    """Read torch's ``version.py``: assignments of strings or None, with or without a type."""
    facts: dict[str, str] = dict(_FACT.findall(text))
    return TorchBuild(
        facts.get("__version__") or "of unknown version",
        facts.get("cuda", ""),
        facts.get("hip", ""),
    )
