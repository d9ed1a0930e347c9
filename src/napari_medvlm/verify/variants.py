"""Other ways to write one configuration: each must give the same network.

Opening it compares the names and shapes of all tensors; what shapes do not show (heads, rotary
sections, windows, epsilons) shows in the features and logits, which must not differ at all.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import compare
from .files import read_json
from .report import Row
from .subject import Measured


def verify_variant(
    variant: Path, checkpoint: Path, model: Any, case: Path, open_with: Callable[[Path], Any]
) -> Iterator[Row]:
    """Open a checkpoint with another ``config.json`` and compare.

    Parameters
    ----------
    variant
        The other configuration.
    checkpoint
        Folder of the checkpoint.
    model
        The checkpoint opened as it is.
    case
        Folder of a case, to run both with.
    open_with
        Opens a checkpoint folder.

    Yields
    ------
    row
    """
    name = variant.name
    with tempfile.TemporaryDirectory(prefix="medvlm-verify-") as place:
        folder = Path(place) / checkpoint.name
        folder.mkdir()
        for file in checkpoint.iterdir():
            if file.name != "config.json" and file.is_file():
                _same_file(file, folder / file.name)
        shutil.copyfile(variant, folder / "config.json")
        other = open_with(folder)
        try:
            record = read_json(case / "case.json")
            ours = Measured(other, record, case, "torch")
            theirs = Measured(model, record, case, "torch")
            pairs = {
                "input_ids": (ours.prompt.input_ids, theirs.prompt.input_ids),
                "position_ids": (ours.prompt.positions, theirs.prompt.positions),
                "image_features": (ours.features("image"), theirs.features("image")),
                "video_features": (ours.features("video"), theirs.features("video")),
                "first_logits": (ours.first_logits, theirs.first_logits),
            }
            for quantity, (got, expected) in pairs.items():
                if expected is not None:
                    yield compare.exact(name, f"{quantity} of {case.name}", got, expected)
        finally:
            other.close()


def _same_file(source: Path, target: Path) -> None:
    """Link a file, or copy it where links are not allowed: weights can be large."""
    try:
        target.symlink_to(source.resolve())
    except OSError:
        shutil.copyfile(source, target)
