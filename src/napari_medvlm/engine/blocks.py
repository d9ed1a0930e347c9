"""A question's arrays in one block of shared memory.

The engine makes the block, the model process copies out of it and says so, and the engine
removes it. Should the engine's process be killed in between, Python's resource tracker (a
process of its own that the engine's block is registered with) removes the block. The model
process only attaches and must not register: its tracker would remove the block a second time.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

from .codec import Arrays, Directory, layout, read_arrays, write_arrays

_PREFIX = "medvlm-"
_SHM_FOLDER = Path("/dev/shm")
#: Left free for others when asking whether a block fits.
_MARGIN = 8 * 1024 * 1024


class Block:
    """Arrays in shared memory, owned by the engine.

    Parameters
    ----------
    arrays
        What to put there; at least one byte in all.

    Raises
    ------
    OSError
        If there is no room.
    """

    def __init__(self, arrays: Arrays) -> None:
        self.places, size = layout(arrays)
        if not _fits(size):
            raise OSError(f"No block of {size} bytes can be had.")
        name = f"{_PREFIX}{os.getpid()}-{secrets.token_hex(6)}"
        self._memory: SharedMemory | None = SharedMemory(name=name, create=True, size=size)
        self.name = name
        try:
            write_arrays(arrays, self.places, _bytes_of(self._memory))
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Unmap and remove the block; harmless when done already."""
        memory, self._memory = self._memory, None
        if memory is not None:
            memory.close()
            memory.unlink()


def _fits(size: int) -> bool:
    # A block may be made larger than its file system (64 MB in many containers), and then
    # the first write beyond it ends the whole program with SIGBUS. So ask before.
    if size <= 0:
        return False
    if not hasattr(os, "statvfs") or not _SHM_FOLDER.is_dir():
        return True
    free = os.statvfs(_SHM_FOLDER)
    return size + _MARGIN <= free.f_bavail * free.f_frsize


def _bytes_of(memory: SharedMemory) -> memoryview:
    view = memory.buf
    assert view is not None  # it is None only after close
    return view


def pack(arrays: Arrays) -> tuple[Directory, bytearray]:
    """Give the same arrays as bytes, for the pipe: for replies, and where no block fits."""
    places, size = layout(arrays)
    data = bytearray(size)
    write_arrays(arrays, places, data)
    return places, data


def copy_out(name: str, places: dict[str, Any]) -> Arrays:
    """Copy the arrays of another process's block.

    Raises
    ------
    FileNotFoundError
        If the block is gone.
    """
    with _attached(name) as memory:
        return read_arrays(places, _bytes_of(memory))


@contextmanager
def _attached(name: str) -> Iterator[SharedMemory]:
    if sys.version_info >= (3, 13):
        memory = SharedMemory(name=name, track=False)
    else:
        # Before 3.13 attaching registers as if this process had made the block.
        register = resource_tracker.register
        resource_tracker.register = lambda name, rtype: None
        try:
            memory = SharedMemory(name=name)
        finally:
            resource_tracker.register = register
    try:
        yield memory
    finally:
        memory.close()
