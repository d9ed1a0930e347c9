"""Clips in DICOM: ultrasound, angiography and fluoroscopy runs, endoscopy, and video streams.

Frames of a Clip are 8-bit RGB. Grey frames go through the first window of their header, and
where it has none, through the range of a few frames: that is how a cine is looked at, and a
remark says so. Multi-frame objects of slices, counts and measurements (CT, MR, PET, nuclear
medicine) stay Volumes, whose values are kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from pydicom.uid import MPEGTransferSyntaxes

from ...errors import ImagingError
from ..clip import Clip, FrameSource
from ..quiet import quietly
from ..volume import Window
from ..windowing import apply_window, percentile_window
from .encapsulation import read_pieces
from .frame_roles import FILMS
from .header import DAMAGE, ImageHeader
from .pixels import display_windows, is_coloured, padding_of, read_image
from .source import open_pixels

_ADVICE = "Check that the file is complete and was copied without change."
#: Frames that are looked at for the range of grey frames without a window.
_LOOKED_AT = 5


def is_video(header: ImageHeader) -> bool:
    """Whether the pixels are a video stream (MPEG-2, H.264, HEVC)."""
    return header.syntax in MPEGTransferSyntaxes


def is_clip(headers: Sequence[ImageHeader]) -> bool:
    """Whether the images of a group are the frames of a film, and not slices or values."""
    head = headers[0]
    if is_video(head):
        return True
    timed = any(h.seconds is not None for h in headers)
    return head.cine and (head.modality in FILMS or (is_coloured(head) and timed))


def open_clip(headers: Sequence[ImageHeader], *, name: str, remarks: tuple[str, ...]) -> Clip:
    """A Clip of the frames of one file; they are decoded when asked for.

    Parameters
    ----------
    headers
        Of all frames, in their order.
    name
        Pseudonymous.
    remarks
        What is known already.

    Raises
    ------
    ImagingError
        If nothing can be decoded.
    """
    head = headers[0]
    source: FrameSource
    if is_video(head):
        source, notes = _open_video(headers)
    else:
        frames = CineFrames(headers)
        source, notes = frames, (*frames.remarks, *_time_remarks(headers))
    return Clip(
        source,
        digest=_digest(headers),
        name=name,
        modality=head.modality,
        remarks=(*remarks, *notes),
        spacing=None if head.spacing is None else (head.spacing[0], head.spacing[1]),
    )


class CineFrames:
    """Frames of a multi-frame file, one decoded at a time."""

    def __init__(self, headers: Sequence[ImageHeader]) -> None:
        self._headers = tuple(headers)
        head = self._headers[0]
        self.size = (head.shape[0], head.shape[1])
        self.times = times_of(self._headers)
        span = self.times[-1]
        self.fps = (len(self.times) - 1) / span if span > 0 else 1.0
        self._window: Window | None = None
        self.remarks: tuple[str, ...] = ()
        self._subtraction = None if is_coloured(head) else head.subtraction
        if not is_coloured(head):
            self._window, note = self._choose_window()
            self.remarks = (note,)
        self._differences = self._choose_difference_window()
        if self._differences is not None:
            low, high = self._differences.limits
            self.remarks = (*self.remarks, f"Differences are shown from {low:.6g} to {high:.6g}.")
        if head.subtracted and not is_coloured(head):
            self.remarks = (*self.remarks, head.subtracted)

    def decode(self, indices: Sequence[int]) -> list[npt.NDArray[np.uint8]]:
        """Frames, uint8 (rows, columns, 3), at these indices, in this order."""
        return [self._shown(index) for index in indices]

    def _shown(self, index: int) -> npt.NDArray[np.uint8]:
        how, window = self._subtraction, self._window
        if how is not None and self._differences is not None and how.applies(index):
            image, window = self._difference(index), self._differences
        else:
            image = self._read(self._headers[index])
        if image.ndim == 3:
            return np.array(image, dtype=np.uint8)
        grey = image if window is None else apply_window(image, window)
        return np.repeat(grey[..., None].astype(np.uint8, copy=False), 3, axis=2)

    def _difference(self, index: int) -> npt.NDArray[np.generic]:
        assert self._subtraction is not None
        count = len(self._headers)
        return self._subtraction.difference(index, count, lambda n: self._read(self._headers[n]))

    def _read(self, header: ImageHeader) -> npt.NDArray[np.generic]:
        try:
            with quietly():
                return read_image(header)
        except DAMAGE as error:
            raise ImagingError(
                f"{header.path.name}: frame {header.frame or 0} could not be decoded.", _ADVICE
            ) from error

    def _choose_window(self) -> tuple[Window | None, str]:
        head = self._headers[len(self._headers) // 2]
        windows = display_windows(head)
        if windows:
            window = windows[0]
            label = f' "{window.name}"' if window.name else ""
            limits = f"{window.limits[0]:.6g} to {window.limits[1]:.6g}"
            return window, f"Grey frames are shown through the file's window{label}, {limits}."
        images = self._sample()
        if images[0].dtype == np.uint8:
            return None, "Grey frames of 8 bits are shown as they are."
        window = percentile_window(np.stack(images), padding_of(self._headers))
        low, high = window.limits
        return window, f"Without a window in the file, grey frames show {low:.6g} to {high:.6g}."

    def _choose_difference_window(self) -> Window | None:
        # The file's windows are those of frames as they were taken.
        how = self._subtraction
        if how is None:
            return None
        apart = [n for n in range(len(self._headers)) if how.applies(n) and n not in how.frames]
        picked = [apart[n] for n in _spread(len(apart))]
        return (
            percentile_window(np.stack([self._difference(n) for n in picked])) if picked else None
        )

    def _sample(self) -> list[npt.NDArray[np.generic]]:
        picked = _spread(len(self._headers))
        images, broken = [], None
        for index in picked:
            try:
                images.append(self._read(self._headers[index]))
            except ImagingError as error:
                broken = error
        if not images and broken is not None:
            raise broken
        return images


def _spread(count: int) -> list[int]:
    """A few numbers below a count, evenly spread."""
    if not count:
        return []
    evenly = np.linspace(0, count - 1, min(count, _LOOKED_AT)).round().astype(int)
    return [int(n) for n in np.unique(evenly)]


def times_of(headers: Sequence[ImageHeader]) -> tuple[float, ...]:
    """Seconds of each frame from the first; one a second where no tag gives them."""
    seconds = [h.seconds for h in headers]
    known = [s for s in seconds if s is not None]
    if len(known) < len(seconds) or any(b < a for a, b in pairwise(known)):
        return tuple(float(n) for n in range(len(headers)))
    return tuple(round(s - known[0], 6) for s in known)


def _time_remarks(headers: Sequence[ImageHeader]) -> tuple[str, ...]:
    if len(headers) > 1 and any(h.seconds is None for h in headers):
        return ("Its times count one second a frame, for want of better.",)
    return ()


def _open_video(headers: Sequence[ImageHeader]) -> tuple[FrameSource, tuple[str, ...]]:
    from ..video.files import open_stream

    head, times = headers[0], times_of(headers)
    fps = (len(times) - 1) / times[-1] if len(times) > 1 and headers[-1].seconds else None
    try:
        with quietly():
            pixels = open_pixels(head.path)
            with pixels.opened() as file:
                data = read_pieces(file, pixels.frames[0], partly=True)
    except DAMAGE as error:
        raise ImagingError(f"{head.path.name}: its video could not be found.", _ADVICE) from error
    source = open_stream(data, fps=fps, frames=len(headers), name=head.path.name)
    notes: list[str] = []
    if len(source.times) != len(headers):
        notes.append(
            f"NumberOfFrames (0028,0008) says {len(headers)}; the video has {len(source.times)}."
        )
    return source, tuple(notes)


def _digest(headers: Sequence[ImageHeader]) -> str:
    # Instance ids are unique, and what was changed gets a new one (PS3.3 C.12.1.1.1).
    head = headers[0]
    state = hashlib.sha256(f"{head.instance} {len(headers)} {head.shape}".encode())
    if head.instance == str(head.path):
        with head.path.open("rb") as file:
            while block := file.read(1 << 20):
                state.update(block)
    return state.hexdigest()
