"""What is wanted of each source, and the frames of all of them in one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...imaging import Clip, Frame, Scaling, Selection, Volume, take


@dataclass(frozen=True)
class Part:
    """Images of one source that follow each other.

    Parameters
    ----------
    source
        The Volume or Clip.
    selection
        Which of its images, in the order they are sent.
    label
        What the source is called: the name of its layer.
    key
        What the caller tells sources apart by; two may hold the same scan.
    """

    source: Volume | Clip
    selection: Selection
    label: str = ""
    key: int = 0


Parts = tuple[Part, ...]


def several(parts: Sequence[Part]) -> bool:
    """Whether they are of more than one source."""
    return len({part.key for part in parts}) > 1


def part_of_each(parts: Sequence[Part]) -> tuple[Part, ...]:
    """For each frame that `gather` gives, the part that it comes from."""
    return tuple(part for part in parts for _ in part.selection.indices)


def gather(parts: Sequence[Part]) -> tuple[Frame, ...]:
    """Take the frames of all parts, in their order.

    Parameters
    ----------
    parts
        What is wanted. Parts that differ in their indices alone are taken together: a clip is
        decoded once, a window measured once.

    Returns
    -------
    frames
        With the label of their source where there are several sources.

    Raises
    ------
    SelectionError, ImagingError
        As `imaging.take`.
    """
    places: dict[Part, list[tuple[int, int]]] = {}
    at = 0
    for part in parts:
        kind = replace(part, selection=replace(part.selection, indices=()))
        for index in part.selection.indices:
            places.setdefault(kind, []).append((at, index))
            at += 1
    labelled = several(parts)
    frames: dict[int, Frame] = {}
    for kind, wanted in places.items():
        indices = tuple(index for _, index in wanted)
        taken = take(kind.source, replace(kind.selection, indices=indices))
        for (place, _), frame in zip(wanted, taken, strict=True):
            frames[place] = replace(frame, label=kind.label) if labelled else frame
    return tuple(frames[place] for place in range(at))


def as_video(parts: Sequence[Part]) -> bool:
    """Whether they can go as one video: frames of a single clip in the order of time.

    Frames of a clip beside other images, or in another order, are images.
    """
    if several(parts) or not all(isinstance(part.source, Clip) for part in parts):
        return False
    indices = [index for part in parts for index in part.selection.indices]
    return len(indices) > 1 and indices == sorted(indices)


def whole(parts: Sequence[Part]) -> Volume | Clip | None:
    """The one source of what goes as slices of a volume or as a video; else None."""
    if not parts or several(parts):
        return None
    source = parts[0].source
    return None if isinstance(source, Clip) and not as_video(parts) else source


def scaling_of_all(parts: Sequence[Part]) -> Scaling:
    """How they become 8 bit: "slice_extremes" where it is so for any of them."""
    own = any(part.selection.scaling == "slice_extremes" for part in parts)
    return "slice_extremes" if own else "window"
