"""The engine's state in words: "ready · CPU · 1.2 GB"."""

from __future__ import annotations

from typing import Literal

from ...engine import EngineState

StateTone = Literal["idle", "busy", "ready", "failed"]

_NAMES = {
    "empty": "not loaded",
    "loading": "loading",
    "ready": "ready",
    "answering": "answering",
    "dead": "ended; restarts at the next question",
}
_TONES: dict[str, StateTone] = {
    "empty": "idle",
    "loading": "busy",
    "ready": "ready",
    "answering": "busy",
    "dead": "failed",
}


def state_tone(state: EngineState) -> StateTone:
    """Which of the four colours a state has."""
    return _TONES.get(state.status, "idle")


def state_words(state: EngineState) -> str:
    """A state for people: what it does, where, and how much memory it holds."""
    words = [_NAMES.get(state.status, state.status)]
    if state.status in ("ready", "answering"):
        if state.device:
            words.append(device_words(state.device))
        if state.memory_bytes:
            words.append(size_in_bytes(state.memory_bytes))
    if state.queued:
        words.append(f"{state.queued} waiting")
    return " · ".join(words)


def device_words(device: str) -> str:
    """A device for people: "CPU", "GPU 0", "Apple GPU"."""
    name, _, number = device.partition(":")
    known = {"cpu": "CPU", "cuda": "GPU", "mps": "Apple GPU"}
    return f"{known.get(name, name)} {number}".strip()


def size_in_bytes(count: int) -> str:
    """A size for people: "12 kB", "640 MB", "1.2 GB"."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.0f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
