"""Replies as JSON text and back, masks included."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from ..dialogue import Box, Mask, Reference, Reply, Timings
from ..errors import RecordError
from .plain import canonical

_PLAIN = tuple(
    f.name for f in fields(Reply) if f.name not in ("boxes", "masks", "references", "timings")
)
_LATER = ("misfit_boxes", "unread_boxes", "outside", "thought_opened")


def reply_to_json(reply: Reply) -> str:
    """Write a reply down; `reply_from_json` gives an equal one.

    Raises
    ------
    RecordError
        If a number in it is not finite.
    """
    plain: dict[str, Any] = {name: getattr(reply, name) for name in _PLAIN}
    plain["boxes"] = [asdict(box) for box in reply.boxes]
    plain["masks"] = [_mask_to_plain(mask) for mask in reply.masks]
    plain["references"] = [asdict(reference) for reference in reply.references]
    plain["timings"] = asdict(reply.timings)
    try:
        return canonical(plain)
    except ValueError as error:
        raise RecordError(f"The reply holds a number that is not finite: {error}") from error


def reply_from_json(text: str) -> Reply:
    """Read a reply.

    Raises
    ------
    RecordError
        If the text is none.
    """
    try:
        plain = json.loads(text)
        # What a newer version writes down is absent from answers that were kept before it.
        given = {name: plain[name] for name in _PLAIN if name in plain or name not in _LATER}
        given |= {name: tuple(given[name]) for name in ("choices", "token_ids")}
        return Reply(
            **given,
            boxes=tuple(_box(box) for box in plain["boxes"]),
            masks=tuple(_mask(mask) for mask in plain["masks"]),
            references=tuple(Reference(**reference) for reference in plain["references"]),
            timings=Timings(**plain["timings"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError, zlib.error) as error:
        raise RecordError(f"This is no kept reply: {error}.") from error


def _box(plain: Mapping[str, Any]) -> Box:
    return Box(**{**plain, "box": tuple(plain["box"]), "raw": tuple(plain["raw"])})


def _mask_to_plain(mask: Mask) -> dict[str, Any]:
    packed = zlib.compress(np.packbits(mask.pixels).tobytes())
    return {
        "label": mask.label,
        "frame": mask.frame,
        "shape": list(mask.pixels.shape),
        "bits": base64.b64encode(packed).decode(),
    }


def _mask(plain: Mapping[str, Any]) -> Mask:
    rows, columns = plain["shape"]
    bits = np.frombuffer(zlib.decompress(base64.b64decode(plain["bits"])), dtype=np.uint8)
    pixels = np.unpackbits(bits, count=rows * columns).astype(bool).reshape(rows, columns)
    return Mask(plain["label"], pixels, plain["frame"])
