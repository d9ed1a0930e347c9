"""What a header says about stored pixel values, before any of them is read."""

from __future__ import annotations

from typing import Any

from .lut import Lut, read_lut
from .syntax import true_syntax

#: Tags that ``pixel_fields`` looks at.
PIXEL_TAGS = (
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PresentationLUTShape",
    "PixelPaddingValue", "PixelPaddingRangeLimit", "ModalityLUTSequence", "Units", "RescaleType",
)  # fmt: skip

#: Units of PET values (PS3.3 C.8.9.1.1.3) and types of rescale (C.11.1.1.2), in words.
_UNITS = {
    "BQML": "Bq/ml", "CNTS": "counts", "CPS": "counts per second", "PROPCNTS":
    "proportional to counts", "PROPCPS": "proportional to counts per second", "GML": "g/ml",
    "CM2ML": "cm2/ml", "PCNT": "per cent", "NONE": "", "US": "", "HU": "HU", "OD":
    "thousandths of optical density", "Z_EFF": "effective atomic number", "ED":
    "10^23 electrons/ml", "HU_MOD": "modified HU", "MGML": "mg/ml",
}  # fmt: skip


def pixel_fields(ds: Any) -> dict[str, Any]:
    """Fields of ``ImageHeader`` about stored values, by name."""
    allocated, bits, high, notes = _bits(ds)
    signed = bool(ds.get("PixelRepresentation"))
    lut = _modality_lut(ds, signed=signed)
    syntax, note = true_syntax(ds, allocated)
    return {
        "notes": (*notes, *note),
        "syntax": syntax,
        "allocated": allocated,
        "bits": bits,
        "high": high,
        "signed": signed,
        # Float Pixel Data has no BitsStored (PS3.3 C.7.6.24, C.7.6.25).
        "floating": allocated in (32, 64) and ds.get("BitsStored") in (None, ""),
        "inverse": str(ds.get("PresentationLUTShape") or "") == "INVERSE",
        "padding": _padding(ds, bits, signed=signed),
        "lut": lut,
        "units": _units(ds),
        "modality_lut": lut is not None,
    }


def _bits(ds: Any) -> tuple[int, int, int, tuple[str, ...]]:
    """BitsAllocated, BitsStored, HighBit as they can be meant, and what of them cannot."""
    allocated = _whole(ds.get("BitsAllocated")) or 8
    stored, high = _whole(ds.get("BitsStored")), _whole(ds.get("HighBit"))
    notes = []
    bits = stored if stored is not None and 1 <= stored <= allocated else allocated
    if stored is not None and bits != stored and ds.get("BitsStored") is not None:
        notes.append(
            f"BitsStored (0028,0101) is {stored} where BitsAllocated (0028,0100) is {allocated}: "
            f"all {allocated} bits are used."
        )
    top = high if high is not None and bits - 1 <= high < allocated else bits - 1
    if high is not None and top != high:
        notes.append(
            f"HighBit (0028,0102) is {high}, which {bits} of {allocated} bits cannot have: "
            f"{top} is used."
        )
    sign = _whole(ds.get("PixelRepresentation"))
    if sign not in (None, 0, 1):
        notes.append(
            f"PixelRepresentation (0028,0103) is {sign}, which is neither 0 nor 1: values are "
            "taken as signed."
        )
    return allocated, bits, top, tuple(notes)


def _units(ds: Any) -> str:
    named = str(ds.get("Units") or ds.get("RescaleType") or "").strip()
    # Other texts are people's own, and may hold anything.
    return _UNITS.get(named.upper(), "")


def _modality_lut(ds: Any, *, signed: bool) -> Lut | None:
    items = ds.get("ModalityLUTSequence") or []
    return read_lut(items[0], signed=signed) if items else None


def _padding(ds: Any, bits: int, *, signed: bool) -> tuple[int, int] | None:
    value = _whole(ds.get("PixelPaddingValue"))
    if value is None:
        return None
    limit = _whole(ds.get("PixelPaddingRangeLimit"))
    ends = [_as_stored(v, bits, signed=signed) for v in (value, limit) if v is not None]
    return min(ends), max(ends)


def _whole(value: Any) -> int | None:
    if isinstance(value, bytes) and len(value) == 2:
        return int.from_bytes(value, "little")
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _as_stored(value: int, bits: int, *, signed: bool) -> int:
    # The same masking and sign extension that pixels go through: the value is often written
    # with the other sign than the pixels have.
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value
