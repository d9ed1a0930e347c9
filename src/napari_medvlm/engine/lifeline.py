"""The model process never outlives the program that started it.

Three things see to that, because each has a gap: the end of the control pipe (the watcher
needs the interpreter, which a long native call may hold), the kernel's parent-death signal
(Linux only), and looking at the parent's number every second (a pipe end inherited by some
other process would keep the pipe open).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import NoReturn

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LOOK_SECONDS = 1.0


def leave(code: int = 0) -> NoReturn:
    """End this process now, without the exit handlers a busy native thread would block."""
    os._exit(code)


def tie_to_parent(parent: int) -> None:
    """Make this process end with its parent.

    Parameters
    ----------
    parent
        Process number of the parent, as the parent itself told it.
    """
    if sys.platform == "win32":
        return  # no reparenting there; the end of the pipe decides
    if sys.platform == "linux":
        import ctypes

        # Note: the kernel ties it to the parent's *thread* that started us, so the engine
        # starts processes only from the thread that lives as long as the engine does.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        leave()  # the parent died before the lines above took effect
    threading.Thread(target=_look, args=(parent,), name="parent-watch", daemon=True).start()


def _look(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    leave()
