"""PNG and JPEG pictures, such as exported radiographs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ImagingError
from ...extras import require
from ..arrays import plain_voxels, scale_affine
from ..scan import Entry, entry_of
from ..volume import Volume

_ADVICE = "Export the picture again as PNG or JPEG."


def scan_picture(path: Path) -> Entry:
    """What ``read_picture`` would give."""
    return entry_of(read_picture(path))


def read_picture(path: Path) -> Volume:
    """Read a picture as a Volume of one slice, of unknown orientation and spacing.

    8-bit grey stays grey; colour becomes RGB, transparency put on white; 16-bit grey keeps
    its values.

    Raises
    ------
    ImagingError
        If it cannot be decoded.
    """
    pil: Any = require("PIL.Image", "to read pictures")
    try:
        with pil.open(path) as image:
            image.load()
            pixels = _pixels(image, pil)
    except (OSError, SyntaxError, ValueError, EOFError, pil.DecompressionBombError) as error:
        raise ImagingError(
            f"{path.name}: expected a PNG or JPEG picture; it could not be decoded ({error}).",
            _ADVICE,
        ) from error
    voxels, remarks = plain_voxels(pixels[None])
    volume = Volume(
        voxels=voxels,
        affine=scale_affine(1, 1, 1),
        oriented=False,
        unit="pixel",
        coloured=pixels.ndim == 3,
        remarks=(
            "A picture holds neither spacing nor orientation: sizes are in pixels.",
            *remarks,
        ),
        facts={"format": "picture"},
        name="picture",
    )
    return volume.named()


def _pixels(image: Any, pil: Any) -> npt.NDArray[Any]:
    # (rows, columns) of grey or (rows, columns, 3) of uint8
    mode = str(image.mode)
    if mode.startswith("I") or mode == "F":
        return np.asarray(image)
    if mode in ("1", "L") and "transparency" not in image.info:
        return np.asarray(image.convert("L"))
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        paper = pil.new("RGBA", image.size, (255, 255, 255, 255))
        rgb = np.asarray(pil.alpha_composite(paper, image).convert("RGB"))
        return rgb[..., 0] if mode in ("1", "L", "LA", "La") else rgb
    return np.asarray(image.convert("RGB"))
