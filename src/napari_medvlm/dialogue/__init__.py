"""What was asked and what came back, as plain values."""

from __future__ import annotations

from .events import Event, Failed, Loaded, Loading, Prefill, Queued, Replied, Token, Unloaded
from .question import Generation, Question, Region, Turn
from .reply import Box, Mask, Reference, Reply, Timings

__all__ = [
    "Box",
    "Event",
    "Failed",
    "Generation",
    "Loaded",
    "Loading",
    "Mask",
    "Prefill",
    "Question",
    "Queued",
    "Reference",
    "Region",
    "Replied",
    "Reply",
    "Timings",
    "Token",
    "Turn",
    "Unloaded",
]
