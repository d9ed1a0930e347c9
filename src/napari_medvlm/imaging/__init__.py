"""Files, voxels, geometry, windows, sampling."""

from __future__ import annotations

from .clip import Clip
from .frame import BoxXYXY, Frame
from .orientation import default_plane, edge_letters, napari_view, slice_count
from .reading import read, read_files
from .sampling import equidistant, even, parse_slices, write_slices
from .segments import Stretch, parse_frames, per_second, segments
from .selection import PLANES, Plane, Scaling, Selection
from .slab import SLAB_KINDS, FrameSlab, Slab, SlabKind, parse_slab
from .stacks import slice_places
from .taking import source_id, take
from .volume import Volume, Window

__all__ = [
    "PLANES",
    "SLAB_KINDS",
    "BoxXYXY",
    "Clip",
    "Frame",
    "FrameSlab",
    "Plane",
    "Scaling",
    "Selection",
    "Slab",
    "SlabKind",
    "Stretch",
    "Volume",
    "Window",
    "default_plane",
    "edge_letters",
    "equidistant",
    "even",
    "napari_view",
    "parse_frames",
    "parse_slab",
    "parse_slices",
    "per_second",
    "read",
    "read_files",
    "segments",
    "slice_count",
    "slice_places",
    "source_id",
    "take",
    "write_slices",
]
