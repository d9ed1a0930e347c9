"""The screen: the dock widgets and their parts."""

from __future__ import annotations

from .panel import MedvlmPanel
from .scan.metadata_panel import MetadataPanel

__all__ = ["MedvlmPanel", "MetadataPanel"]
