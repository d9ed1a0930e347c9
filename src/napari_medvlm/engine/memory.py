"""How much memory the model takes, and whether an error says that there was none left."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_STATM = Path("/proc/self/statm")  # proc(5): pages; total, resident, …

#: How torch's CPU and device allocators say it in a plain RuntimeError.
_PHRASES = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")


def memory_bytes(device: str = "cpu") -> int:
    """Bytes held for the model by this process.

    Parameters
    ----------
    device
        "cuda…" gives what torch has allocated on that device; any other the resident memory
        of the process, or its largest so far where the present figure cannot be had.

    Returns
    -------
    bytes
        0 where neither is known.
    """
    torch = sys.modules.get("torch")
    if device.startswith("cuda") and torch is not None and torch.cuda.is_available():
        return int(torch.cuda.memory_allocated(device))
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return _largest_resident()


def _largest_resident() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # bytes there, KiB elsewhere


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that memory ran out, on the CPU or a device."""
    if isinstance(error, MemoryError):
        return True
    if any(cls.__name__ == "OutOfMemoryError" for cls in type(error).__mro__):
        return True  # torch.OutOfMemoryError, without importing torch
    text = str(error).lower()
    return isinstance(error, RuntimeError | OSError) and any(p in text for p in _PHRASES)
