"""The Clip: frames of a video, decoded when asked for."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import SelectionError
from .declaration import NOTHING_DECLARED
from .frame_cache import SHARED, FrameCache, Pixels
from .prefetch import AHEAD, Prefetch, Turns

#: Bytes that an array of frames may take at once; more is a mistake, or a viewer that asks for
#: a whole film in 3D.
_MOST_BYTES = 4 << 30

#: Instants that frames are chosen for; more than a model can be shown by far.
_MOST_INSTANTS = 1_000_000

_numbers = itertools.count()


class FrameSource(Protocol):
    """What a decoder gives (see ``video``). A Clip never calls it from two threads at once.

    It may have a ``close`` method, which the Clip's calls.
    """

    times: tuple[float, ...]
    size: tuple[int, int]
    fps: float

    def decode(self, indices: Sequence[int]) -> list[Pixels]:
        """Frames ``(rows, columns, 3)`` at these indices, in this order."""
        ...


class Clip:
    """Frames of a video with their times.

    Frames that were decoded are kept for a while (see ``frame_cache``), and while one moves
    through the clip with ``frame``, the next ones are decoded ahead. Threads may share a Clip.

    Parameters
    ----------
    source
        The decoder; see ``napari_medvlm.imaging.video.files.read_video``.
    digest
        Content hash of the file.
    name
        Pseudonymous: never a file name or a patient's. What is saved uses this one.
    modality
        DICOM modality where known, such as "US"; else empty.
    remarks
        What a reader must know about the timing, one sentence each.
    spacing
        Distance in mm between rows and between columns, where the file tells it.
    title
        What people call it, as of a Volume: for the screen only, never saved.
    cache
        Where decoded frames are kept; by default one that all clips share.
    prefetch
        Whether frames are decoded ahead.
    """

    def __init__(
        self,
        source: FrameSource,
        *,
        digest: str,
        name: str = "clip",
        modality: str = "",
        remarks: tuple[str, ...] = (),
        spacing: tuple[float, float] | None = None,
        title: str = "",
        cache: FrameCache = SHARED,
        prefetch: bool = True,
    ) -> None:
        self.name = name
        self.modality = modality
        self.remarks = remarks
        self.spacing = spacing
        self.title = title
        #: What a person said where the file is silent.
        self.declared = NOTHING_DECLARED
        self.digest = digest
        self._source = source
        self._cache = cache
        self._number = next(_numbers)
        self._turns = Turns()
        size = max(1, math.prod(self.shape[1:]))
        ahead = min(AHEAD, cache.most_bytes // 2 // size)
        self._prefetch = Prefetch(self, ahead) if prefetch and ahead else None

    def __del__(self) -> None:
        cache = getattr(self, "_cache", None)
        if cache is not None:
            cache.drop(self._number)

    def __enter__(self) -> Clip:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file, the decoder and the frames; nothing can be decoded afterwards."""
        close = getattr(self._source, "close", None)
        if close is not None:
            close()
        if self._prefetch is not None:
            self._prefetch.close()
        self._cache.drop(self._number)

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

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the last."""
        return self.times[-1] if self.times else 0.0

    def at_seconds(self, seconds: float) -> int:
        """Index of the frame nearest in time, of two equally near the earlier one.

        Parameters
        ----------
        seconds
            From the first frame; before it and behind the last, the first and last are nearest.

        Raises
        ------
        SelectionError
            If it is not a number.
        """
        if math.isnan(seconds):
            raise SelectionError("A time in seconds is expected; got NaN.")
        times = self.times
        after = min(max(bisect_left(times, seconds), 1), len(times) - 1)
        return after - (seconds - times[after - 1] <= times[after] - seconds) if after else 0

    def each_second(
        self, count: float, start: float = 0.0, stop: float | None = None
    ) -> tuple[int, ...]:
        """Indices of frames nearest to instants that follow each other evenly.

        Parameters
        ----------
        count
            Instants a second, more than 0.
        start, stop
            First instant and the bound that none exceeds, in seconds from the first frame; by
            default the whole clip.

        Returns
        -------
        indices
            Ascending, none twice.

        Raises
        ------
        SelectionError
            If ``count`` is not above 0, or no instant lies within the bounds.
        """
        stop = self.duration if stop is None else min(stop, self.duration)
        start = max(start, 0.0)
        if not (count > 0 and math.isfinite(count)) or not start <= stop:
            raise SelectionError(
                f"More than 0 frames a second between 0 and {self.duration:.3f} s are expected; "
                f"got {count:g} from {start:g} to {stop:g} s.",
                "Choose a time within the clip.",
            )
        steps = int((stop - start) * count + 1e-9)
        if steps > _MOST_INSTANTS:
            raise SelectionError(f"At most {_MOST_INSTANTS} instants can be chosen at once.")
        return tuple(sorted({self.at_seconds(start + n / count) for n in range(steps + 1)}))

    def frame(self, index: int) -> Pixels:
        """One frame, uint8 (rows, columns, 3); read-only.

        Raises
        ------
        SelectionError
            If there is no such frame.
        ImagingError
            If it cannot be decoded, or the decoder hangs or crashes.
        """
        pixels = self.frames((index,))[0]
        if self._prefetch is not None:
            self._prefetch.shown(int(index))
        return pixels

    def frames(self, indices: Iterable[int]) -> list[Pixels]:
        """Several frames in the order asked for; see ``frame``."""
        wanted = [int(index) for index in indices]
        for index in wanted:
            if not 0 <= index < len(self):
                raise SelectionError(
                    f"There is no frame {index}: the numbers run from 0 to {len(self) - 1}.",
                    "Choose a number in that range.",
                )
        got = self.load(wanted, urgent=True)
        return [got[index] for index in wanted]

    def load(self, indices: Sequence[int], *, urgent: bool) -> dict[int, Pixels]:
        """Decode what is not kept yet; who is not urgent waits for all who are."""
        got = self._kept(indices)
        if len(got) < len(set(indices)):
            with self._turns.turn(urgent=urgent):
                # Another thread may have decoded some of them in the meantime.
                got |= self._kept(i for i in indices if i not in got)
                missing = sorted(set(indices) - set(got))
                decoded = self._source.decode(missing) if missing else []
                for index, pixels in zip(missing, decoded, strict=True):
                    pixels.setflags(write=False)
                    got[index] = pixels
                    self._cache.put(self._number, index, pixels)
        return got

    def missing(self, indices: Sequence[int]) -> list[int]:
        """Those of the indices that would have to be decoded."""
        return self._cache.missing(self._number, indices)

    def _kept(self, indices: Iterable[int]) -> dict[int, Pixels]:
        found = {index: self._cache.get(self._number, index) for index in indices}
        return {index: pixels for index, pixels in found.items() if pixels is not None}

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
        if numbers.size * math.prod(self.shape[1:]) > _MOST_BYTES:
            raise SelectionError(
                f"{numbers.size} frames at once would take "
                f"{numbers.size * math.prod(self.shape[1:]) / 1e9:.0f} GB.",
                "Look at the clip in 2D, or take fewer frames.",
            )
        chosen = self.clip.frames(int(n) for n in numbers)
        stack = np.stack(chosen) if chosen else np.empty((0, *self.shape[1:]), np.uint8)
        return np.asarray(stack[(slice(None), *rest)])
