"""The sizes that Qwen-VL models give an image. Pure arithmetic, no pixels.

Constants: qwen-vl-utils 0.0.14 (vision_process) and the image processor of transformers 4.56.2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import CheckpointError, QuestionError

PATCH = 14
MERGE = 2
TEMPORAL = 2
FACTOR = PATCH * MERGE
#: Tokens that the first resize allows an image, and a frame of a video.
IMAGE_TOKENS = (4, 16384)
VIDEO_TOKENS = (128, 768)
#: A video as a whole, in tokens of the merged grid.
VIDEO_TOTAL_TOKENS = 128_000 * 0.9
MAX_RATIO = 200
#: A frame of a list given as video is first rounded to multiples of this, not of ``FACTOR``:
#: the published code passes the factor where a patch size is expected, and doubles it.
FRAME_FACTOR = 2 * FACTOR

SizeHW = tuple[int, int]


@dataclass(frozen=True)
class PixelLimits:
    """Smallest and largest area in pixels that the image processor leaves an image."""

    min_pixels: int = 56 * 56
    max_pixels: int = 28 * 28 * 1280

    @classmethod
    def of(cls, config: Mapping[str, Any], default: PixelLimits | None = None) -> PixelLimits:
        """Read them from a preprocessor configuration, in its old or its new form."""
        base = default or cls()
        size = config.get("size") or {}
        low = config.get("min_pixels") or size.get("shortest_edge") or base.min_pixels
        high = config.get("max_pixels") or size.get("longest_edge") or base.max_pixels
        if low > high:
            raise CheckpointError(
                f"Expected min_pixels of the image processor to be at most its max_pixels "
                f"({int(high):,}), found {int(low):,}.",
                "Copy preprocessor_config.json again from where the model was published.",
            )
        return cls(int(low), int(high))

    def below(self, top: int | None) -> PixelLimits:
        """Return the same with another upper bound, where ``top`` is one."""
        if top is None:
            return self
        return PixelLimits(self.min_pixels, max(self.min_pixels, min(top, self.max_pixels)))


def smart_resize(
    height: int,
    width: int,
    *,
    factor: int = FACTOR,
    min_pixels: float,
    max_pixels: float,
) -> SizeHW:
    """Nearest size of about the same shape with sides that are multiples of ``factor``.

    Parameters
    ----------
    height, width
        In pixels.
    factor
        Sides become multiples of it.
    min_pixels, max_pixels
        Bounds of the area.

    Returns
    -------
    height, width

    Raises
    ------
    QuestionError
        If the image has no pixels, or is more than 200 times as long as it is wide.
    """
    if height < 1 or width < 1:
        raise QuestionError(f"Expected an image with pixels, found {width} × {height}.")
    if max(height, width) / min(height, width) > MAX_RATIO:
        raise QuestionError(
            f"Expected an image at most {MAX_RATIO} times as long as it is wide, "
            f"found {width} × {height}.",
            "Crop it first.",
        )
    # Python rounds halves to even (70 / 28 = 2.5 becomes 2), and so did the training code.
    tall = max(factor, round(height / factor) * factor)
    wide = max(factor, round(width / factor) * factor)
    if tall * wide > max_pixels:
        beta = math.sqrt(height * width / max_pixels)
        tall = max(factor, math.floor(height / beta / factor) * factor)
        wide = max(factor, math.floor(width / beta / factor) * factor)
    elif tall * wide < min_pixels:
        beta = math.sqrt(min_pixels / (height * width))
        tall = math.ceil(height * beta / factor) * factor
        wide = math.ceil(width * beta / factor) * factor
    return tall, wide


def first_size(size: SizeHW, keys: Mapping[str, Any], factor: int = FACTOR) -> SizeHW:
    """Size after the first of the two resizes, which ignores the processor's limits.

    Parameters
    ----------
    size
        Height and width of the image.
    keys
        The image's own keys of the message: ``min_pixels``, ``max_pixels``,
        ``resized_height``, ``resized_width``.
    factor
        ``FRAME_FACTOR`` for a frame of a video.
    """
    low, high = (n * factor**2 for n in IMAGE_TOKENS)
    if "resized_height" in keys and "resized_width" in keys:
        height, width = int(keys["resized_height"]), int(keys["resized_width"])
        return smart_resize(height, width, factor=factor, min_pixels=low, max_pixels=high)
    return smart_resize(
        *size,
        factor=factor,
        min_pixels=keys.get("min_pixels", low),
        max_pixels=keys.get("max_pixels", high),
    )


def second_size(size: SizeHW, limits: PixelLimits) -> SizeHW:
    """Size after the image processor's resize."""
    return smart_resize(*size, min_pixels=limits.min_pixels, max_pixels=limits.max_pixels)


def image_size(size: SizeHW, limits: PixelLimits, keys: Mapping[str, Any] | None = None) -> SizeHW:
    """Size of a still image as the model sees it."""
    return second_size(first_size(size, keys or {}), limits)


def video_size(size: SizeHW, frames: int, keys: Mapping[str, Any]) -> SizeHW:
    """Size of a video after its frames were stacked, before the video processor.

    Parameters
    ----------
    size
        Height and width of the stacked frames.
    frames
        How many there are, already even.
    keys
        The video's own keys of the message.
    """
    low, high = (n * FACTOR**2 for n in VIDEO_TOKENS)
    image_low, image_high = (n * FACTOR**2 for n in IMAGE_TOKENS)
    if "resized_height" in keys and "resized_width" in keys:
        height, width = int(keys["resized_height"]), int(keys["resized_width"])
        return smart_resize(height, width, min_pixels=image_low, max_pixels=image_high)
    low = keys.get("min_pixels", low)
    total = keys.get("total_pixels", VIDEO_TOTAL_TOKENS * FACTOR**2)
    bound = max(min(high, total / frames * TEMPORAL), int(low * 1.05))
    return smart_resize(*size, min_pixels=low, max_pixels=min(keys.get("max_pixels", bound), bound))


def frame_size(
    size: SizeHW, frames: int, limits: PixelLimits, keys: Mapping[str, Any] | None = None
) -> SizeHW:
    """Size of a frame of a video as the model sees it.

    Parameters
    ----------
    size
        Height and width of the first frame.
    frames
        How many there are; an odd number counts as the next even one.
    limits
        Of the video processor.
    keys
        The video's own keys of the message.
    """
    own = keys or {}
    stacked = first_size(size, own, FRAME_FACTOR)
    return second_size(video_size(stacked, frames + frames % TEMPORAL, own), limits)


def video_limits(config: Mapping[str, Any]) -> PixelLimits:
    """Limits of a checkpoint's video processor."""
    return PixelLimits.of(config, PixelLimits(*(count * FACTOR**2 for count in VIDEO_TOKENS)))


def video_keys(limits: PixelLimits, top: int | None) -> dict[str, int]:
    """Keys of a video's message that bound a frame's area; none without an upper bound."""
    if top is None:
        return {}
    return {"min_pixels": limits.min_pixels, "max_pixels": limits.below(top).max_pixels}


def tokens(size: SizeHW, steps: int = 1) -> int:
    """Visual tokens of an image, or of ``steps`` time steps of a video."""
    return steps * (size[0] // FACTOR) * (size[1] // FACTOR)
