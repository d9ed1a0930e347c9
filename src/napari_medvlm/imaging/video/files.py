"""Opening videos: files, and streams that other files carry inside them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...errors import ImagingError
from ..clip import Clip
from ..scan import Entry, entry_of
from .containers import HEAD, container_of
from .facts import Backend, Codec, DecodingError, Wanted
from .guard import GuardedSource

#: The digest of a file is taken of its size and of this much of its start and its end.
_HASHED = 4 << 20
_ADVICE = "Check that the file is complete, or convert it to MP4 (H.264)."


def scan_video(path: Path) -> Entry:
    """What ``read_video`` would give; no decoder process is kept for it.

    Raises
    ------
    ImagingError
        If no picture can be decoded from it.
    """
    source, clip = _open(path, None)
    source.rest()
    return entry_of(clip)


def read_video(path: Path, backend: Backend | None = None) -> Clip:
    """Open a video; nothing but its index and first frame is decoded yet.

    Parameters
    ----------
    path
        An MP4, QuickTime, AVI, Matroska, WebM, ASF or MPEG file.
    backend
        "av" or "decord"; PyAV where it is installed if None. PyAV gives the frames of a plain
        decode from the start, wherever one jumps, in every format listed; decord only in some.

    Raises
    ------
    ImagingError
        If no picture can be decoded from it, or the decoder hangs or crashes.
    MissingExtraError
        If neither PyAV nor decord is installed.
    """
    return _open(path, backend)[1]


def open_stream(
    data: bytes | Path,
    *,
    fps: float | None = None,
    frames: int | None = None,
    codec: Codec | None = None,
    name: str = "The video",
) -> GuardedSource:
    """Open a video stream that something else carries, such as a DICOM file.

    Parameters
    ----------
    data
        The stream itself, or a file that is nothing else: an elementary stream (H.264, HEVC,
        MPEG-2), or a container (MP4, MPEG program or transport stream).
    fps
        Frames a second: frame ``i`` is then at ``i / fps`` whatever the stream says. Needed for
        elementary streams, which carry no times.
    frames
        Their number where it is known: in an elementary stream of interlaced pictures it cannot
        be told without decoding.
    codec
        The kind of an elementary stream; told by its first bytes if None.
    name
        How errors call it.

    Returns
    -------
    source
        For a ``Clip``; ``close`` it if it does not become one.

    Raises
    ------
    ImagingError
        If no picture can be decoded from it, or the decoder hangs or crashes.
    """
    wanted = Wanted(fps=fps, frames=frames, codec=codec)
    if isinstance(data, Path):
        wanted = replace(wanted, path=str(data.absolute()))
    else:
        wanted = replace(wanted, data=bytes(data))
    return GuardedSource(wanted, name=name)


def _open(path: Path, backend: Backend | None) -> tuple[GuardedSource, Clip]:
    _check(path)
    wanted = Wanted(path=str(path.absolute()), square=True)
    source = GuardedSource(wanted, name=path.name, using=backend)
    digest = _digest(path)
    remarks = (*source.remarks, *rate_remarks(source.times))
    return source, Clip(source, digest=digest, name=f"clip {digest[:6]}", remarks=remarks)


def _digest(path: Path) -> str:
    size = path.stat().st_size
    state = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        state.update(file.read(_HASHED))
        if size > _HASHED:
            file.seek(max(_HASHED, size - _HASHED))
            state.update(file.read())
    return state.hexdigest()


def rate_remarks(times: tuple[float, ...]) -> tuple[str, ...]:
    """A remark if frames do not follow each other evenly; ``times`` in seconds."""
    steps = np.diff(times)
    if steps.size and steps.max() - steps.min() > 0.1 * np.median(steps):
        return (
            f"Frames are {steps.min():.3f} to {steps.max():.3f} s apart: the frame rate varies.",
        )
    return ()


def _check(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(HEAD)
    try:
        kind = container_of(head)
    except DecodingError as error:
        raise ImagingError(f"{path.name}: {error}.", _ADVICE) from error
    if kind == "mov":
        _check_mp4(path)


def _check_mp4(path: Path) -> None:
    """Refuse an MP4 or QuickTime file that ends early: what is left of it may not be enough.

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
        raise ImagingError(
            f"{path.name}: expected an MP4 video; the file is damaged or ends early.", _ADVICE
        )
