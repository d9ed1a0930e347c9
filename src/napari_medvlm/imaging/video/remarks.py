"""What a reader must know about a stream, told from what its headers and first frame say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from .index import Index
from .shaping import Shaping, Size
from .turning import is_plain_turn

#: ITU-T H.273, table 3: PQ and HLG.
_HIGH_RANGE = (16, 18)
#: AVFieldOrder of FFmpeg: 0 is unknown, 1 progressive, the others are of half pictures.
_PROGRESSIVE = 1
_CLOCK = re.compile(r"(\d+):(\d+):(\d+(?:\.\d*)?)")
#: Seconds that are lost where Matroska rounds to milliseconds.
_ROUNDING = 0.002


def picture_remarks(
    stream: Any, frames: Sequence[Any], sizes: Sequence[Size], aspect: Fraction, shaping: Shaping
) -> list[str]:
    """On how frames are shown.

    Parameters
    ----------
    stream
        PyAV's.
    frames
        Some that were decoded, the first one first.
    sizes
        (rows, columns) as stored, all that are known.
    aspect
        Width to height of a pixel as the file says it.
    shaping
        What is done about it.
    """
    first, remarks = frames[0], []
    if aspect != 1:
        remarks.append(_oblong(aspect, shaping))
    if len(sizes) > 1:
        said = ", ".join(f"{columns} × {rows}" for rows, columns in sizes)
        remarks.append(
            f"The size of its frames changes ({said}): each keeps its proportions, smaller ones "
            "are put on black."
        )
    if any(f.interlaced_frame for f in frames) or _field_order(stream) > _PROGRESSIVE:
        remarks.append(
            "Its frames are marked as interlaced: each may hold two moments in alternate lines, so "
            "that moving edges look like combs; they are shown as stored."
        )
    if not is_plain_turn(display_matrix(first)):
        remarks.append(
            "Its header asks for a rotation or stretch that is no quarter turn and no mirroring; "
            "the nearest of these is applied."
        )
    if first.color_trc in _HIGH_RANGE:
        remarks.append("High dynamic range: reduced to 8 bits without tone mapping.")
    return remarks


def _oblong(aspect: Fraction, shaping: Shaping) -> str:
    said = f"Its pixels are not square (width to height {aspect.numerator}:{aspect.denominator}); "
    if shaping.aspect == 1:
        return f"{said}frames are shown as stored."
    (rows, columns), (down, across) = shaping.canvas, shaping.turn.size(shaping.size)
    return (
        f"{said}frames are resampled to square ones, from {columns} × {rows} to {across} × {down}."
    )


def _field_order(stream: Any) -> int:
    return int(stream.codec_context.field_order or 0)


def display_matrix(frame: Any) -> bytes | None:
    """The display matrix that comes with a frame, as ``turning`` takes it."""
    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            return bytes(data)
    return None


def choice_remark(stream: Any, streams: Sequence[Any]) -> list[str]:
    """That there are other video streams beside the one that is shown."""
    if len(streams) < 2:
        return []
    number = [one.index for one in streams].index(stream.index) + 1
    return [
        f"The file holds {len(streams)} video streams; number {number} is shown, which players "
        "choose by default."
    ]


def time_remarks(index: Index, rate: float | None) -> list[str]:
    """On times that are not plain.

    Parameters
    ----------
    index
        Of the packets.
    rate
        Frames a second where times had to be made of it.
    """
    if rate is not None:
        return [
            "Its time stamps are missing or out of order: times are not those of the file, but of "
            f"{rate:.6g} frames a second."
        ]
    if not index.repeated:
        return []
    frames = "1 frame has" if index.repeated == 1 else f"{index.repeated} frames have"
    return [f"{frames} the time stamp of the one before; they are kept, in the order of the file."]


def cut_remark(container: Any, stream: Any, index: Index, time_base: int) -> list[str]:
    """That the header promises more than is there.

    Parameters
    ----------
    container, stream
        PyAV's.
    index
        Of the packets that are there.
    time_base
        Units of ``container.duration`` a second.
    """
    if container.format.name == "avi":
        missing = stream.frames - index.count
    else:
        missing = _missing_frames(container, stream, index, time_base)
    if missing < 1:
        return []
    frames = "1 frame" if missing == 1 else f"{missing:,} frames"
    return [f"Its header promises about {frames} more than there are: it may be cut off."]


def _missing_frames(container: Any, stream: Any, index: Index, time_base: int) -> int:
    # The end that is promised, the start of the last frame, and how long frames are shown.
    matroska = container.format.name.startswith("matroska")
    promised = _clock(stream.metadata.get("DURATION", "")) if matroska else 0.0
    if not promised and not container.streams.audio:
        promised = (container.duration or 0) / time_base
    if not promised or len(index.stamps) < index.count:
        return 0
    base = float(stream.time_base)
    # Some containers count from the first frame and some from zero: the milder one.
    last = (index.stamps[-1] - min(0, index.stamps[0])) * base
    steps = np.diff(index.stamps) * base
    even = steps.size and steps.max() - steps.min() <= max(0.5 * steps.max(), 2 * _ROUNDING)
    step = float(np.median(steps) if even else steps.max(initial=0)) or _rate_step(stream)
    step = max(step, index.longest * base)
    if not step:
        return 0
    # Of other containers the length is an estimate.
    slack = (0.5 * step if even else 0) + _ROUNDING if matroska else 3 * step
    return round((promised - last) / step) - 1 if promised - last > step + slack else 0


def _rate_step(stream: Any) -> float:
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    return 1 / rate if rate > 0 else 0.0


def _clock(text: str) -> float:
    """Seconds of "00:00:01.500000000"; 0 where it is none."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return 0.0
    hours, minutes, seconds = (float(part) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds
