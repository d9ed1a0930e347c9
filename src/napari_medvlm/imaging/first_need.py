"""Loading pydicom when DICOM is first met, by one thread at a time."""

from __future__ import annotations

import threading

_lock = threading.Lock()


def load_pydicom() -> None:
    """Import pydicom whole, or wait for the thread that is doing it.

    Its modules import each other in circles. A second thread that comes while the first is on its
    way (a scan, and the glance beside it) would meet a part of it half made, and Python, which
    sees that each waits for the other, lets the first go on without that part. To be called
    before anything of ``imaging.dicom`` is imported for the first time.
    """
    with _lock:
        import pydicom  # noqa: F401
