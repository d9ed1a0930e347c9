"""Colour of DICOM images: YBR and palettes to 8-bit RGB (PS3.3 C.7.6.3.1.2, C.7.9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.pixels import apply_color_lut, convert_color_space

#: YBR_PARTIAL_422 (retired): luma 16..235, chroma 16..240, ITU-R BT.601.
_PARTIAL = np.array([[1.1644, 0.0, 1.5960], [1.1644, -0.3917, -0.8129], [1.1644, 2.0173, 0.0]])


def to_eight_bits(values: npt.NDArray[Any], bits: int) -> npt.NDArray[np.uint8]:
    """The highest 8 of ``bits`` bits of colour samples."""
    if values.dtype == np.uint8 and bits >= 8:
        return values
    unsigned = values.view(f"u{values.dtype.itemsize}") if values.dtype.kind == "i" else values
    if bits < 8:
        # So that the brightest sample comes out as 255.
        top = (1 << bits) - 1
        return np.asarray(unsigned.astype(np.uint16) * 255 // top, dtype=np.uint8)
    return np.asarray(unsigned >> (bits - 8), dtype=np.uint8)


def ybr_to_rgb(values: npt.NDArray[np.uint8], *, partial: bool = False) -> npt.NDArray[np.uint8]:
    """YBR_FULL (or YBR_PARTIAL) samples to RGB, uint8 (rows, columns, 3)."""
    if not partial:
        rgb: npt.NDArray[np.uint8] = convert_color_space(values, "YBR_FULL", "RGB")
        return rgb
    exact: npt.NDArray[np.float64] = (values.astype(np.float64) - [16, 128, 128]) @ _PARTIAL.T
    return np.floor(np.clip(exact, 0, 255) + 0.5).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Palette:
    """Colours of stored values: ``colours`` is uint8 (entries, 3), from the value ``first`` on."""

    first: int
    colours: npt.NDArray[np.uint8]

    def look_up(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """RGB of stored values; beyond the ends of the palette its first or last colour."""
        at = np.clip(values.astype(np.int64) - self.first, 0, len(self.colours) - 1)
        return np.asarray(self.colours[at])


def read_palette(ds: Any) -> Palette:
    """The palette of a data set, plain or segmented, of 8- or 16-bit entries (C.7.6.3.1.5).

    Raises
    ------
    One of ``header.DAMAGE``
        If there is none, or if it makes no sense.
    """
    count, first, _ = (int(value) for value in ds.RedPaletteColorLookupTableDescriptor)
    count = count % 65536 or 65536
    if first > 32767 and ds.get("PixelRepresentation"):
        first -= 65536
    if "PixelPresentation" in ds:  # of enhanced objects; pydicom refuses all of these
        del ds.PixelPresentation
    if not ds.original_encoding[1]:
        _swap_entries(ds, count)
    inputs = np.arange(first, first + count, dtype=np.int64)
    table: npt.NDArray[Any] = apply_color_lut(inputs, ds)[..., :3]
    if table.dtype != np.uint8:
        # 8-bit colours in 16-bit entries are a known mistake: such a palette would be black.
        table = (table if table.max(initial=0) < 256 else table >> 8).astype(np.uint8)
    return Palette(first, table)


def _swap_entries(ds: Any, count: int) -> None:
    # pydicom takes 16-bit entries in the byte order of the machine.
    for name in ("Red", "Green", "Blue"):
        keyword = f"{name}PaletteColorLookupTableData"
        data = ds.get(keyword)
        if data is not None and len(data) == 2 * count:
            setattr(ds, keyword, np.frombuffer(data, ">u2").astype("<u2").tobytes())
