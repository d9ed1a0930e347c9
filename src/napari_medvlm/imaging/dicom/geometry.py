"""Order, spacing and affine of the images of one volume.

Images are sorted by their position along the slice normal (PS3.3 C.7.6.2.1.1), never by file
name, and what had to be assumed is said in remarks, one sentence each.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from .frame_roles import Axis
from .frames_placed import out_of_patient, place_frames
from .header import ImageHeader
from .placement import Placement
from .points import Points, Unused, join
from .positions import SAME, stacks
from .spacing import pixel_spacing, single_spacing, slice_stack
from .unplaced import place_without_positions

__all__ = ["Placement", "place"]

#: DICOM's LPS+ to RAS+.
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def place(headers: Sequence[ImageHeader]) -> Placement:
    """Put images of one volume in order and find their affine.

    Parameters
    ----------
    headers
        At least one; of one part, as ``split`` gives it.
    """
    images, copies, remarks = _without_copies(headers)
    remarks += dict.fromkeys(note for h in images for note in h.notes)
    if images[0].in_frames:
        return place_frames(images, remarks, copies)
    if images[0].orientation is not None and all(h.position is not None for h in images):
        found = _in_patient(images, remarks, copies)
        return out_of_patient(found) if images[0].role.axis is Axis.VOLUME else found
    return place_without_positions(images, remarks, copies)


def _without_copies(
    headers: Sequence[ImageHeader],
) -> tuple[list[ImageHeader], Unused, list[str]]:
    # Careless programs give one SOPInstanceUID to all files, so that it alone proves nothing.
    unique: dict[Hashable, ImageHeader] = {}
    copies: list[tuple[ImageHeader, str]] = []
    for h in sorted(headers, key=lambda h: (h.order, str(h.path))):
        key = (h.instance, h.frame, h.tile, h.position, h.order)
        if key in unique:
            copies.append((h, "It is a copy of another file (same SOPInstanceUID)."))
        unique.setdefault(key, h)
    images = list(unique.values())
    if not copies:
        return images, (), []
    return (
        images,
        tuple(copies),
        [f"{len(copies)} files repeat an instance (same SOPInstanceUID); left out."],
    )


def _in_patient(images: list[ImageHeader], remarks: list[str], copies: Unused) -> Placement:
    head = images[0]
    cosines = np.asarray(head.orientation, dtype=np.float64)
    along_row, along_column = cosines[:3], cosines[3:]
    normal = np.cross(along_row, along_column)
    normal /= np.linalg.norm(normal)
    joined = join(stacks(images))
    remarks += (*joined.remarks, *_movement(joined))
    first = joined.points[0]
    rows, columns, unit = pixel_spacing(head, remarks)
    positions: tuple[float, ...] = ()
    if len(first) > 1:
        stack = slice_stack(first, normal)
        step, positions = stack.step, stack.positions
        remarks += stack.remarks
    else:
        step = normal * single_spacing(head, remarks)
    affine = np.eye(4)
    affine[:3, 0] = _LPS_TO_RAS @ step
    affine[:3, 1] = _LPS_TO_RAS @ (along_column * rows)
    affine[:3, 2] = _LPS_TO_RAS @ (along_row * columns)
    affine[:3, 3] = _LPS_TO_RAS @ np.asarray(first[0].position)
    return Placement(
        joined.points, affine, True, unit, tuple(remarks), positions, joined.times,
        (*copies, *joined.unused),
    )  # fmt: skip


def _movement(joined: Points) -> tuple[str, ...]:
    places = np.array([[h.position for h in point] for point in joined.points])
    moved = float(np.linalg.norm(places - places[:1], axis=2).max())
    if moved <= SAME:
        return ()
    return (
        f"Slices move by up to {moved:.3g} mm from one point to another, as where the scanner "
        "follows the patient; the places of the first point are taken for all.",
    )
