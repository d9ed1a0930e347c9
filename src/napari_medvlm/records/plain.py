"""Plain JSON of what the dialogue is made of, and the way back. No paths, no identity."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from ..dialogue import Generation, Question, Region, Turn
from ..imaging import Frame, FrameSlab, Window

#: Frames tell their source by content hash; anything else might be somebody's name.
_HASH = re.compile(r"[0-9a-f]{8,64}")

Pixels = Mapping[str, npt.NDArray[np.uint8]]


def canonical(plain: Any) -> str:
    """JSON that is the same for the same values: sorted keys, no spaces, ASCII.

    Raises
    ------
    ValueError
        For infinite numbers and NaN, which JSON does not have.
    """
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def sha256(text: str) -> str:
    """SHA-256 of a text's UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def frame_to_plain(frame: Frame) -> dict[str, Any]:
    """A frame by its content hash, with the way back to its source."""
    position = frame.position
    known = position is not None and math.isfinite(position)
    # Written only where there is one: so runs without keep the hashes that they had.
    extra: dict[str, Any] = {}
    if frame.time is not None:
        extra["time"] = int(frame.time)
    if frame.slab is not None:
        extra["slab"] = asdict(frame.slab)
    if frame.label:
        extra["label"] = frame.label
    if frame.to_patient is not None:
        extra["to_patient"] = [[float(value) for value in row] for row in frame.to_patient]
    if frame.declared:
        extra["declared"] = list(frame.declared)
    if frame.reformatted is not None:
        extra["reformatted"] = float(frame.reformatted)
    return {
        "digest": frame.digest,
        "size": list(frame.size_wh),
        "source": frame.source if _HASH.fullmatch(frame.source) else "",
        "plane": frame.plane,
        "index": int(frame.index),
        "position": float(position) if known and position is not None else None,
        "unit": frame.unit,
        "window": None if frame.window is None else asdict(frame.window),
        "to_source": [[float(value) for value in row] for row in frame.to_source],
        "modality": frame.modality,
        **extra,
    }


def frame_from_plain(plain: Mapping[str, Any], pixels: Pixels) -> Frame:
    """The frame again; ``pixels`` holds them by content hash.

    Raises
    ------
    KeyError
        If its pixels are not there.
    """
    window, slab, place = plain["window"], plain.get("slab"), plain.get("to_patient")
    return Frame(
        pixels=pixels[plain["digest"]],
        source=plain["source"],
        plane=plain["plane"],
        index=plain["index"],
        position=plain["position"],
        unit=plain["unit"],
        window=None if window is None else Window(**window | {"table": tuple(window["table"])}),
        to_source=np.array(plain["to_source"], dtype=np.float64),
        modality=plain["modality"],
        time=plain.get("time"),
        slab=None if slab is None else FrameSlab(**slab),
        label=plain.get("label", ""),
        declared=tuple(plain.get("declared", ())),
        to_patient=None if place is None else np.array(place, dtype=np.float64),
        reformatted=plain.get("reformatted"),
    )


def question_to_plain(question: Question) -> dict[str, Any]:
    """A question with its history; frames, and a volume, by content hash."""
    return {
        "text": question.text,
        "task": question.task,
        "mode": question.mode,
        "choices": [list(pair) for pair in question.choices],
        "frames": [frame_to_plain(frame) for frame in question.frames],
        "frame_kind": question.frame_kind,
        "seconds_per_frame": question.seconds_per_frame,
        "volume": _array_digest(question.volume),
        "regions": [
            {"frame": r.frame, "box": [float(v) for v in r.box], "label": r.label}
            for r in question.regions
        ],
        "history": [_turn_to_plain(turn) for turn in question.history],
        "generation": asdict(question.generation),
        "tiles": question.tiles,
    }


def question_from_plain(plain: Mapping[str, Any], pixels: Pixels) -> Question:
    """The question again, but for its volume, whose voxels are not kept.

    Parameters
    ----------
    plain
        As `question_to_plain` made it.
    pixels
        Of the frames, uint8 (rows, columns, 3), by content hash.

    Raises
    ------
    KeyError
        If the pixels of a frame are not there.
    """
    return Question(
        text=plain["text"],
        frames=tuple(frame_from_plain(frame, pixels) for frame in plain["frames"]),
        frame_kind=plain["frame_kind"],
        seconds_per_frame=plain["seconds_per_frame"],
        regions=tuple(Region(r["frame"], tuple(r["box"]), r["label"]) for r in plain["regions"]),
        task=plain["task"],
        mode=plain["mode"],
        choices=tuple((letter, text) for letter, text in plain["choices"]),
        history=tuple(_turn_from_plain(turn, pixels) for turn in plain["history"]),
        generation=Generation(**plain["generation"]),
        tiles=plain["tiles"],
    )


def _turn_to_plain(turn: Turn) -> dict[str, Any]:
    return {
        "text": turn.text,
        "reply": turn.reply,
        "frames": [frame_to_plain(frame) for frame in turn.frames],
        "frame_kind": turn.frame_kind,
        "seconds_per_frame": turn.seconds_per_frame,
        "tiles": turn.tiles,
    }


def _turn_from_plain(plain: Mapping[str, Any], pixels: Pixels) -> Turn:
    return Turn(
        plain["text"],
        plain["reply"],
        tuple(frame_from_plain(frame, pixels) for frame in plain["frames"]),
        plain["frame_kind"],
        plain["seconds_per_frame"],
        plain["tiles"],
    )


def _array_digest(array: npt.NDArray[np.float32] | None) -> str | None:
    if array is None:
        return None
    state = hashlib.sha256(repr((array.shape, array.dtype.str)).encode())
    state.update(np.ascontiguousarray(array).tobytes())
    return state.hexdigest()
