"""Messages in the form of qwen-vl-utils: a picture or clip of theirs into pixels.

A content item is ``{"type": "image", "image": …}`` or ``{"type": "video", "video": [frames]}``
with optional keys for its size; a picture is a path, ``file://`` and a path, a ``data:`` address,
a Pillow image or an array. Nothing is ever fetched over a network.
"""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import QuestionError
from ...extras import require
from .pixels import Processor, Visual

#: Content keys that hold a picture or a clip, in the order in which they are looked for.
PICTURE_KEYS = ("image", "image_url")


def visual_items(messages: Sequence[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """Yield every picture and clip, in order."""
    for message in messages:
        if isinstance(message["content"], str):
            continue
        for item in message["content"]:
            if "video" in item or any(key in item for key in PICTURE_KEYS):
                yield item


def load_visual(
    item: Mapping[str, Any],
    processor: Processor,
    video_processor: Processor,
    *,
    base: Path | None = None,
    pass_rate: bool = False,
) -> Visual:
    """Read one picture or clip and prepare its pixels.

    Parameters
    ----------
    item
        Content item of a message.
    processor, video_processor
        For pictures and for clips.
    base
        Folder that relative paths start from.
    pass_rate
        Whether the clip's ``sample_fps`` reaches the processor. In the published quick start it
        does not, and two frames a second are assumed.
    """
    keys = {k: v for k, v in item.items() if k not in ("type", "video", *PICTURE_KEYS)}
    for key in PICTURE_KEYS:
        if key in item:
            return processor.image(open_picture(item[key], base), keys)
    frames = item["video"]
    if isinstance(frames, (str, Path)):
        raise QuestionError(
            "Expected a clip as a list of frames, found a path.",
            "Read the clip first and choose frames from it.",
        )
    fps = float(keys.get("sample_fps", 2.0)) if pass_rate else None
    if fps is not None and not fps > 0:
        raise QuestionError(f"Expected more than 0 frames a second, found {fps}.")
    return video_processor.video([open_picture(frame, base) for frame in frames], keys, fps)


def open_picture(source: Any, base: Path | None = None) -> Any:
    """Open what a message calls an image.

    Parameters
    ----------
    source
        Path, ``file://`` path, ``data:`` address, Pillow image, or uint8 array.
    base
        Folder that relative paths start from.

    Returns
    -------
    image
        A Pillow image or an array.

    Raises
    ------
    QuestionError
        If it cannot be read, or lies on a network.
    """
    if isinstance(source, Mapping):  # the form of other message conventions
        source = source.get("url", "")
    if isinstance(source, np.ndarray) or hasattr(source, "convert"):
        return source
    text = str(source)
    if text.startswith(("http://", "https://")):
        raise QuestionError(
            "Expected a local image, found a web address.", "Nothing is fetched over a network."
        )
    library = require("PIL.Image", "to read images")
    try:
        if text.startswith("data:"):
            image = library.open(io.BytesIO(base64.b64decode(text.partition("base64,")[2])))
        else:
            image = library.open((base or Path()) / text.removeprefix("file://"))
        image.load()
    except (OSError, ValueError, binascii.Error) as error:
        raise QuestionError(f"An image could not be read ({error}).") from error
    return image


def for_template(
    messages: Sequence[Mapping[str, Any]], pads: Sequence[str]
) -> list[dict[str, Any]]:
    """Messages as the chat template needs them: without pixels.

    Parameters
    ----------
    messages
        The messages.
    pads
        Placeholder tokens, which the words of a message must not hold: each would be taken for
        a picture.
    """
    written: list[dict[str, Any]] = []
    for message in messages:
        content = message["content"]
        if isinstance(content, str):
            written.append({"role": message["role"], "content": _without(content, pads)})
            continue
        items: list[dict[str, str]] = []
        for item in content:
            if any(key in item for key in PICTURE_KEYS):
                items.append({"type": "image", "image": ""})
            elif "video" in item:
                items.append({"type": "video", "video": ""})
            elif "text" in item:
                items.append({"type": "text", "text": _without(str(item["text"]), pads)})
            else:
                raise QuestionError(f"Expected text, image or video, found {sorted(item)}.")
        written.append({"role": message["role"], "content": items})
    return written


def _without(text: str, marks: Sequence[str]) -> str:
    while any(mark in text for mark in marks):
        for mark in marks:
            text = text.replace(mark, "")
    return text
