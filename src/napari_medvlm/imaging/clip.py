"""The Clip: frames of a video, decoded when asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import SelectionError

#: Frames kept decoded; enough for a strip of thumbnails and scrolling back.
_CACHE = 64

Pixels = npt.NDArray[np.uint8]


class FrameSource(Protocol):
    """What a decoder gives (see ``video``). A Clip never calls it from two threads at once."""

    times: tuple[float, ...]
    size: tuple[int, int]
    fps: float

    def decode(self, indices: Sequence[int]) -> list[Pixels]:
        """Frames ``(rows, columns, 3)`` at these indices, in this order."""
        ...


class Clip:
    """Frames of a video with their times.

    Parameters
    ----------
    source
        The decoder; see ``napari_medvlm.imaging.video.files.read_video``.
    digest
        Content hash of the file.
    name
        Pseudonymous: never a file name or a patient's.
    modality
        DICOM modality where known, such as "US"; else empty.
    remarks
        What a reader must know about the timing, one sentence each.
    """

    def __init__(
        self,
        source: FrameSource,
        *,
        digest: str,
        name: str = "clip",
        modality: str = "",
        remarks: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.modality = modality
        self.remarks = remarks
        self.digest = digest
        self._source = source
        self._cache: OrderedDict[int, Pixels] = OrderedDict()
        # A decord reader that two threads use at once ends the whole process.
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._source.times)

    def __repr__(self) -> str:
        return f"Clip({self.name!r}, shape={self.shape}, fps={self.fps:g})"

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(frames, rows, columns, 3)."""
        rows, columns = self._source.size
        return len(self), rows, columns, 3

    @property
    def times(self) -> tuple[float, ...]:
        """Seconds of each frame from the first."""
        return self._source.times

    @property
    def fps(self) -> float:
        """Average frames a second."""
        return self._source.fps

    def frame(self, index: int) -> Pixels:
        """One frame, uint8 (rows, columns, 3); read-only.

        Raises
        ------
        SelectionError
            If there is no such frame.
        ImagingError
            If it cannot be decoded.
        """
        return self.frames((index,))[0]

    def frames(self, indices: Iterable[int]) -> list[Pixels]:
        """Several frames in the order asked for; see ``frame``."""
        wanted = [int(index) for index in indices]
        for index in wanted:
            if not 0 <= index < len(self):
                raise SelectionError(
                    f"There is no frame {index}: the numbers run from 0 to {len(self) - 1}.",
                    "Choose a number in that range.",
                )
        with self._lock:
            got = {i: self._cache[i] for i in wanted if i in self._cache}
            missing = sorted(set(wanted) - set(got))
            if missing:
                for index, pixels in zip(missing, self._source.decode(missing), strict=True):
                    pixels.setflags(write=False)
                    got[index] = pixels
            for index in wanted:
                self._cache[index] = got[index]
                self._cache.move_to_end(index)
            while len(self._cache) > _CACHE:
                self._cache.popitem(last=False)
        return [got[index] for index in wanted]

    def as_array(self) -> ClipArray:
        """Array-like (frames, rows, columns, 3) for a viewer; frames are decoded when sliced."""
        return ClipArray(self)


class ClipArray:
    """A Clip with as much of an array's manners as napari asks of one.

    Indexing decodes the frames that the first index names and applies the rest with numpy.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, clip: Clip) -> None:
        self.clip = clip

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(frames, rows, columns, 3)."""
        return self.clip.shape

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape))

    @property
    def nbytes(self) -> int:
        """Bytes of all frames together, were they decoded."""
        return self.size

    def __len__(self) -> int:
        return len(self.clip)

    def __deepcopy__(self, memo: dict[int, Any]) -> ClipArray:
        # A decoder cannot be copied; frames are read-only, so sharing it is safe.
        return self

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)

    def __getitem__(self, key: Any) -> npt.NDArray[np.uint8]:
        key = key if isinstance(key, tuple) else (key,)
        if key and key[0] is Ellipsis:
            key = (slice(None),) * (self.ndim - len(key) + 1) + key[1:]
        first, rest = (key[0], key[1:]) if key else (slice(None), ())
        numbers = np.arange(len(self))[first]
        if np.ndim(numbers) == 0:
            return np.asarray(self.clip.frame(int(numbers))[rest])
        chosen = self.clip.frames(int(n) for n in numbers)
        stack = np.stack(chosen) if chosen else np.empty((0, *self.shape[1:]), np.uint8)
        return np.asarray(stack[(slice(None), *rest)])
