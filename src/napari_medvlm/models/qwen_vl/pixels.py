"""Images and frames into the rows of patches that Qwen-VL's vision tower takes.

Two resizes stand before the model: the one of qwen-vl-utils 0.0.14 (Pillow, bicubic) and the
one of the image processor. The second exists in two forms that differ by one grey level here
and there: torch's bicubic with antialiasing on 8-bit pixels (what the published pipelines use
where torchvision is installed; the default here, and torchvision is not needed for it), and
Pillow's. A file that names a result names the backend too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...errors import QuestionError
from ...extras import require
from ..resizing import Backend, torch_bicubic
from .resize import (
    FRAME_FACTOR,
    MERGE,
    PATCH,
    TEMPORAL,
    PixelLimits,
    SizeHW,
    first_size,
    second_size,
    video_size,
)

Kind = Literal["image", "video"]
#: ImageNet-like statistics of CLIP (https://github.com/openai/CLIP), as all Qwen-VL use them.
CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True, eq=False)
class Visual:
    """One image or video as the vision tower gets it.

    Parameters
    ----------
    kind
        "image" or "video".
    patches
        float32 (patches, channels × 2 × 14 × 14), in the order of 2 × 2 merge groups.
    grid
        Time steps, rows and columns of patches.
    first_wh
        Width and height after the first resize.
    seconds_per_grid
        Between two time steps of a video.
    frames
        Frames of the video after padding to an even number; 1 for an image.
    """

    kind: Kind
    patches: npt.NDArray[np.float32]
    grid: tuple[int, int, int]
    first_wh: tuple[int, int]
    seconds_per_grid: float | None = None
    frames: int = 1

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the image that the model sees."""
        return self.grid[2] * PATCH, self.grid[1] * PATCH

    @property
    def digest(self) -> str:
        """Key of its encoded form: kind, grid and pixels."""
        head = f"{self.kind}{self.grid}".encode()
        return hashlib.sha256(head + np.ascontiguousarray(self.patches).tobytes()).hexdigest()


