"""How many visual tokens an image will take, told before any pixel is touched. No torch."""

from __future__ import annotations

from pathlib import Path

from .checkpoint import read_json
from .footprint import Footprint
from .needs import PREPROCESSOR
from .planning import Load
from .profiles import Profile
from .qwen_vl.resize import MERGE, PATCH, PixelLimits, image_size


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
        How many images, or tiles of images, are sent.
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
    tokens, patches = size.image_tokens, size.patches
    if not tokens:
        height, width = image_size((rows, columns), _limits(profile, folder))
        patches = (height // PATCH) * (width // PATCH)
        tokens = patches // MERGE**2
    answer = profile.max_new_tokens if new_tokens is None else new_tokens
    return Load(images, tokens, patches, new_tokens=answer)


def _limits(profile: Profile, folder: Path | None) -> PixelLimits:
    path = None if folder is None else folder / PREPROCESSOR
    own = PixelLimits.of(read_json(path) if path is not None and path.is_file() else {})
    return own.below(profile.max_pixels)
