"""What is known about a scan, in words without identity: for the screen and for copying."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..imaging import Clip, Volume, Window
from ..imaging.declaring import declared_words
from ..imaging.layers import SOURCE_KEY, axis_letters
from .answer.wording import window_words

_SIDES = {"R": "right", "L": "left", "A": "front", "P": "back", "S": "head", "I": "feet"}
#: Facts that have a row of their own.
_OWN_ROW = {"format", "study"}


@dataclass(frozen=True)
class Details:
    """What is said about one scan.

    Parameters
    ----------
    title
        What people call it, for the screen alone: it may hold a patient's name.
    name
        Its pseudonym, which is what is copied and saved.
    rows
        (label, value), in the order in which they are shown.
    windows
        Display windows that the file suggests, the default first.
    remarks
        What to mind, one sentence each.
    """

    title: str
    name: str
    rows: tuple[tuple[str, str], ...]
    windows: tuple[Window, ...] = ()
    remarks: tuple[str, ...] = ()

    def text(self) -> str:
        """Plain text to copy; it holds no patient's name, id or birth date."""
        width = max((len(label) for label, _ in self.rows), default=0)
        lines = [self.name]
        lines += [f"{label:{width}}  {value}" for label, value in self.rows]
        if self.windows:
            lines.append("windows: " + "; ".join(map(window_words, self.windows)))
        lines += [f"- {remark}" for remark in self.remarks]
        return "\n".join(lines)


def layer_details(layer: Any) -> Details | None:
    """Details of a viewer's layer; None for one that this plugin did not open."""
    source = getattr(layer, "metadata", {}).get(SOURCE_KEY)
    return details(source) if isinstance(source, Volume | Clip) else None


def details(source: Volume | Clip) -> Details:
    """Details of a Volume or Clip."""
    if isinstance(source, Clip):
        return _clip_details(source)
    said = declared_words(source.declared)
    rows = [
        ("format", source.facts.get("format", "")),
        ("modality", source.modality),
        ("body part", source.body_part.lower()),
        ("matrix", _matrix(source)),
        ("voxel size", _voxel_size(source)),
        ("spacing from", " ".join(r for r in source.remarks if _about_spacing(r) and r != said)),
        ("orientation", orientation_words(source)),
        ("declared by you", _declared(source)),
        ("times", _times(source.times) if source.temporal else ""),
        ("study", source.facts.get("study", "")),
        *((key, str(value)) for key, value in source.facts.items() if key not in _OWN_ROW),
    ]
    return Details(
        source.title or source.name,
        source.name,
        tuple((label, value) for label, value in rows if value),
        source.windows,
        tuple(r for r in source.remarks if not _about_spacing(r) and r != said),
    )


def _clip_details(clip: Clip) -> Details:
    frames, rows_, columns, _ = clip.shape
    steps = getattr(clip, "spacing", None)
    rows = [
        ("format", "video" if not clip.modality or clip.declared else "DICOM"),
        ("modality", clip.modality),
        ("matrix", f"{frames} frames × {rows_} × {columns}"),
        ("pixel size", f"{steps[0]:.4g} × {steps[1]:.4g} mm (row, column)" if steps else ""),
        ("orientation", "unknown"),
        ("times", _times(clip.times)),
        ("declared by you", _declared(clip)),
    ]
    return Details(
        clip.title or clip.name,
        clip.name,
        tuple((label, value) for label, value in rows if value),
        remarks=tuple(r for r in clip.remarks if r != declared_words(clip.declared)),
    )


def _declared(source: Volume | Clip) -> str:
    return ", ".join(w.replace("=", " ").replace("_", " ") for w in source.declared.words)


def _matrix(volume: Volume) -> str:
    k, j, i = volume.spatial_shape
    time = f"{volume.time_count} times × " if volume.temporal else ""
    kind = "colour" if volume.coloured else str(volume.voxels.dtype)
    return f"{time}{k} slices × {j} rows × {i} columns, {kind}"


def _voxel_size(volume: Volume) -> str:
    if volume.unit != "mm":
        return "unknown"
    return " × ".join(f"{step:.4g}" for step in volume.spacing) + " mm (slice, row, column)"


def orientation_words(volume: Volume) -> str:
    """Where the array's axes run: "slices to the head, rows to the back, columns to the left"."""
    if not volume.oriented:
        return "unknown: left and right cannot be told"
    parts = list(zip(("slices", "rows", "columns"), axis_letters(volume), strict=True))
    declared = volume.declared.orientation
    if len(declared) == 2:
        parts = parts[1:]  # of one image nobody said what lies behind it
    words = ", ".join(f"{what} to the {_SIDES[letter]}" for what, letter in parts)
    return f"{words} (declared by you)" if declared else words


def _about_spacing(remark: str) -> bool:
    return "spacing" in remark.lower()


def _times(times: tuple[float, ...]) -> str:
    if len(times) < 2:
        return ""
    steps = [b - a for a, b in pairwise(times)]
    even = max(steps) - min(steps) < 0.01 * max(max(steps), 1e-9)
    apart = f"{steps[0]:.3g} s apart" if even else "not evenly spaced"
    return f"{len(times)}, from {times[0]:.3g} to {times[-1]:.3g} s, {apart}"
