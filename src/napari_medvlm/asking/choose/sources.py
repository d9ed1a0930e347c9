"""What there is to choose from: planes, counts and windows of a Volume or a Clip."""

from __future__ import annotations

from dataclasses import dataclass

from ...imaging import PLANES, Clip, Plane, Volume, Window, slice_places
from ...imaging.orientation import plane_axes


@dataclass(frozen=True)
class Stack:
    """The slices of a plane, or the frames of a clip.

    Parameters
    ----------
    count
        How many.
    places
        Where each slice lies along the normal, in the volume's unit; empty for a clip.
    fps
        Frames a second of a clip; None for a volume.
    """

    count: int = 0
    places: tuple[float, ...] = ()
    fps: float | None = None


@dataclass(frozen=True)
class Offer:
    """What a source offers.

    Parameters
    ----------
    planes
        Planes it can be cut in; ("acquired",) where the orientation is unknown or where it
        is one image or a clip.
    stacks
        The slices (or frames) of each plane.
    noun
        "slice" or "frame".
    windows
        The windows that its file suggests.
    unit
        Of the places of slices: "mm" where the spacing is known.
    """

    planes: tuple[Plane, ...]
    stacks: dict[Plane, Stack]
    noun: str
    windows: tuple[Window, ...] = ()
    unit: str = ""

    def count(self, plane: Plane) -> int:
        """How many slices a plane has; 0 for one it does not offer."""
        return self.stack(plane).count

    def stack(self, plane: Plane) -> Stack:
        """The slices of a plane; an empty one for a plane it does not offer."""
        return self.stacks.get(plane, Stack())


def offer(source: Volume | Clip) -> Offer:
    """What can be chosen of a source."""
    if isinstance(source, Clip):
        return Offer(("acquired",), {"acquired": Stack(len(source), fps=source.fps)}, "frame")
    single = source.spatial_shape[0] == 1
    planes: tuple[Plane, ...] = ("acquired",) if single or not source.oriented else PLANES
    stacks = {plane: _stack(source, plane) for plane in planes}
    return Offer(planes, stacks, "slice", source.windows, source.unit)


def _stack(volume: Volume, plane: Plane) -> Stack:
    places = slice_places(volume, plane_axes(volume, plane))
    return Stack(len(places), tuple(float(place) for place in places))
