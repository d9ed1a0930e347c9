"""Which axis of an NRRD array is which."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

_SPATIAL = ("domain", "space")
_COLOUR = {"rgb-color": 3, "rgba-color": 4}
#: ITK writes RGB pixels of its vector images with these kinds.
_PERHAPS_COLOUR = ("vector", "3-vector", "3-color", "4-vector", "4-color")


@dataclass(frozen=True)
class Axes:
    """Axes as ``Stored`` has them: slowest first, one letter each, a slice axis always there.

    Parameters
    ----------
    spatial
        Numbers of the header's spatial axes, fastest first (two or three).
    """

    shape: tuple[int, ...]
    letters: str
    spatial: tuple[int, ...]
    remarks: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of values."""
        return prod(self.shape)


def read_axes(fields: dict[str, Any]) -> Axes:
    """Tell the axes apart.

    Axes with a direction in space are spatial; without any directions those whose kind is
    domain or space; without kinds the three fastest ones.

    Raises
    ------
    ValueError
        If there are fewer than two or more than three spatial axes, or more than one other
        beside colour.
    """
    sizes = [int(n) for n in fields["sizes"]]
    if int(fields["dimension"]) != len(sizes):
        raise ValueError(f"dimension {fields['dimension']} with sizes {sizes}")
    kinds = [str(kind).lower() for kind in fields.get("kinds", [])] or [""] * len(sizes)
    spatial = _spatial(fields, kinds, len(sizes))
    if not 2 <= len(spatial) <= 3:
        raise ValueError(f"{len(spatial)} axes in space, of {len(sizes)}")
    letters = dict(zip(spatial, "ijk", strict=False))
    remarks: list[str] = []
    for n in set(range(len(sizes))) - set(spatial):
        letters[n], said = _other(sizes[n], kinds[n], str(fields["type"]))
        remarks += said
    order = "".join(letters[n] for n in reversed(range(len(sizes))))
    shape = tuple(reversed(sizes))
    if len(spatial) == 2:  # one slice: its axis goes before the rows, where nothing moves
        at = order.index("j")
        order, shape = f"{order[:at]}k{order[at:]}", (*shape[:at], 1, *shape[at:])
    if len(set(order)) < len(order) or {"t", "v"} <= set(order):
        raise ValueError(f"more than one axis beside space and colour (sizes {sizes})")
    return Axes(shape, order, spatial, tuple(remarks))


def _spatial(fields: dict[str, Any], kinds: list[str], count: int) -> tuple[int, ...]:
    directions = fields.get("space directions")
    if directions is not None:
        if len(directions) != count:
            raise ValueError(f"{len(directions)} space directions for {count} axes")
        rows = [row is not None and np.isfinite(row).all() for row in directions]
        return tuple(n for n, there in enumerate(rows) if there)
    if len(kinds) != count:
        raise ValueError(f"{len(kinds)} kinds for {count} axes")
    if any(kind in _SPATIAL for kind in kinds):
        return tuple(n for n, kind in enumerate(kinds) if kind in _SPATIAL)
    others = {n for n, kind in enumerate(kinds) if kind not in ("", "???", "none")}
    return tuple(n for n in range(count) if n not in others)[:3]


def _other(size: int, kind: str, numbers: str) -> tuple[str, list[str]]:
    small = numbers.lower() in ("uchar", "unsigned char", "uint8", "uint8_t")
    if small and (size == _COLOUR.get(kind) or (kind in _PERHAPS_COLOUR and size in (3, 4))):
        said = (
            [] if kind in _COLOUR else [f"The axis of kind {kind} with {size} entries is colour."]
        )
        return "c", said
    if "vector" in kind or "matrix" in kind or "color" in kind or kind == "covariant-vector":
        return "v", [f"The leading axis holds the {size} components of a {kind}, not time."]
    if kind == "time":
        return "t", [f"The leading axis is time: {size} entries of unknown seconds."]
    return "t", [f"The leading axis counts {size} images; the header gives no times."]
