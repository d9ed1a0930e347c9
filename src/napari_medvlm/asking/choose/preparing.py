"""Taking frames away from the caller's thread, the newest wish first.

Windowing eleven slices takes milliseconds, decoding frames of a long clip seconds: neither
may hold up the viewer. Frames of the last wish are kept, so that asking twice about the same
ones costs nothing.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from ...errors import MedvlmError
from ...imaging import Frame
from .parts import Parts, gather


@dataclass(frozen=True, eq=False)
class Prepared:
    """Frames of what is wanted, or why there are none."""

    parts: Parts
    frames: tuple[Frame, ...] = ()
    error: MedvlmError | None = None


class FramePreparer:
    """One worker thread that takes frames; wishes that were overtaken are skipped.

    All methods are called from one thread (the GUI's); `poll` never waits.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="medvlm-frames")
        self._future: Future[Prepared] | None = None
        self._wish: Parts | None = None
        self._done: Prepared | None = None

    @property
    def waiting(self) -> bool:
        """Whether frames are on their way."""
        return self._future is not None

    def wish(self, parts: Parts) -> Prepared | None:
        """Ask for frames; an earlier wish that has not begun is given up.

        Returns
        -------
        prepared
            What the last wish gave, where this one is the same; None means that they are on
            their way, see `poll`.
        """
        if self._wish == parts:
            return self._done
        self.forget()
        self._wish = parts
        self._future = self._pool.submit(_take, parts)
        return None

    def forget(self) -> None:
        """Give up the wish; nothing will be reported."""
        if self._future is not None:
            self._future.cancel()
        self._future = self._wish = self._done = None

    def poll(self) -> Prepared | None:
        """The frames of the last wish, once; None while they are on their way."""
        if self._future is None or not self._future.done():
            return None
        # Given up first: should it raise, then once and not at every look.
        future, self._future = self._future, None
        self._done = future.result()
        return self._done

    def get(self, parts: Parts) -> Prepared:
        """The frames of a wish, waiting for them if need be."""
        self.wish(parts)
        if self._future is not None:
            future, self._future = self._future, None
            self._done = future.result()
        if self._done is None:  # unreachable unless two threads share this object
            raise RuntimeError("FramePreparer is used by one thread only")
        return self._done

    def close(self) -> None:
        """Give up everything; the thread ends after what it is doing."""
        self.forget()
        self._pool.shutdown(wait=False, cancel_futures=True)


def _take(parts: Parts) -> Prepared:
    try:
        return Prepared(parts, gather(parts))
    except MedvlmError as error:
        return Prepared(parts, error=error)
