"""One measured value against one recorded value: a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .report import Row

_SHOWN = 40


def exact(case: str, quantity: str, got: Any, expected: Any) -> Row:
    """Compare whole numbers, which must be equal.

    Parameters
    ----------
    case, quantity
        Names for the row.
    got, expected
        Arrays (or nested lists) of whole numbers of any shape.

    Returns
    -------
    row
        Its difference is the largest absolute one.
    """
    return close(case, quantity, got, expected, 0.0)


def close(case: str, quantity: str, got: Any, expected: Any, tolerance: float) -> Row:
    """Compare numbers within a tolerance.

    Parameters
    ----------
    case, quantity
        Names for the row.
    got, expected
        Arrays (or nested lists) of numbers of one shape.
    tolerance
        Largest absolute difference allowed. A difference that is not a number fails.

    Returns
    -------
    row
    """
    if got is None:
        return Row.failed(case, quantity, "Expected a value, found none.")
    ours, theirs = _numbers(got), _numbers(expected)
    if ours is None or theirs is None:
        which = "this software gave" if ours is None else "the record holds"
        return Row.failed(case, quantity, f"Expected numbers, but {which} something else.")
    if ours.shape != theirs.shape:
        reason = f"Expected shape {theirs.shape}, found {ours.shape}."
        return Row(case, quantity, ok=False, tolerance=tolerance, reason=reason)
    with np.errstate(invalid="ignore"):
        apart = np.abs(ours - theirs)
    largest = float(apart.max()) if apart.size else 0.0
    if largest <= tolerance:
        return Row(case, quantity, ok=True, difference=largest, tolerance=tolerance)
    worst = np.unravel_index(int(np.argmax(np.where(np.isnan(apart), np.inf, apart))), apart.shape)
    place = f" at {tuple(int(i) for i in worst)}" if worst else ""
    reason = f"Expected {theirs[worst]:.8g}, found {ours[worst]:.8g}{place}."
    return Row(case, quantity, False, largest, tolerance, reason)


def text(case: str, quantity: str, got: Any, expected: Any) -> Row:
    """Compare strings, truth values and absent values, which must be equal.

    Parameters
    ----------
    case, quantity
        Names for the row.
    got, expected
        Two strings, or two other plain values.

    Returns
    -------
    row
        Its difference is 0 or 1: same or not.
    """
    if type(got) is type(expected) and got == expected:
        return Row(case, quantity, ok=True, difference=0.0, tolerance=0.0)
    if not (isinstance(got, str) and isinstance(expected, str)):
        reason = f"Expected {expected!r:.80}, found {got!r:.80}."
        return Row(case, quantity, False, 1.0, 0.0, reason)
    pairs = zip(got, expected, strict=False)
    first = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(got), len(expected)))
    reason = (
        f"At character {first} expected {expected[first : first + _SHOWN]!r}, "
        f"found {got[first : first + _SHOWN]!r}."
    )
    return Row(case, quantity, False, 1.0, 0.0, reason)


def _numbers(value: Any) -> npt.NDArray[np.float64] | None:
    """Return float64, which holds every id and float32 exactly; None for what is no number."""
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    if array.dtype.kind not in "biuf":
        # An empty list has no kind of its own.
        return np.zeros(array.shape) if array.size == 0 else None
    return array.astype(np.float64)
