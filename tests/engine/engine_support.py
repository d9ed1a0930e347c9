"""Asking fake models, and looking for what they leave behind."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from napari_medvlm.dialogue.events import Event
from napari_medvlm.dialogue.question import Question
from napari_medvlm.engine import ModelChoice, ModelThread

HERE = Path(__file__).parent
CHOICE = ModelChoice(path="model", name="fake")
#: Generous: the machine may be busy with other things.
WAIT = 120.0

MakeThread = Callable[..., ModelThread]


def blocks_of(pid: int) -> list[str]:
    """Names of the shared memory blocks that a process made and that still exist."""
    folder = Path("/dev/shm")
    return [path.name for path in folder.glob(f"medvlm-{pid}-*")] if folder.is_dir() else []


def answer(thread: ModelThread, text: str, choice: ModelChoice = CHOICE) -> list[Event]:
    """Ask and wait: all events of the question."""
    return list(thread.events(thread.ask(Question(text=text), choice), timeout=WAIT))


def frame_pixels(seed: int, rows: int = 40, columns: int = 30) -> np.ndarray:
    """Random uint8 pixels (rows, columns, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), dtype=np.uint8)


def eventually(condition: Callable[[], bool], seconds: float = WAIT) -> bool:
    """Whether a condition becomes true within some seconds."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def alive(pid: int) -> bool:
    """Whether a process exists and is not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
