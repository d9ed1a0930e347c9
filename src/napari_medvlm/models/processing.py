"""How pictures are prepared, by a folder's files in the older or the newer layout. No torch.

Until version 4 transformers wrote ``preprocessor_config.json`` (and, for videos,
``video_preprocessor_config.json``); version 5 writes one ``processor_config.json`` with the blocks
``image_processor`` and ``video_processor``. Where both are there, the block comes first, as
transformers 5 reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from .json_files import read_json
from .needs import PREPROCESSOR, PROCESSOR, VIDEO_PREPROCESSOR


def image_processing(folder: Path | None) -> Mapping[str, Any]:
    """Settings for images; empty without a folder or without a file that has any."""
    return _block(folder, "image_processor") or _file(folder, PREPROCESSOR)


def video_processing(folder: Path | None) -> Mapping[str, Any]:
    """Settings for the frames of videos; those of images where there are no others."""
    own = _block(folder, "video_processor") or _file(folder, VIDEO_PREPROCESSOR)
    return own or image_processing(folder)


def required_image_processing(folder: Path) -> Mapping[str, Any]:
    """Settings for images of a folder that must have them.

    Raises
    ------
    CheckpointError
        If its files hold none.
    """
    found = image_processing(folder)
    if not found:
        raise CheckpointError(
            f"Expected how images are prepared in {PREPROCESSOR}, or image_processor in "
            f"{PROCESSOR}, found neither.",
            "Copy the missing file from the place where the model was published.",
        )
    return found


def _file(folder: Path | None, name: str) -> Mapping[str, Any]:
    path = None if folder is None else folder / name
    return read_json(path) if path is not None and path.is_file() else {}


def _block(folder: Path | None, name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _file(folder, PROCESSOR).get(name) or {}
    return found
