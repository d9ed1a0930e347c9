"""The arrays of a case's ``expected.npz``, one by one.

Array names end in a suffix where they were recorded under other circumstances:

- ``__pil``: with the image processor that resizes with Pillow. Compared, with that resize.
- ``__tf5``: what transformers 5.23 does where it differs from 4.56.2, the reference (it places
  the text after a video elsewhere). Not compared: it records another version's behaviour, and
  equality with it would be an error here. The block "comparison" of ``case.json`` is of that
  kind too.

An array of any other name is a failure, so that nothing recorded is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from . import compare
from .report import Row, guarded
from .subject import CaseRun, Measured

Arrays = Mapping[str, npt.NDArray[Any]]

#: Pixels of the same resize differ by rounding of the normalisation at most.
PIXEL_TOLERANCE = 1e-6
FEATURE_TOLERANCE = 1e-4
LOGIT_TOLERANCE = 1e-3
#: In float64, for each value: only the order of summation may differ.
STATISTICS_TOLERANCE = 1e-9
_NOT_COMPARED = "__tf5"
BACKENDS = {"pil"}
#: Beginning of the name of each kind of pixels.
PIXELS = {"pixel_values": "image", "pixel_values_videos": "video"}
_GRIDS = ("image_grid_thw", "video_grid_thw")
_FEATURES = {"image_features": "image", "video_features": "video"}


def verify_arrays(run: CaseRun, arrays: Arrays) -> Iterator[Row]:
    """Compare every array of a case.

    Parameters
    ----------
    run
        The case.
    arrays
        ``expected.npz``.

    Yields
    ------
    row
    """
    for name in arrays:
        if not name.endswith(_NOT_COMPARED):
            yield from guarded(run.name, name, _array(run, name, arrays))


def _array(run: CaseRun, name: str, arrays: Arrays) -> Iterator[Row]:
    base, mark, suffix = name.partition("__")
    if mark and suffix not in BACKENDS:
        yield Row.failed(run.name, name, "This quantity is not known.")
        return
    measured = run.measured(suffix)
    if base in run.generated:
        yield compare.exact(run.name, name, measured.ids(base), arrays[name])
    elif base.startswith("pixel_values_"):
        yield from _pixels(run.name, name, arrays, measured)
    else:
        yield _plain(run.name, name, base, arrays[name], measured)


def _plain(case: str, name: str, base: str, expected: Any, measured: Measured) -> Row:
    if base == "input_ids":
        return compare.exact(case, name, measured.prompt.input_ids, expected)
    if base == "position_ids":
        return compare.exact(case, name, measured.prompt.positions, expected)
    if base in _GRIDS or base in {"rope_delta", "second_per_grid_ts"}:
        return compare.exact(case, name, measured.extra(base), expected)
    if base in _FEATURES:
        features = measured.features(_FEATURES[base])
        return compare.close(case, name, features, expected, FEATURE_TOLERANCE)
    if base == "first_logits":
        return compare.close(case, name, measured.first_logits, expected, LOGIT_TOLERANCE)
    return Row.failed(case, name, "This quantity is not known.")


def _pixels(case: str, name: str, arrays: Arrays, measured: Measured) -> Iterator[Row]:
    base, mark, suffix = name.partition("__")
    kind = max((p for p in PIXELS if base.startswith(p)), key=len)
    part = base.removeprefix(kind)
    suffix = mark + suffix
    pixels, expected = measured.pixels(PIXELS[kind]), arrays[name]
    if pixels is None:
        yield Row.failed(case, name, "Expected pixels of this kind, found none.")
    elif part == "_shape":
        yield compare.exact(case, name, pixels.shape, expected)
    elif part == "_rows":
        # Which rows the slice holds: nothing to compare, but without a slice it says nothing.
        if f"{kind}_slice{suffix}" not in arrays:
            yield Row.failed(case, name, f"Expected {kind}_slice beside it, found none.")
    elif part == "_slice":
        rows = arrays.get(f"{kind}_rows{suffix}", arrays.get(f"{kind}_rows"))
        if rows is None or rows.min() < 0 or rows.max() >= len(pixels):
            yield Row.failed(case, name, f"Expected its rows in {kind}_rows, found none or others.")
            return
        yield compare.close(case, name, pixels[rows], expected, PIXEL_TOLERANCE)
    elif part == "_row_mean":
        yield compare.close(case, name, pixels.mean(axis=1), expected, PIXEL_TOLERANCE)
    elif part == "_stats":
        yield from _statistics(case, name, pixels, expected)
    else:
        yield Row.failed(case, name, "This quantity is not known.")


def _statistics(
    case: str, name: str, pixels: npt.NDArray[np.float32], expected: npt.NDArray[Any]
) -> Iterator[Row]:
    """Mean, standard deviation (of a sample), sum and sum of absolute values, in float64."""
    values = pixels.astype(np.float64)
    ours = [values.mean(), values.std(ddof=1), values.sum(), np.abs(values).sum()]
    if expected.shape != (len(ours),):
        yield Row.failed(case, name, f"Expected 4 statistics, found shape {expected.shape}.")
        return
    # Sums grow with the number of values, and so does their rounding.
    scale = [1.0, 1.0, float(values.size), float(values.size)]
    got = [value / s for value, s in zip(ours, scale, strict=True)]
    yield compare.close(case, name, got, expected / np.array(scale), STATISTICS_TOLERANCE)
