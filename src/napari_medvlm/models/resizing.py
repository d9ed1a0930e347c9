"""Resizing of 8-bit images, by the libraries that the published pipelines use.

Pillow's bicubic and torch's (with antialiasing, as torchvision has it) differ by one or two
levels in some pixels, so that whoever names a result names the backend too.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..extras import require

Backend = Literal["torch", "pil"]


def torch_bicubic(planes: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    """Resize (n, channels, rows, columns) as torchvision does: bicubic, antialiased.

    8-bit input is resized in 8 bit; floats stay as they come out, beyond 0..255 too.
    """
    torch = require("torch", "to resize images")
    resized = torch.nn.functional.interpolate(
        torch.from_numpy(np.ascontiguousarray(planes)),
        size=list(size),
        mode="bicubic",
        align_corners=False,
        antialias=True,
    )
    array: npt.NDArray[Any] = resized.numpy()
    return array