@dataclass(frozen=True)
class Processor:
    """The image processor of a checkpoint: limits, statistics, backend."""

    limits: PixelLimits
    mean: tuple[float, ...] = CLIP_MEAN
    std: tuple[float, ...] = CLIP_STD
    backend: Backend = "torch"

    def image(self, pixels: Any, keys: Mapping[str, Any] | None = None) -> Visual:
        """Prepare a still image.

        Parameters
        ----------
        pixels
            uint8 (rows, columns, 3), or a Pillow image of any mode.
        keys
            Its own keys of the message (``min_pixels`` and relatives).
        """
        first = _first(to_rgb(pixels), keys or {}, PATCH * MERGE)
        size = second_size(first.shape[:2], self.limits)
        resized = self._resize(first, size)
        planes = np.repeat(self._normalise(resized)[None], TEMPORAL, axis=0)
        return Visual("image", patchify(planes), _grid(planes), first.shape[1::-1])

    def video(
        self,
        frames: Sequence[Any],
        keys: Mapping[str, Any] | None = None,
        fps: float | None = None,
    ) -> Visual:
        """Prepare the frames of one clip.

        Parameters
        ----------
        frames
            Each as in :meth:`image`; an odd number repeats the last one.
        keys
            The video's own keys of the message.
        fps
            Frames sent for each second; None is 2.
        """
        own = keys or {}
        if not frames:
            raise QuestionError("Expected at least one frame in the video, found none.")
        stacked = [_first(to_rgb(frame), own, FRAME_FACTOR) for frame in frames]
        if len({frame.shape for frame in stacked}) > 1:
            raise QuestionError("Expected the frames of a video to have one size.")
        stacked += stacked[-1:] * (len(stacked) % TEMPORAL)
        size = video_size(stacked[0].shape[:2], len(stacked), own)
        planes = self._video_planes(np.stack(stacked), size)
        return Visual(
            "video",
            patchify(planes),
            _grid(planes),
            (size[1], size[0]),
            TEMPORAL / (fps or 2.0),
            len(stacked),
        )

    def _resize(self, pixels: npt.NDArray[np.uint8], size: SizeHW) -> npt.NDArray[np.uint8]:
        if pixels.shape[:2] == size:
            return pixels
        if self.backend == "pil":
            image = require("PIL.Image", "to resize images")
            resized = image.fromarray(pixels).resize((size[1], size[0]), image.Resampling.BICUBIC)
            return np.asarray(resized, dtype=np.uint8)
        planes = torch_bicubic(pixels.transpose(2, 0, 1)[None], size)
        return np.asarray(planes[0].transpose(1, 2, 0), dtype=np.uint8)

    def _video_planes(self, frames: npt.NDArray[np.uint8], size: SizeHW) -> npt.NDArray[np.float32]:
        """Both resizes of a stacked video; the second works on floats, unrounded."""
        planes: npt.NDArray[Any] = frames.transpose(0, 3, 1, 2)
        if planes.shape[2:] != size:
            planes = torch_bicubic(planes, size)
        final = second_size(size, self.limits)
        if final != size:
            planes = torch_bicubic(planes.astype(np.float32), final)
        return self._normalise(planes.transpose(0, 2, 3, 1))

    def _normalise(self, pixels: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Channels last in, channels first out: (x - mean) / std of values 0..255 or 0..1."""
        planes = np.moveaxis(pixels, -1, -3).astype(np.float32)
        mean = np.array(self.mean, dtype=np.float32)[:, None, None]
        std = np.array(self.std, dtype=np.float32)[:, None, None]
        if self.backend == "pil":
            scaled = (planes.astype(np.float64) * (1 / 255)).astype(np.float32)
            return ((scaled - mean) / std).astype(np.float32)
        # The torch processor folds the 1 / 255 into mean and deviation.
        folded: npt.NDArray[np.float32] = (planes - mean * np.float32(255)) / (
            std * np.float32(255)
        )
        return folded


def to_rgb(image: Any) -> npt.NDArray[np.uint8]:
    """Make uint8 (rows, columns, 3) of an array or a Pillow image; transparency goes on white."""
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise QuestionError(
                f"Expected uint8 pixels (rows, columns, 3), found {image.dtype} {image.shape}."
            )
        return image
    if image.mode == "RGBA":
        library = require("PIL.Image", "to read images")
        white = library.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=image.split()[3])
        image = white
    return np.asarray(image.convert("RGB"), dtype=np.uint8)


def _first(
    pixels: npt.NDArray[np.uint8], keys: Mapping[str, Any], factor: int
) -> npt.NDArray[np.uint8]:
    rows, columns = pixels.shape[:2]
    size = first_size((rows, columns), keys, factor)
    if size == (rows, columns):
        return pixels
    library = require("PIL.Image", "to resize images")
    resized = library.fromarray(pixels).resize((size[1], size[0]), library.Resampling.BICUBIC)
    return np.asarray(resized, dtype=np.uint8)


def _grid(planes: npt.NDArray[np.float32]) -> tuple[int, int, int]:
    frames, _, rows, columns = planes.shape
    return frames // TEMPORAL, rows // PATCH, columns // PATCH


def patchify(planes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Cut normalised frames into rows of patches.

    Parameters
    ----------
    planes
        float32 (frames, channels, rows, columns): an even number of frames, sides that are
        multiples of 28.

    Returns
    -------
    patches
        float32 (patches, channels × 2 × 14 × 14). The four patches that are merged into one
        token stand together.
    """
    channels = planes.shape[1]
    steps, rows, columns = _grid(planes)
    blocks = planes.reshape(
        steps, TEMPORAL, channels, rows // MERGE, MERGE, PATCH, columns // MERGE, MERGE, PATCH
    )
    ordered = blocks.transpose(0, 3, 6, 4, 7, 2, 1, 5, 8)
    return np.ascontiguousarray(
        ordered.reshape(steps * rows * columns, channels * TEMPORAL * PATCH * PATCH)
    )
