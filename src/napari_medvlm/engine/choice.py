"""Which model is wanted, and what state the engine is in, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["empty", "loading", "ready", "answering", "dead"]


@dataclass(frozen=True)
class ModelChoice:
    """A checkpoint and how it is to be loaded.

    Parameters
    ----------
    path
        Checkpoint folder in its published layout.
    name
        What the user calls it; empty takes the model's own name.
    device
        "cpu", "cuda", "cuda:1", "mps", …
    dtype
        "float32", "bfloat16", "float16", "int8", "int4", or "auto".
    profile
        Key of the catalog entry where a folder's layout alone does not decide; None finds it.
    """

    path: str
    name: str = ""
    device: str = "cpu"
    dtype: str = "float32"
    profile: str | None = None


@dataclass(frozen=True)
class EngineState:
    """What the engine is doing now; a snapshot, safe to read from any thread.

    Parameters
    ----------
    status
        "empty" (no model in memory), "loading", "ready", "answering", or "dead" (the model
        process ended by itself; the next question starts another).
    choice
        The model that is loaded or being loaded; None when there is none.
    device, dtype
        As loaded.
    memory_bytes
        Memory of the device where that is a GPU, resident memory of the process otherwise;
        0 when unknown or empty.
    pid
        Of the model process; None without one.
    queued
        Questions that wait behind the running one.
    problem, advice
        Why the process is dead, or why the last load failed, and what to do; "" otherwise.
    """

    status: Status = "empty"
    choice: ModelChoice | None = None
    device: str = ""
    dtype: str = ""
    memory_bytes: int = 0
    pid: int | None = None
    queued: int = 0
    problem: str = ""
    advice: str = ""
