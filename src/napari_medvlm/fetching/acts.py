"""What can be done with a model just now, and why something cannot."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

from ..engine import EngineState
from ..engine.machine import Machine
from ..extras import install_hint
from .jobs import JobState
from .overview import ModelRow

ActName = Literal[
    "download", "resume", "pause", "cancel", "check", "pack", "load", "unload", "delete", "forget"
]
_BUSY = "An answer is on its way: stop it first."


def possible(
    row: ModelRow,
    job: JobState | None,
    state: EngineState,
    machine: Machine | None,
    *,
    unreachable: str,
) -> Mapping[ActName, str]:
    """Say what can be done.

    Parameters
    ----------
    row
        The model.
    job
        The last work on it; None without one.
    state
        Of the engine.
    machine
        None while it is not known.
    unreachable
        Why nothing can be fetched on this machine; empty where it can.

    Returns
    -------
    acts
        Those that make sense; each with the reason why it cannot be done now, empty where it can.
    """
    if job is not None and not job.ended:
        return _while_working(job)
    acts: dict[ActName, str] = {}
    kind, published = row.state.kind, bool(row.entry is not None and row.repository)
    held = in_memory(row, state)
    if kind == "partial":
        acts["resume"], acts["cancel"] = unreachable, ""
    elif published and kind in ("absent", "broken"):
        acts["download"] = unreachable
    if kind == "ready":
        if published or row.entry is None:  # the toy comes with the program
            acts["check"] = "" if row.checksums else "No checksums came with this folder."
            acts["pack"] = ""
        acts["load"] = _busy(state) or _no_torch(machine)
    if held:
        acts["unload"] = _busy(state)
    if row.entry is None:
        acts["forget"] = ""
    if kind in ("ready", "broken") and (published or row.entry is None) and row.state.held:
        acts["delete"] = "It is in memory: unload it first." if held else ""
    return acts


def in_memory(row: ModelRow, state: EngineState) -> bool:
    """Whether a model is loaded, or is being loaded."""
    if state.choice is None or state.status in ("empty", "dead"):
        return False
    return os.path.abspath(state.choice.path) == os.path.abspath(row.folder)


def _while_working(job: JobState) -> Mapping[ActName, str]:
    stopping = "It is ending." if job.stage == "stopping" else ""
    if job.act == "download":
        return {"pause": stopping, "cancel": ""}
    return {} if job.act in ("ask", "remove") else {"cancel": stopping}


def _busy(state: EngineState) -> str:
    return _BUSY if state.status == "answering" or state.queued else ""


def _no_torch(machine: Machine | None) -> str:
    if machine is None or machine.torch is not None:
        return ""
    return f"torch is not installed. {install_hint('torch')}"
