"""How many visual tokens images will take, told before any pixel is touched. No torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from .footprint import Footprint
from .internvl.tiles import tile_count
from .planning import Load
from .processing import image_processing, video_processing
from .profiles import Profile
from .qwen_vl.resize import (
    MERGE,
    PATCH,
    TEMPORAL,
    PixelLimits,
    SizeHW,
    frame_size,
    image_size,
    video_keys,
    video_limits,
)

#: Fewest and most tiles of an image, as published folders state them.
_TILES = (1, 12)


def load_of(
    size: Footprint,
    profile: Profile,
    images: int,
    rows: int,
    columns: int,
    *,
    folder: Path | None = None,
    new_tokens: int | None = None,
) -> Load:
    """Say what a question with equal images will be made of.

    Parameters
    ----------
    size
        The model's footprint.
    profile
        How it is talked to.
    images
        How many images are sent.
    rows, columns
        Of each, in pixels; they matter to the families that keep an image's size.
    folder
        The checkpoint, for the bounds that its image processor states.
    new_tokens
        The longest answer; the profile's own without it.

    Raises
    ------
    QuestionError
        For an image that the family cannot take.
    """
    sizes = [(rows, columns)] * images
    return load_of_images(size, profile, sizes, folder=folder, new_tokens=new_tokens)


def load_of_images(
    size: Footprint,
    profile: Profile,
    sizes: Sequence[SizeHW],
    *,
    video: bool = False,
    tiles: bool = False,
    folder: Path | None = None,
    new_tokens: int | None = None,
) -> Load:
    """Say what a question will be made of.

    Parameters
    ----------
    size, profile, folder, new_tokens
        As in `load_of`.
    sizes
        Height and width of each image in pixels; at least one.
    video
        Whether they are the frames of one clip.
    tiles
        Whether each image is cut into tiles.

    Raises
    ------
    QuestionError
        For an image that the family cannot take.
    """
    answer = profile.max_new_tokens if new_tokens is None else new_tokens
    if size.image_tokens:
        count = len(sizes)
        if tiles and not video:
            count = sum(tile_count((wide, high), _side(size), _TILES) for high, wide in sizes)
        return Load(count, size.image_tokens, size.patches, new_tokens=answer)
    seen = _frames_seen(sizes, profile, folder) if video else _images_seen(sizes, profile, folder)
    patches = [(height // PATCH) * (width // PATCH) for height, width in seen]
    # The largest stands for all where memory is reckoned; tokens are counted one by one.
    largest = max(patches)
    total = sum(patches) // MERGE**2
    return Load(len(seen), largest // MERGE**2, largest, new_tokens=answer, counted=total)


def sizes_seen(
    size: Footprint,
    profile: Profile,
    sizes: Sequence[SizeHW],
    *,
    video: bool = False,
    folder: Path | None = None,
) -> tuple[SizeHW, ...]:
    """Height and width in pixels at which a model sees images, each of its tiles where it is cut.

    Parameters
    ----------
    size, profile, sizes, video, folder
        As in `load_of_images`.

    Raises
    ------
    QuestionError
        For an image that the family cannot take.
    """
    if size.image_tokens:
        side = _side(size)
        return ((side, side),) * len(sizes)
    seen = _frames_seen(sizes, profile, folder) if video else _images_seen(sizes, profile, folder)
    return tuple(seen)


def _side(size: Footprint) -> int:
    # A row of patches for each side, and one patch for the class token.
    return round(math.sqrt(size.patches - 1)) * PATCH


def _images_seen(sizes: Sequence[SizeHW], profile: Profile, folder: Path | None) -> list[SizeHW]:
    limits = PixelLimits.of(image_processing(folder)).below(profile.max_pixels)
    return [image_size(size, limits) for size in sizes]


def _frames_seen(sizes: Sequence[SizeHW], profile: Profile, folder: Path | None) -> list[SizeHW]:
    """The size of each time step: two frames are one."""
    limits = video_limits(video_processing(folder))
    keys = video_keys(limits, profile.video_max_pixels)
    size = frame_size(sizes[0], len(sizes), limits, keys)
    return [size] * -(-len(sizes) // TEMPORAL)
