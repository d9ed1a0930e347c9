"""What there is to choose from: planes, counts and windows of a Volume or a Clip."""

from __future__ import annotations

from dataclasses import dataclass

from ..imaging import PLANES, Clip, Plane, Volume, Window, slice_count


@dataclass(frozen=True)
class Offer:
    """What a source offers.

    Parameters
    ----------
    planes
        Planes it can be cut in; ("acquired",) where the orientation is unknown or where it
        is one image or a clip.
    counts
        How many slices (or frames) each plane has.
    noun
        "slice" or "frame".
    windows
        The windows that its file suggests.
    """

    planes: tuple[Plane, ...]
    counts: dict[Plane, int]
    noun: str
    windows: tuple[Window, ...] = ()

    def count(self, plane: Plane) -> int:
        """How many slices a plane has; 0 for one it does not offer."""
        return self.counts.get(plane, 0)


def offer(source: Volume | Clip) -> Offer:
    """What can be chosen of a source."""
    if isinstance(source, Clip):
        return Offer(("acquired",), {"acquired": len(source)}, "frame")
    single = source.spatial_shape[0] == 1
    planes: tuple[Plane, ...] = ("acquired",) if single or not source.oriented else PLANES
    counts = {plane: slice_count(source, plane) for plane in planes}
    return Offer(planes, counts, "slice", source.windows)
