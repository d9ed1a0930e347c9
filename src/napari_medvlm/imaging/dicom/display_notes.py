"""What a header asks for its display that is not done here, one sentence each.

What is not shown is not sent either: a reader has to know of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from .dataset import Tag, Tags
from .values import number, private, value, words

#: Groups of overlay planes (PS3.5 section 7.6): 6000, 6002 … 601E.
_OVERLAY_GROUPS = tuple(range(0x6000, 0x6020, 2))
_ROWS, _TYPE = 0x0010, 0x0040
#: Philips' own scale slope, which turns stored values into the scanner's floating point ones.
_PHILIPS_SCALE: Tag = (0x2005, 0x100E)

#: All that is asked here.
TAGS: tuple[Tag, ...] = (
    "Manufacturer", "PixelPresentation", "BurnedInAnnotation", "ShutterShape",
    "PresentationLUTSequence", "EnhancedPaletteColorLookupTableSequence", _PHILIPS_SCALE,
    *((group, element) for group in _OVERLAY_GROUPS for element in (_ROWS, _TYPE)),
)  # fmt: skip


def display_notes(places: Sequence[Tags]) -> tuple[str, ...]:
    """Remarks on one image.

    Parameters
    ----------
    places
        Where to look, the nearest first: its functional groups, then the whole data set.
    """
    return tuple(
        note
        for note in (
            _philips_scale(places), _overlays(places), _colours(places), _shutter(places),
            _burned_in(places), _presentation(places),
        )
        if note
    )  # fmt: skip


def _philips_scale(places: Sequence[Tags]) -> str:
    scale = number(private(places, _PHILIPS_SCALE))
    if scale is None or not str(value(places, "Manufacturer") or "").lower().startswith("philips"):
        return ""
    return (
        "Values are rescaled by RescaleSlope (0028,1053); Philips' private scale slope "
        "(2005,100E) is not applied, so that series may differ by a factor."
    )


def _overlays(places: Sequence[Tags]) -> str:
    """PS3.3 C.9.2: graphics (G), such as a side marker, or a region of interest (R)."""
    groups = [g for g in _OVERLAY_GROUPS if number(private(places, (g, _ROWS)))]
    if not groups:
        return ""
    kinds = [str(private(places, (group, _TYPE)) or "").strip() for group in groups]
    what = "regions of interest" if set(kinds) == {"R"} else "graphics, such as side markers"
    named = ", ".join(f"{group:04X}" for group in groups)
    planes = "an overlay plane" if len(groups) == 1 else f"{len(groups)} overlay planes"
    return f"The file holds {planes} (group {named}) of {what}: not drawn here, and not sent."


def _colours(places: Sequence[Tags]) -> str:
    """PS3.3 C.7.6.19 and C.7.6.23: a palette that colours a part of a grey image."""
    wanted = str(value(places, "PixelPresentation") or "").strip().upper()
    photometric = str(value(places, "PhotometricInterpretation") or "").strip()
    if not photometric.startswith("MONO"):
        return ""
    if value(places, "EnhancedPaletteColorLookupTableSequence"):
        return (
            "The file's colours, of an enhanced palette (0028,140B), are not shown; its values "
            "are, in grey."
        )
    if wanted not in ("COLOR", "MIXED", "COLOR_RANGE", "TRUE_COLOR"):
        return ""
    return (
        f"PixelPresentation (0008,9205) is {wanted}: the file's colours, of a supplemental "
        "palette, are not shown; its values are, in grey."
    )


def _shutter(places: Sequence[Tags]) -> str:
    shapes = [shape.strip().lower() for shape in words(value(places, "ShutterShape"))]
    known = [
        shape for shape in shapes if shape in ("rectangular", "circular", "polygonal", "bitmap")
    ]
    if not known:
        return ""
    return (
        f"The file asks to hide what lies outside of its {' and '.join(known)} shutter "
        "(0018,1600); nothing is hidden."
    )


def _burned_in(places: Sequence[Tags]) -> str:
    if str(value(places, "BurnedInAnnotation") or "").strip().upper() != "YES":
        return ""
    return (
        "BurnedInAnnotation (0028,0301) is YES: the pixels hold words, which may name the patient."
    )


def _presentation(places: Sequence[Tags]) -> str:
    if not value(places, "PresentationLUTSequence"):
        return ""
    return "The file's Presentation LUT (2050,0010) is not applied."
