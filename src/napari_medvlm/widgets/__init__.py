"""The screen: the dock widgets and their parts."""

from __future__ import annotations

from .metadata_panel import MetadataPanel
from .panel import MedvlmPanel

__all__ = ["MedvlmPanel", "MetadataPanel"]
