"""How many visual tokens images will take, told before any pixel is touched. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .checkpoint import read_json
from .footprint import Footprint
from .internvl.tiles import tile_count
from .needs import PREPROCESSOR, VIDEO_PREPROCESSOR
from .planning import Load
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
            # A row of patches for each side, and one patch for the class token.
            side = round((size.patches - 1) ** 0.5) * PATCH
            count = sum(tile_count((wide, high), side, _TILES) for high, wide in sizes)
        return Load(count, size.image_tokens, size.patches, new_tokens=answer)
    seen = _frames_seen(sizes, profile, folder) if video else _images_seen(sizes, profile, folder)
    patches = [(height // PATCH) * (width // PATCH) for height, width in seen]
    # The largest stands for all where memory is reckoned; tokens are counted one by one.
    largest = max(patches)
    total = sum(patches) // MERGE**2
    return Load(len(seen), largest // MERGE**2, largest, new_tokens=answer, counted=total)


def _images_seen(sizes: Sequence[SizeHW], profile: Profile, folder: Path | None) -> list[SizeHW]:
    limits = PixelLimits.of(_config(folder, PREPROCESSOR)).below(profile.max_pixels)
    return [image_size(size, limits) for size in sizes]


def _frames_seen(sizes: Sequence[SizeHW], profile: Profile, folder: Path | None) -> list[SizeHW]:
    """The size of each time step: two frames are one."""
    config = _config(folder, VIDEO_PREPROCESSOR) or _config(folder, PREPROCESSOR)
    limits = video_limits(config)
    keys = video_keys(limits, profile.video_max_pixels)
    size = frame_size(sizes[0], len(sizes), limits, keys)
    return [size] * -(-len(sizes) // TEMPORAL)


def _config(folder: Path | None, name: str) -> dict[str, object]:
    path = None if folder is None else folder / name
    return read_json(path) if path is not None and path.is_file() else {}
