"""Readers' warnings are kept from the user: clinical files are full of small faults.

pydicom also logs them, with the values that it met, which are the patient's own affair; tifffile
prints them on the terminal.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_users = 0
_kept = warnings.catch_warnings()
_logs = (logging.getLogger("pydicom"), logging.getLogger("tifffile"))
_levels: tuple[int, ...] = ()


@contextmanager
def quietly() -> Iterator[None]:
    """No warnings, and no words of pydicom and tifffile; several threads may enter it at once.

    Python's own way keeps the filters of each thread's entry, and threads that leave in another
    order than they came would bring back the wrong ones. Here the first that comes turns warnings
    off, and the last that leaves turns them on again.
    """
    global _users, _kept, _levels
    with _lock:
        _users += 1
        if _users == 1:
            _kept = warnings.catch_warnings()
            _kept.__enter__()
            warnings.simplefilter("ignore")
            _levels = tuple(log.level for log in _logs)
            for log in _logs:
                log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _kept.__exit__(None, None, None)
                for log, level in zip(_logs, _levels, strict=True):
                    log.setLevel(level)
