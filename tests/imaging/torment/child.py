"""Reads files in a process of its own, so that a crash or a hang is seen and harms no test.

Started by ``victim.Victim``: one path a line comes in, one JSON object a line goes out. Limits of
processor and wall time end the process when a file takes too long, the address space is limited,
and what libraries print goes nowhere.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import sys
from typing import Any

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Clip, Volume, read
from napari_medvlm.imaging.scan import scan

#: Seconds of the processor that a file may take, all ways of reading it together.
SECONDS = 10
#: Seconds of the clock, for what waits without working; generous, since machines are shared.
PATIENCE = 60
#: Address space beyond what the imported libraries take; far above the promised 1 GB, which is
#: held by the peak that every answer tells.
SPARE = 6 << 30


def attempt(path: str) -> dict[str, Any]:
    """Scan, preview and read a file; what came of it."""
    try:
        _by_parts(path)
        sources = read(path)
        for one in sources:
            _use(one)
    except ImagingError as error:
        return {"kind": "refused", "text": str(error), "advice": error.advice}
    except BaseException as error:  # whatever it is, it is what the test looks for
        return {"kind": "bug", "text": f"{type(error).__name__}: {error}"}
    return {
        "kind": "read",
        "text": repr(sources),
        "digests": [one.digest for one in sources],
        "remarks": [list(one.remarks) for one in sources],
    }


def _by_parts(path: str) -> None:
    # As the viewer does it; each step may refuse the file, with an ImagingError alone.
    for entry in scan(path).entries:
        try:
            entry.preview()
            opened = entry.open(lazy=True)
            _use(opened)
        except ImagingError:
            continue


def _use(source: Volume | Clip) -> None:
    if isinstance(source, Clip):
        source.frames(sorted({0, len(source) // 2, len(source) - 1}))
        return
    voxels = source.voxels
    if source.affine.shape != (4, 4) or not (abs(source.affine) < float("inf")).all():
        raise AssertionError(f"an affine that is no affine: {source.affine.tolist()}")
    if len(source.spatial_shape) != 3 or min(source.spatial_shape) < 1:
        raise AssertionError(f"a shape that is no shape: {voxels.shape}")
    if voxels[voxels.shape[0] // 2].shape != voxels.shape[1:]:
        raise AssertionError("a slice of another shape than promised")


def _peak() -> int:
    # Bytes; Linux counts in KiB, macOS in bytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _limit() -> None:
    if sys.platform == "linux":
        with open("/proc/self/statm") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + SPARE, used + SPARE))
    # A crash is told by the exit status; a core file of it helps nobody here.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _start_watch() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = math.ceil(used.ru_utime + used.ru_stime) + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))
    signal.alarm(PATIENCE)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    _limit()
    for line in sys.stdin:
        before = _peak()
        _start_watch()
        answer = attempt(json.loads(line))
        signal.alarm(0)
        print(json.dumps({**answer, "grown": _peak() - before}), file=answers)


if __name__ == "__main__":
    main()
