"""Readers' warnings are kept from the user: clinical files are full of small faults.

pydicom also logs them, with the values that it met, which are the patient's own affair.
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
_log = logging.getLogger("pydicom")
_level = logging.NOTSET


@contextmanager
def quietly() -> Iterator[None]:
    """No warnings and no words of pydicom within; may be entered by several threads at once.

    Python's own way keeps the filters of each thread's entry, and threads that leave in another
    order than they came would bring back the wrong ones. Here the first that comes turns warnings
    off, and the last that leaves turns them on again.
    """
    global _users, _kept, _level
    with _lock:
        _users += 1
        if _users == 1:
            _kept = warnings.catch_warnings()
            _kept.__enter__()
            warnings.simplefilter("ignore")
            _level = _log.level
            _log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _kept.__exit__(None, None, None)
                _log.setLevel(_level)
