"""What makes the reading of a reported file right: conditions of a case's expected.json.

Each case lists alternatives in "accept"; it is right where all conditions of one of them hold.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from napari_medvlm.imaging import Clip, Selection, Volume, take

Source = Volume | Clip


def shape(source: Source) -> list[int]:
    if isinstance(source, Clip):
        return list(source.shape[:3])
    return list(source.voxels.shape[: 3 + source.temporal])


def images(source: Source) -> int:
    """Slices times time points."""
    if isinstance(source, Clip):
        return len(source)
    return int(np.prod(source.voxels.shape[: 1 + source.temporal]))


def _near(found: Any, wanted: Any, share: float) -> bool:
    pairs = zip(sorted(found), sorted(wanted), strict=False)
    return len(found) == len(wanted) and all(abs(a - b) <= share * abs(b) for a, b in pairs)


def _round_discs(clip: Clip) -> bool:
    for n in range(len(clip)):
        ys, xs = np.where(clip.frame(n)[..., 1] > 128)
        if not len(xs) or abs(np.ptp(xs) - np.ptp(ys)) > 3:
            return False
    return True


def _pixel_spacing(source: Source, wanted: Any, share: float) -> bool:
    if isinstance(source, Clip):
        return source.spacing is not None and _near(list(source.spacing), wanted, share)
    return source.unit == "mm" and _near(list(source.spacing[1:]), wanted, share)


def _ranges(volumes: list[Volume]) -> list[list[float]]:
    return sorted([float(np.min(v.voxels)), float(np.max(v.voxels))] for v in volumes)


def _first_voxels(volume: Volume) -> list[float]:
    return [float(np.asarray(point).ravel()[0]) for point in np.asarray(volume.voxels)]


def _grey_levels(volume: Volume) -> int:
    middle = Selection(plane="acquired", indices=(volume.spatial_shape[0] // 2,))
    return len(np.unique(take(volume, middle)[0].pixels))


def holds(name: str, want: Any, sources: list[Source], share: float) -> bool:
    """Whether one condition is met."""
    volumes = [s for s in sources if isinstance(s, Volume)]
    clips = [s for s in sources if isinstance(s, Clip)]
    first: Any = sources[0]
    remarks = [remark for source in sources for remark in source.remarks]
    found = [bool(re.search(p, remark, re.IGNORECASE)) for p in want for remark in remarks] if (
        name.startswith("remark")) else []  # fmt: skip
    conditions = {
        "sources": lambda: len(sources) == want,
        "images": lambda: sum(map(images, sources)) == want,
        "shapes": lambda: sorted(map(shape, sources)) == sorted(want),
        "ranges": lambda: np.allclose(_ranges(volumes), sorted(want), atol=0.5),
        "temporal": lambda: not clips and all(v.temporal == want for v in volumes),
        "clip": lambda: all(isinstance(s, Clip) == want for s in sources),
        "coloured": lambda: any(v.coloured for v in volumes) == want,
        "spacing_k": lambda: _near([v.spacing[0] for v in volumes], want, share),
        "spacing_ij": lambda: _pixel_spacing(first, want, share),
        "affine": lambda: first.oriented and np.allclose(first.affine, want, atol=1e-3),
        "voxels": lambda: (
            len(sources) == 1 and np.array_equal(np.squeeze(np.asarray(first.voxels)), want)
        ),
        "order_of_first_voxel": lambda: first.temporal and np.allclose(_first_voxels(first), want),
        "remark_any": lambda: any(found),
        "remark_none": lambda: not any(found),
        "grey_levels": lambda: _grey_levels(volumes[0]) >= want,
        "window": lambda: np.allclose(volumes[0].windows[0].limits, want),
        "frame_shape": lambda: list(first.frame(0).shape[:2]) == want,
        "times": lambda: (
            len(first.times) == len(want) and np.allclose(first.times, want, atol=2e-3)
        ),
        "circles": lambda: len(clips) == 1 and _round_discs(clips[0]),
    }
    return bool(conditions[name]())
