"""What ImageJ, OME, tifffile and MetaMorph note of the images of a TIFF: slices, times, channels.

Read here and not by tifffile's series, which follow damaged notes and directories without end.
"""

from __future__ import annotations

import json
from math import prod
from typing import Any
from xml.etree import ElementTree

#: Images of the largest stack that is read.
MOST_IMAGES = 20_000

#: Directory of each image, letters of the axes and their counts, the slowest first.
Noted = tuple[tuple[int, ...], str, tuple[int, ...]]


def noted(tiff: Any, alike: tuple[int, ...]) -> Noted | None:
    """The order that a program wrote down.

    Parameters
    ----------
    tiff
        tifffile's.
    alike
        Numbers of the directories whose images look like the first.

    Returns
    -------
    order
        None where nobody wrote one, or where it makes no sense.
    """
    page = tiff.pages[0]
    try:
        if page.is_imagej:
            return _imagej(tiff.imagej_metadata or {})
        if page.is_ome:
            return _ome(page.description, int(page.samplesperpixel), str(tiff.filename))
        if page.is_shaped:
            return _tifffile(tiff, page, alike)
        if page.is_stk:
            return _straight("Z", (int(tiff.stk_metadata["NumberPlanes"]),))
    except (
        ValueError, TypeError, LookupError, AttributeError, RecursionError,
        ElementTree.ParseError,
    ):  # fmt: skip
        pass  # damaged notes cost the order alone
    return None


def _straight(axes: str, shape: tuple[int, ...]) -> Noted | None:
    """Images in the order of directories."""
    count = prod(shape)
    return (tuple(range(min(count, MOST_IMAGES))), axes, shape) if min(shape) > 0 else None


def _imagej(notes: dict[str, Any]) -> Noted | None:
    # Channels run fastest, then slices, then frames ("xyczt", ImageJ's FileInfo).
    frames, slices, channels = (int(notes.get(k, 1)) for k in ("frames", "slices", "channels"))
    count = int(notes.get("images", 1))
    if frames * slices * channels != count:
        frames, slices, channels = 1, count, 1
    return _straight("TZC", (frames, slices, channels))


def _ome(notes: str, samples: int, name: str) -> Noted | None:
    """OME's model 2016-06: sizes and order of Pixels, and the blocks of its TiffData.

    Blocks that lie in other files are passed over: those files are never opened.
    """
    if "<!" in notes.replace("<!--", ""):
        return None  # entities, which no writer of OME uses
    parts = ElementTree.fromstring(notes).iter()
    pixels = next((part for part in parts if _named(part, "Pixels")), None)
    if pixels is None:
        return None
    counts = {axis: int(pixels.get(f"Size{axis}", 1)) for axis in "ZCT"}
    counts["C"] = max(1, counts["C"] // samples)  # samples of one image are counted as channels
    order = pixels.get("DimensionOrder", "XYZCT")[2:]
    whole = prod(counts.values())
    if sorted(order) != sorted("ZCT") or min(counts.values()) < 1 or whole > MOST_IMAGES:
        return None
    steps = {order[0]: 1, order[1]: counts[order[0]], order[2]: counts[order[0]] * counts[order[1]]}
    places: dict[int, int] = {}
    for block in _own_blocks(pixels, name):
        first = int(block.get("IFD", 0))
        start = sum(int(block.get(f"First{axis}", 0)) * steps[axis] for axis in "ZCT")
        length = int(block.get("PlaneCount", 1 if "IFD" in block.attrib else whole))
        for n in range(max(0, min(length, whole - start))):
            places[start + n] = first + n
    axes = order[::-1]
    pages = tuple(places[n] for n in sorted(places))
    return pages, axes, tuple(counts[axis] for axis in axes)


def _own_blocks(pixels: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Blocks of images in this file; one that was renamed is still the only one that is named."""
    blocks = [e for e in pixels if _named(e, "TiffData")]
    files = [
        next((e.get("FileName", "") for e in block if _named(e, "UUID")), "") for block in blocks
    ]
    if len(set(files)) < 2:
        return blocks
    return [block for block, file in zip(blocks, files, strict=True) if file == name]


def _named(element: ElementTree.Element, name: str) -> bool:
    return element.tag.rpartition("}")[2] == name


def _tifffile(tiff: Any, page: Any, alike: tuple[int, ...]) -> Noted | None:
    if any(tiff.pages[n].is_shaped for n in alike[1:]):
        return None  # written one after the other, by append
    notes = json.loads(page.description)
    shape = tuple(int(count) for count in notes["shape"])
    own = tuple(page.shape)
    leading = len(shape) - len(own)
    if leading < 1 or shape[leading:] != own:
        return None
    axes = str(notes.get("axes", ""))
    letters = axes[:leading] if len(axes) == len(shape) else "Q" * leading
    return _straight(letters, shape[:leading])
