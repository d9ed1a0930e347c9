"""The life of a model: load, ask, stop, unload; the child process and its pipe."""

from __future__ import annotations

from .choice import EngineState, ModelChoice
from .thread import ModelThread

__all__ = ["EngineState", "ModelChoice", "ModelThread"]
