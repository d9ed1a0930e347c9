"""Video files, behind one adapter: decord, or PyAV where decord has no build.

Both decode the same frames bit for bit; decord is the faster, PyAV exists for macOS and for
64-bit ARM.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import ImagingError
from ...extras import require
from ..clip import Clip, FrameSource, Pixels
from ..scan import Entry, entry_of

#: The digest of a file is taken of its size and of this much of its start and its end.
_HASHED = 4 << 20
_ADVICE = "Check that the file is complete, or convert it to MP4 (H.264)."


def scan_video(path: Path) -> Entry:
    """What ``read_video`` would give."""
    return entry_of(read_video(path))


def read_video(path: Path) -> Clip:
    """Open a video; nothing but its index and first frame is decoded yet.

    Raises
    ------
    ImagingError
        If no picture can be decoded from it.
    MissingExtraError
        If neither decord nor PyAV is installed.
    """
    with path.open("rb") as file:
        if file.read(8)[4:] in (b"ftyp", b"moov"):
            _check_mp4(path)
    has_decord = importlib.util.find_spec("decord") is not None
    source: FrameSource = _Decord(path) if has_decord else _PyAV(path)
    digest = _digest(path)
    return Clip(source, digest=digest, name=f"clip {digest[:6]}", remarks=_remarks(source))


def _digest(path: Path) -> str:
    size = path.stat().st_size
    state = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        state.update(file.read(_HASHED))
        if size > _HASHED:
            file.seek(max(_HASHED, size - _HASHED))
            state.update(file.read())
    return state.hexdigest()


def _remarks(source: FrameSource) -> tuple[str, ...]:
    steps = np.diff(source.times)
    if steps.size and steps.max() - steps.min() > 0.1 * np.median(steps):
        return (
            f"Frames are {steps.min():.3f} to {steps.max():.3f} s apart: the frame rate varies.",
        )
    return ()


def _not_decoded(path: Path, what: str) -> ImagingError:
    # The decoders' own words are codes and paths; they stay in the chained error.
    return ImagingError(f"{path.name}: {what}.", _ADVICE)


def _check_mp4(path: Path) -> None:
    """Refuse an MP4 or QuickTime file that ends early, before a decoder prints about it.

    Walks the top-level boxes (ISO/IEC 14496-12, 4.2): each starts with its length and type.
    """
    size = path.stat().st_size
    kinds: set[bytes] = set()
    with path.open("rb") as file:
        at = 0
        while at < size:
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            elif length == 0:  # to the end of the file
                length = size - at
            kinds.add(head[4:8])
            if len(head) < 8 or length < 8 or at + length > size:
                break
            at += length
    if at < size or b"moov" not in kinds:
        raise _not_decoded(path, "expected an MP4 video; the file is damaged or ends early")


class _Decord:
    """Frames through decord, one decoding thread."""

    def __init__(self, path: Path) -> None:
        decord = require("decord", "to read videos")
        decord.logging.set_level(decord.logging.QUIET)
        self._path = path
        # decord's own errors derive from RuntimeError only in part.
        self._errors = (RuntimeError, decord.DECORDError, IndexError, ValueError)
        try:
            self._reader: Any = decord.VideoReader(str(path), num_threads=1)
            count = len(self._reader)
            if count == 0:
                raise ValueError("no frames")
            first = self._reader[0].asnumpy()
            stamps = self._reader.get_frame_timestamp(list(range(count)))[:, 0]
            self.fps = float(self._reader.get_avg_fps())
        except self._errors as error:
            raise _not_decoded(path, "no video could be decoded") from error
        self.size = (int(first.shape[0]), int(first.shape[1]))
        self.times = tuple(round(float(s - stamps[0]), 6) for s in stamps)

    def decode(self, indices: Sequence[int]) -> list[Pixels]:
        try:
            batch = self._reader.get_batch(list(indices)).asnumpy()
        except self._errors as error:
            raise _not_decoded(self._path, "frames could not be decoded") from error
        return list(np.ascontiguousarray(batch))


class _PyAV:
    """Frames through PyAV: from the key frame before a wanted one, forwards."""

    def __init__(self, path: Path) -> None:
        self._av: Any = require("av", "to read videos")
        self._path = path
        try:
            with self._av.open(str(path)) as container:
                stream = container.streams.video[0]
                # Packets carry the times without decoding; B-frames leave them unsorted.
                stamps = sorted(p.pts for p in container.demux(stream) if p.pts is not None)
                base = float(stream.time_base)
                rate = stream.average_rate
                self.size = (int(stream.height), int(stream.width))
            if not stamps:
                raise ValueError("no frames")
        except (self._av.FFmpegError, IndexError, ValueError) as error:
            raise _not_decoded(path, "no video could be decoded") from error
        self._stamps: list[int] = stamps
        self.times = tuple(round((s - stamps[0]) * base, 6) for s in stamps)
        mean = (len(stamps) - 1) / self.times[-1] if self.times[-1] else 0.0
        self.fps = float(rate) if rate else mean
        self.decode((0,))

    def decode(self, indices: Sequence[int]) -> list[Pixels]:
        wanted = {self._stamps[index] for index in indices}
        found: dict[int, Pixels] = {}
        try:
            with self._av.open(str(self._path)) as container:
                stream = container.streams.video[0]
                container.seek(min(wanted), stream=stream)
                for frame in container.decode(stream):
                    if frame.pts in wanted:
                        found[frame.pts] = frame.to_ndarray(format="rgb24")
                        if len(found) == len(wanted):
                            break
            if len(found) < len(wanted):
                raise ValueError("the stream ends early")
        except (self._av.FFmpegError, ValueError) as error:
            raise _not_decoded(self._path, "frames could not be decoded") from error
        return [found[self._stamps[index]] for index in indices]
