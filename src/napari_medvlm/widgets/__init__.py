"""The screen: the dock widget and its parts."""

from __future__ import annotations

from .panel import MedvlmPanel

__all__ = ["MedvlmPanel"]
