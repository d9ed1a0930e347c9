"""Voxels that are decoded slice by slice, when they are asked for."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import ImagingError
from .progress import Progress, Step

_T = TypeVar("_T")
#: Index of a slice: (slice,) or (time, slice).
Place = tuple[int, ...]
#: Decodes one slice into an array of its shape; raises ``ImagingError`` where it cannot.
Decode = Callable[[Place, npt.NDArray[Any]], None]

#: Told of a slice that could not be decoded.
Tell = Callable[[Place, ImagingError], None]

_MISSING, _BEGUN, _DONE = 0, 1, 2
#: Threads that read files: reading waits more than it computes.
_WORKERS = min(8, (os.cpu_count() or 1) + 2)


def in_threads(
    work: Callable[[_T], None], tasks: Sequence[_T], progress: Progress | None = None
) -> None:
    """Do some work for every task, several at a time.

    Parameters
    ----------
    work
        Called in other threads. What it raises is raised here; nothing further is begun.
    tasks
        What it is called with, begun in this order.
    progress
        Told in this thread how many are done; may raise ``Cancelled``.
    """
    if len(tasks) < 2:
        for task in tasks:
            work(task)
        return
    pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="medvlm-read")
    try:
        for done, _ in enumerate(pool.map(work, tasks)):
            if progress is not None:
                progress(Step(done, len(tasks), "reading images"))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class LazyVoxels:
    """An array-like of slices that are decoded once, when they are asked for.

    Indexing gives what indexing a numpy array of the same shape gives, as a read-only array;
    ``numpy.asarray`` decodes all that is missing. Safe to use from several threads. The memory
    for all slices is reserved at once, and taken up as they are decoded.

    Parameters
    ----------
    shape
        ``([time,] slice, row, column[, rgb])``.
    dtype
        Of the voxels.
    decode
        Called once for each slice (again, where it failed), from any thread.
    leading
        How many of the first axes count slices: 1, or 2 with time.

    Raises
    ------
    ImagingError
        On construction where memory does not suffice; when slices are asked for that cannot be
        decoded. Others are not concerned.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: npt.DTypeLike,
        decode: Decode,
        leading: int = 1,
    ) -> None:
        try:
            self._array: npt.NDArray[Any] = np.empty(shape, dtype)
        except MemoryError as error:
            raise too_large(shape, np.dtype(dtype)) from error
        self._shown = self._array.view()
        self._shown.flags.writeable = False
        self._decode = decode
        self._state = np.zeros(shape[:leading], np.uint8)
        self._changed = threading.Condition()

    @property
    def shape(self) -> tuple[int, ...]:
        """As of an array."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """As of an array."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """As of an array."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """As of an array."""
        return self._array.size

    @property
    def nbytes(self) -> int:
        """Bytes of all voxels, decoded or not."""
        return self._array.nbytes

    @property
    def itemsize(self) -> int:
        """As of an array."""
        return self._array.itemsize

    @property
    def decoded(self) -> int:
        """How many slices are there by now."""
        return int(np.count_nonzero(self._state == _DONE))

    def __len__(self) -> int:
        return len(self._array)

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        return (self[n] for n in range(len(self)))

    def __repr__(self) -> str:
        return (
            f"LazyVoxels({self.shape}, {self.dtype}, {self.decoded} of {self._state.size} slices)"
        )

    def __getitem__(self, key: Any) -> Any:
        self._need(self._places(key))
        return self._shown[key]

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        self.fill()
        if dtype is not None and np.dtype(dtype) != self.dtype:
            if copy is False:
                raise ValueError("another type of these voxels needs a copy")
            return self._shown.astype(dtype)
        return self._shown.copy() if copy else self._shown

    def __copy__(self) -> LazyVoxels:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> LazyVoxels:
        # Nobody can change it.
        return self

    def fill(self, progress: Progress | None = None) -> None:
        """Decode all that is missing.

        Parameters
        ----------
        progress
            Told how many of the missing slices are there; may raise ``Cancelled``, after which
            those that are there stay.

        Raises
        ------
        ImagingError
            For the first slice that cannot be decoded.
        """
        places = itertools.product(*map(range, self._state.shape))
        missing = [place for place in places if self._state[place] != _DONE]
        in_threads(self._make, missing, progress)

    def shown(self, report: Callable[[ImagingError], None]) -> ShownVoxels:
        """The same voxels for a viewer, which must not stop at a broken slice.

        Parameters
        ----------
        report
            Called once for each slice that cannot be decoded, from the thread that asked for it.
        """
        return ShownVoxels(self, report)

    def with_blanks(self, key: Any, tell: Tell) -> Any:
        """As indexing, but slices that cannot be decoded are 0, and told."""
        self._need(self._places(key), tell)
        return self._shown[key]

    def _places(self, key: Any) -> Iterable[Place]:
        """Slices that an index touches; a few more where the index is intricate."""
        parts = list(key) if isinstance(key, tuple) else [key]
        parts = [part for part in parts if part is not None]
        if any(isinstance(part, bool | np.bool_) or _is_mask(part) for part in parts):
            parts = []
        for n, part in enumerate(parts):
            if part is Ellipsis:
                missing = self.ndim - (len(parts) - 1)
                parts[n : n + 1] = [slice(None)] * missing
                break
        counts = self._state.shape
        parts += [slice(None)] * (len(counts) - len(parts))
        along = [
            np.unique(np.arange(count)[part]).tolist()
            for part, count in zip(parts, counts, strict=False)
        ]
        return itertools.product(*along)

    def _need(self, places: Iterable[Place], tell: Tell | None = None) -> None:
        missing = [place for place in places if self._state[place] != _DONE]
        in_threads(lambda place: self._make(place, tell), missing)

    def _make(self, place: Place, tell: Tell | None = None) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._state[place] != _BEGUN)
            if self._state[place] == _DONE:
                return
            # Claimed only now: whoever looks at a slice while all are being filled in gets it
            # next, and not in its turn.
            self._state[place] = _BEGUN
        state = _MISSING
        try:
            self._decode(place, self._array[place])
            state = _DONE
        except ImagingError as error:
            if tell is None:
                raise
            self._array[place] = 0
            tell(place, error)
        finally:
            with self._changed:
                self._state[place] = state
                self._changed.notify_all()


class ShownVoxels:
    """Voxels in which broken slices are blank (0), and are told once instead of raising.

    For showing alone: what is computed from voxels, or sent to a model, comes from ``voxels``,
    which raises.

    Parameters
    ----------
    voxels
        Where slices come from; they are decoded once for both.
    report
        Called once for each broken slice.
    """

    def __init__(self, voxels: LazyVoxels, report: Callable[[ImagingError], None]) -> None:
        self.voxels = voxels
        self._report = report
        self._broken: set[Place] = set()
        self._lock = threading.Lock()

    @property
    def shape(self) -> tuple[int, ...]:
        """As of an array."""
        return self.voxels.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """As of an array."""
        return self.voxels.dtype

    @property
    def ndim(self) -> int:
        """As of an array."""
        return self.voxels.ndim

    @property
    def size(self) -> int:
        """As of an array."""
        return self.voxels.size

    @property
    def nbytes(self) -> int:
        """As of an array."""
        return self.voxels.nbytes

    def __len__(self) -> int:
        return len(self.voxels)

    def __getitem__(self, key: Any) -> Any:
        return self.voxels.with_blanks(key, self._tell)

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        return np.array(self[...], dtype=dtype, copy=copy)

    def __deepcopy__(self, memo: dict[int, Any]) -> ShownVoxels:
        return self

    def _tell(self, place: Place, error: ImagingError) -> None:
        with self._lock:
            if place in self._broken:
                return
            self._broken.add(place)
        self._report(error)


def _is_mask(part: Any) -> bool:
    return isinstance(part, np.ndarray | list) and np.asarray(part).dtype == np.bool_


def too_large(shape: tuple[int, ...], dtype: np.dtype[Any]) -> ImagingError:
    """The error for voxels that memory does not hold."""
    size = float(np.prod([float(n) for n in shape])) * dtype.itemsize / 2**30
    return ImagingError(
        f"A volume of {' x '.join(map(str, shape))} {dtype} voxels needs {size:.1f} GB of memory, "
        "more than is free.",
        "Close other programs, or open a part of the series.",
    )
