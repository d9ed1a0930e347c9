"""Images into the squares that InternVL's vision tower takes.

Two ways to send an image:

- whole: resized to a square, its shape not kept. That is what Fleming-VL's published script does
  with images and frames; a slice of a volume, which is square there, comes to the same.
- tiled: InternVL's dynamic tiling (:mod:`.tiles`), with more detail and more tokens.

Resizing is Pillow's, bicubic on 8 bit, as in training. torch's is faster and differs by a level
or two in some pixels; it has to be asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import CheckpointError, QuestionError
from ...extras import require
from ..resizing import Backend, torch_bicubic
from .tiles import tile_grid

#: Mean and deviation of ImageNet, as InternViT was trained with.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
_BICUBIC = 3
#: Modes of Pillow whose values are 8 bit; conversion of any other to RGB would cut values off.
_EIGHT_BIT = (
    "1",
    "L",
    "P",
    "LA",
    "PA",
    "RGB",
    "RGBA",
    "RGBX",
    "La",
    "RGBa",
    "CMYK",
    "YCbCr",
    "HSV",
)


@dataclass(frozen=True, eq=False)
class Picture:
    """One image as the vision tower gets it, before normalisation.

    Parameters
    ----------
    tiles
        uint8 (tiles, side, side, 3); one tile where the image is sent whole.
    """

    tiles: npt.NDArray[np.uint8]

    @cached_property
    def digest(self) -> str:
        """Key of its encoded form."""
        head = repr(self.tiles.shape).encode()
        return hashlib.sha256(head + np.ascontiguousarray(self.tiles).tobytes()).hexdigest()


def whole(image: Any, side: int, backend: Backend = "pil") -> Picture:
    """Resize an image to a square in its own mode, then to RGB; transparency is dropped.

    Parameters
    ----------
    image
        uint8 (rows, columns, 3), or a Pillow image of an 8-bit mode.
    side
        Of the square, in pixels.
    backend
        "pil" as in training, or "torch".

    Raises
    ------
    QuestionError
        For an image of more than 8 bits: its conversion would saturate.
    """
    plain = isinstance(image, np.ndarray)
    picture = image if plain else _pillow(image)
    if plain or picture.mode == "RGB":
        planes = _planes(_checked(np.asarray(picture)))
        if planes.shape[:2] != (side, side):
            planes = _resized(planes, side, backend)
        return Picture(np.broadcast_to(planes, (1, side, side, 3)))
    resized = picture.resize((side, side)).convert("RGB")
    return Picture(np.asarray(resized, dtype=np.uint8)[None])


def _planes(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """One channel (rows, columns, 1) where all three are the same, as of every slice."""
    red, green, blue = (pixels[..., channel] for channel in range(3))
    return pixels[..., :1] if (red == green).all() and (red == blue).all() else pixels


def _resized(planes: npt.NDArray[np.uint8], side: int, backend: Backend) -> npt.NDArray[np.uint8]:
    """Resize (rows, columns, channels); channels do not meet, so that one stands for three."""
    if backend == "torch":
        made = torch_bicubic(planes.transpose(2, 0, 1)[None], (side, side))
        return np.asarray(made[0].transpose(1, 2, 0), dtype=np.uint8)
    library = require("PIL.Image", "to resize images")
    picture = library.fromarray(planes[..., 0] if planes.shape[2] == 1 else planes)
    made = np.asarray(picture.resize((side, side), library.Resampling.BICUBIC), dtype=np.uint8)
    return made.reshape(side, side, -1)


def tiled(image: Any, side: int, limits: tuple[int, int], *, thumbnail: bool = True) -> Picture:
    """Cut an image into tiles, row by row, and add the whole one where there are several.

    Parameters
    ----------
    image, side
        As in :func:`whole`.
    limits
        Fewest and most tiles.
    thumbnail
        Whether the whole image follows.
    """
    picture = _pillow(image).convert("RGB")
    columns, rows = tile_grid(picture.size, side, limits)
    large = np.asarray(picture.resize((side * columns, side * rows)), dtype=np.uint8)
    cut = large.reshape(rows, side, columns, side, 3).swapaxes(1, 2)
    tiles = cut.reshape(rows * columns, side, side, 3)
    if thumbnail and len(tiles) > 1:
        tiles = np.concatenate([tiles, whole(picture, side).tiles])
    return Picture(np.ascontiguousarray(tiles))


def _pillow(image: Any) -> Any:
    if not isinstance(image, np.ndarray):
        if image.mode not in _EIGHT_BIT:
            raise QuestionError(
                f"Expected an 8-bit image, found Pillow mode {image.mode}.",
                "Scale its values to 8 bit first.",
            )
        return image
    return require("PIL.Image", "to resize images").fromarray(_checked(image))


def _checked(pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise QuestionError(
            f"Expected uint8 pixels (rows, columns, 3), found {pixels.dtype} {pixels.shape}."
        )
    return pixels


@dataclass(frozen=True)
class Normaliser:
    """8-bit values to what the vision tower takes: (x / 255 - mean) / deviation, by channel."""

    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD

    @classmethod
    def of(cls, config: Mapping[str, Any], side: int) -> Normaliser:
        """Read it from ``preprocessor_config.json``, in its old or its new form.

        Raises
        ------
        CheckpointError
            If the file wants another size than ``config.json``, or another resize.
        """
        size = config.get("size", side)
        sizes = set(size.values()) if isinstance(size, Mapping) else {size}
        if sizes != {side}:
            raise CheckpointError(
                f"Expected images of {side} pixels in preprocessor_config.json, found {size}.",
                "Check that all files of the folder belong to the same model.",
            )
        if config.get("resample", _BICUBIC) != _BICUBIC:
            raise CheckpointError(
                f"Expected resample 3 (bicubic) in preprocessor_config.json, "
                f"found {config['resample']}."
            )
        mean, std = config.get("image_mean"), config.get("image_std")
        return cls(tuple(mean or IMAGENET_MEAN), tuple(std or IMAGENET_STD))

    def __call__(self, pictures: Sequence[Picture]) -> npt.NDArray[np.float32] | None:
        """Normalise all tiles: float32 (tiles, 3, side, side); None without any picture."""
        if not pictures:
            return None
        count = sum(len(picture.tiles) for picture in pictures)
        side = pictures[0].tiles.shape[1]
        planes = np.empty((count, 3, side, side), dtype=np.float32)
        at = 0
        for picture in pictures:
            for tile in picture.tiles:
                self._fill(planes[at], tile)
                at += 1
        return planes

    def _fill(self, planes: npt.NDArray[np.float32], tile: npt.NDArray[np.uint8]) -> None:
        """Write one tile's channels, rounded as the published processor rounds them.

        That multiplies by 1 / 255 in double precision; dividing in single precision gives the
        same for all 256 values.
        """
        mean, std = np.array(self.mean, dtype=np.float32), np.array(self.std, dtype=np.float32)
        grey = tile.strides[2] == 0  # one channel stands for three
        if grey:
            np.divide(tile[..., 0], np.float32(255), out=planes[0], dtype=np.float32)
        for channel in (2, 1, 0):
            plane, source = planes[channel], planes[0]
            if not grey:
                source = np.divide(tile[..., channel], np.float32(255), out=plane, dtype=np.float32)
            np.subtract(source, mean[channel], out=plane)
            np.divide(plane, std[channel], out=plane)
