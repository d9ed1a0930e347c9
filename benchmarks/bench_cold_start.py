"""The first answer of a new window: from Ask to the first token, with the process prepared.

Compared in the same run with a process that has nothing left to import (its model was loaded and
unloaded by loading another), and with one that starts when it is asked. The toy model; equal
answers are asserted first. Ratios: absolute times of a shared machine say little.

    python benchmarks/bench_cold_start.py
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from napari_medvlm.dialogue import Failed, Question, Replied, Token
from napari_medvlm.engine import ModelChoice, ModelThread
from napari_medvlm.models.store import DEMO_FOLDER

ROUNDS = 5
FRAME = np.repeat(np.tile(np.arange(128, dtype=np.uint8), (128, 1))[..., None], 3, axis=2)
QUESTION = Question("Is there a nodule or lesion?", (FRAME,))
CHOICE = ModelChoice(str(DEMO_FOLDER), "toy", profile="demo")


def first_token(thread: ModelThread, choice: ModelChoice) -> tuple[float, str]:
    """Seconds from the question to its first token, and the answer."""
    began, first = time.perf_counter(), 0.0
    for event in thread.events(thread.ask(QUESTION, choice), timeout=300):
        if isinstance(event, Token) and not first:
            first = time.perf_counter() - began
        if isinstance(event, Failed):
            raise SystemExit(event.message)
        if isinstance(event, Replied):
            return first, event.reply.raw
    raise SystemExit("no answer")


def prepared() -> tuple[float, str]:
    """As in a window: the process imports while a person reads and types."""
    thread = ModelThread(beside_window=True)
    try:
        thread.prepare(CHOICE)
        time.sleep(30)  # longer than the imports take on a busy machine
        return first_token(thread, CHOICE)
    finally:
        thread.close()


def nothing_to_import(copy: Path) -> tuple[float, str]:
    """A process that has loaded this kind of model before."""
    thread = ModelThread()
    try:
        first_token(thread, ModelChoice(str(copy), "copy", profile="demo"))
        return first_token(thread, CHOICE)
    finally:
        thread.close()


def unprepared() -> tuple[float, str]:
    """A process that starts when it is asked."""
    thread = ModelThread()
    try:
        return first_token(thread, CHOICE)
    finally:
        thread.close()


def main() -> None:
    """Measure turn about, and report."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(DEMO_FOLDER, Path(folder) / "copy"))
        rounds = [(prepared(), nothing_to_import(copy), unprepared()) for _ in range(ROUNDS)]
    assert len({answer for one in rounds for _, answer in one}) == 1, "answers differ"
    warm = [ready[0] / best[0] for ready, best, _ in rounds]
    cold = [late[0] / ready[0] for ready, _, late in rounds]
    print(
        f"first token, prepared / nothing to import: {statistics.median(warm):.2f} "
        f"({min(warm):.2f} to {max(warm):.2f})"
    )
    print(
        f"first token, started when asked / prepared: {statistics.median(cold):.1f} "
        f"({min(cold):.1f} to {max(cold):.1f})"
    )


if __name__ == "__main__":
    main()
