"""What was asked and what came back, as plain values."""

from __future__ import annotations

from .boxes import to_frame, to_system
from .context import FramePlace, ParseContext
from .events import Event, Failed, Loaded, Loading, Prefill, Queued, Replied, Token, Unloaded
from .parse import Parsed, parse, read_reply
from .question import Generation, Question, Region, Turn
from .references import find_references
from .reply import Box, Mask, Reference, Reply, Timings
from .streaming import PartSplitter, Piece

__all__ = [
    "Box",
    "Event",
    "Failed",
    "FramePlace",
    "Generation",
    "Loaded",
    "Loading",
    "Mask",
    "ParseContext",
    "Parsed",
    "PartSplitter",
    "Piece",
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
    "find_references",
    "parse",
    "read_reply",
    "to_frame",
    "to_system",
]
