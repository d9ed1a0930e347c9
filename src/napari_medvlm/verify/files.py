"""Records on disk: JSON objects and arrays, read without running anything."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import MedvlmError

# A single array opens too, but not as an archive: that is the TypeError.
_UNREADABLE = (OSError, ValueError, EOFError, KeyError, TypeError, zipfile.BadZipFile)


class RecordError(MedvlmError):
    """A recorded file that is missing or cannot be read."""


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    RecordError
        If there is no such file or it is not a JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"Expected JSON in {path.name}, could not read it ({error}).") from error
    if not isinstance(value, dict):
        raise RecordError(f"Expected a JSON object in {path.name}, found {type(value).__name__}.")
    return value


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read all arrays of an ``.npz``, without pickle.

    Raises
    ------
    RecordError
        If there is no such file, or one of its arrays cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except _UNREADABLE as error:
        raise RecordError(
            f"Expected arrays in {path.name}, could not read it ({error})."
        ) from error
