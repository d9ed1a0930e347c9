"""Files, voxels, geometry, windows, sampling."""

from __future__ import annotations

from .frame import BoxXYXY, Frame
from .selection import PLANES, Plane, Selection
from .volume import Volume, Window

__all__ = ["PLANES", "BoxXYXY", "Frame", "Plane", "Selection", "Volume", "Window"]
