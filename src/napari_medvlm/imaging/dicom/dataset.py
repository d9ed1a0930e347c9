"""The one place where a header is opened: wanted tags of a file, its pixels untouched."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import pydicom
from pydicom.errors import BytesLengthException

from .source import inflate

#: What pydicom raises on damaged files, depending on where the damage lies.
DAMAGE = (
    OSError, EOFError, ValueError, KeyError, AttributeError, TypeError, IndexError,
    NotImplementedError, RuntimeError, OverflowError, MemoryError, struct.error, zlib.error,
    BytesLengthException,
)  # fmt: skip

#: A keyword of PS3.6, or (group, element) of a private tag.
Tag = str | tuple[int, int]


class Tags(Protocol):
    """Values of a data set or of an item of a sequence.

    ``get`` of a keyword gives a plain value (a sequence gives a list of ``Tags``), ``get`` of
    a (group, element) gives an object with ``value``; both give None where the tag is absent.
    """

    def get(self, key: Any, default: Any = None, /) -> Any: ...

    def __contains__(self, key: Any, /) -> bool: ...


def read_tags(path: Path, tags: Sequence[Tag]) -> Any:
    """Wanted tags of a DICOM file as ``Tags``, with ``file_meta`` beside them.

    Raises
    ------
    pydicom.errors.InvalidDicomError, or one of ``DAMAGE``
        If it is not DICOM, or damaged.
    """
    wanted: dict[str, Any] = {
        "stop_before_pixels": True, "specific_tags": list(tags), "force": True,
    }  # fmt: skip
    with path.open("rb") as file:
        # A deflated data set can only be read as a whole, and may be a bomb.
        inflated = inflate(file)
        return pydicom.dcmread(file if inflated is None else BytesIO(inflated), **wanted)
