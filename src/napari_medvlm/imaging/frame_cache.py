"""Decoded frames that are kept, within a number of bytes for all clips together."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

#: Some 500 frames of an ultrasound clip, 80 of full HD, 20 of 4K.
DEFAULT_BYTES = 512 << 20


class FrameCache:
    """The frames used last, up to a number of bytes; may be shared by threads and clips.

    Parameters
    ----------
    most_bytes
        At least the newest frame is kept, whatever its size.
    """

    def __init__(self, most_bytes: int = DEFAULT_BYTES) -> None:
        self.most_bytes = most_bytes
        self.nbytes = 0
        self._frames: OrderedDict[tuple[int, int], Pixels] = OrderedDict()
        self._forgotten: deque[int] = deque()
        self._lock = threading.Lock()

    def get(self, clip: int, index: int) -> Pixels | None:
        """A frame of the clip with this number, now the one used last."""
        with self._lock:
            pixels = self._frames.get((clip, index))
            if pixels is not None:
                self._frames.move_to_end((clip, index))
            return pixels

    def missing(self, clip: int, indices: Iterable[int]) -> list[int]:
        """Those of the indices that are not kept, in their order."""
        with self._lock:
            return [index for index in indices if (clip, index) not in self._frames]

    def put(self, clip: int, index: int, pixels: Pixels) -> None:
        """Keep a frame, and let the ones used longest ago go."""
        with self._lock:
            old = self._frames.pop((clip, index), None)
            self.nbytes += pixels.nbytes - (0 if old is None else old.nbytes)
            self._frames[clip, index] = pixels
            self._forget()
            while self.nbytes > self.most_bytes and len(self._frames) > 1:
                self.nbytes -= self._frames.popitem(last=False)[1].nbytes

    def drop(self, clip: int) -> None:
        """Forget all frames of a clip; may be called by a finalizer, at any moment.

        Which may come while this very thread holds the lock: then ``put`` forgets them later.
        """
        self._forgotten.append(clip)
        if self._lock.acquire(blocking=False):
            try:
                self._forget()
            finally:
                self._lock.release()

    def _forget(self) -> None:
        while self._forgotten:
            clip = self._forgotten.popleft()
            for key in [key for key in self._frames if key[0] == clip]:
                self.nbytes -= self._frames.pop(key).nbytes


#: The one that clips share.
SHARED = FrameCache()
