"""Which devices this machine has and what memory is free on them, without importing torch."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, replace

#: Long enough for a driver that wakes a sleeping GPU.
_SECONDS = 10.0


@dataclass(frozen=True)
class DeviceMemory:
    """A device and its memory.

    Parameters
    ----------
    device
        As torch names it: "cpu", "cuda:0".
    name
        For people.
    total, free
        Bytes. For the CPU, what programs can still have without swapping.
    """

    device: str
    name: str
    total: int
    free: int


def cpu_memory() -> DeviceMemory:
    """Memory of the machine itself."""
    import psutil

    memory = psutil.virtual_memory()
    return DeviceMemory("cpu", "CPU", int(memory.total), int(memory.available))


def gpu_memory() -> tuple[DeviceMemory, ...]:
    """NVIDIA GPUs, as their driver's own tool lists them; empty where there is none.

    The tool is asked rather than torch, whose device context alone takes seconds and half a
    gigabyte of the memory that is being measured.
    """
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    query = ["--query-gpu=index,name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(
            [tool, *query], capture_output=True, text=True, timeout=_SECONDS, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return visible_gpus(parse_gpus(told), os.environ.get("CUDA_VISIBLE_DEVICES"))


def visible_gpus(gpus: tuple[DeviceMemory, ...], wanted: str | None) -> tuple[DeviceMemory, ...]:
    """Those GPUs that programs are shown, renumbered as torch numbers them.

    Parameters
    ----------
    gpus
        All, as the driver numbers them.
    wanted
        ``CUDA_VISIBLE_DEVICES``; None where it is not set. Ids other than numbers are not looked
        up: nothing is hidden then.
    """
    if wanted is None:
        return gpus
    chosen: list[DeviceMemory] = []
    for name in (part.strip() for part in wanted.split(",") if part.strip()):
        if not name.lstrip("-").isdigit():
            return gpus
        found = [gpu for gpu in gpus if gpu.device == f"cuda:{int(name)}"]
        if not found:
            break  # CUDA itself stops at the first number that it does not know
        chosen.append(replace(found[0], device=f"cuda:{len(chosen)}"))
    return tuple(chosen)


def parse_gpus(told: str) -> tuple[DeviceMemory, ...]:
    """Read the tool's lines: index, name, total and free MiB; other lines are left out."""
    found = []
    for line in told.splitlines():
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 4 and parts[0].isdigit() and parts[2].isdigit() and parts[3].isdigit():
            total, free = (int(part) << 20 for part in parts[2:])
            found.append(DeviceMemory(f"cuda:{parts[0]}", parts[1], total, free))
    return tuple(found)


def device_memory(device: str = "auto") -> DeviceMemory | None:
    """Memory of the device that a model would be loaded on.

    Parameters
    ----------
    device
        "cpu", "cuda", "cuda:1", "mps"; "auto" takes the first GPU where there is one.

    Returns
    -------
    memory
        None where nothing is known of that device. An Apple GPU shares the machine's memory.
    """
    if device == "mps":
        shared = cpu_memory()
        return DeviceMemory("mps", "Apple GPU", shared.total, shared.free)
    if device != "cpu":
        gpus = gpu_memory()
        wanted = {"auto": "cuda:0", "cuda": "cuda:0"}.get(device, device)
        for gpu in gpus:
            if gpu.device == wanted:
                return gpu
        if device != "auto":
            return None
    return cpu_memory()
