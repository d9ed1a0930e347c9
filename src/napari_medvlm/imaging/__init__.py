"""Files, voxels, geometry, windows, sampling."""

from __future__ import annotations

from .clip import Clip
from .frame import BoxXYXY, Frame
from .orientation import edge_letters, napari_view, slice_count
from .reading import read, read_files
from .sampling import equidistant, even, parse_slices
from .segments import Stretch, parse_frames, per_second, segments
from .selection import PLANES, Plane, Scaling, Selection
from .taking import source_id, take
from .volume import Volume, Window

__all__ = [
    "PLANES",
    "BoxXYXY",
    "Clip",
    "Frame",
    "Plane",
    "Scaling",
    "Selection",
    "Stretch",
    "Volume",
    "Window",
    "edge_letters",
    "equidistant",
    "even",
    "napari_view",
    "parse_frames",
    "parse_slices",
    "per_second",
    "read",
    "read_files",
    "segments",
    "slice_count",
    "source_id",
    "take",
]
