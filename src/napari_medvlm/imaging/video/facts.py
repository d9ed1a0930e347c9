"""What a decoder tells about a stream when it opens one, and what it is asked to open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from ..frame_cache import Pixels

Backend = Literal["av", "decord"]
#: Elementary streams, which cannot always be told apart by their bytes.
Codec = Literal["h264", "hevc", "mpeg2"]

#: Called while work goes on, so that slow is not taken for hung.
Alive = Callable[[], None]

#: Pixels of the largest frame that is decoded: twice 8K. A damaged or hostile header may
#: declare sizes whose buffers alone would fill the memory.
MOST_PIXELS = 2 * 7680 * 4320
#: Frames of the longest clip: nine hours at 60 a second.
MOST_FRAMES = 2_000_000


class DecodingError(Exception):
    """Something that cannot be decoded; the message completes "NAME: ..."."""


@dataclass(frozen=True)
class Wanted:
    """What is to be opened.

    Parameters
    ----------
    path
        A file; or None where the bytes themselves are given.
    data
        An encapsulated stream, for example of a DICOM file.
    fps
        Frames a second where the stream does not tell, or tells wrongly.
    frames
        Number of frames where something outside the stream tells it.
    codec
        The kind of an elementary stream; told by its first bytes if None.
    square
        Whether frames of oblong pixels are resampled to square ones. Not where something outside
        the stream tells the distance of its stored pixels.
    """

    path: str | None = None
    data: bytes = b""
    fps: float | None = None
    frames: int | None = None
    codec: Codec | None = None
    square: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known of a stream before frames are asked for.

    Parameters
    ----------
    times
        Seconds of each frame from the first.
    size
        (rows, columns) as shown, after rotation.
    fps
        Average frames a second.
    remarks
        What a reader must know, one sentence each.
    """

    times: tuple[float, ...]
    size: tuple[int, int]
    fps: float
    remarks: tuple[str, ...] = field(default=())

    def as_message(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)

    @classmethod
    def of_message(cls, message: dict[str, Any]) -> Facts:
        """Back from JSON."""
        rows, columns = message["size"]
        return cls(
            times=tuple(float(t) for t in message["times"]),
            size=(int(rows), int(columns)),
            fps=float(message["fps"]),
            remarks=tuple(str(r) for r in message["remarks"]),
        )


class Decoder(Protocol):
    """One open stream; lives in the decoder process and is used by one thread."""

    facts: Facts

    def each(self, indices: Sequence[int]) -> Iterator[tuple[int, Pixels]]:
        """Frames at these ascending indices, as they come.

        Raises
        ------
        DecodingError
            If one cannot be decoded.
        """
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...
