"""The one place where a header is opened: wanted tags of a file, its pixels untouched."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import pydicom
from pydicom.errors import BytesLengthException
from pydicom.filereader import read_file_meta_info

from .quick import Tag, Wanted, quick_header
from .source import contradicting_place, inflate

__all__ = ["DAMAGE", "Tag", "Tags", "read_tags", "wanted"]

#: What pydicom raises on damaged files, depending on where the damage lies.
DAMAGE = (
    OSError, EOFError, ValueError, KeyError, AttributeError, TypeError, IndexError,
    NotImplementedError, RuntimeError, OverflowError, MemoryError, struct.error, zlib.error,
    BytesLengthException,
)  # fmt: skip


class Tags(Protocol):
    """Values of a data set or of an item of a sequence.

    ``get`` of a keyword gives a plain value (a sequence gives a list of ``Tags``), ``get`` of
    a (group, element) gives an object with ``value``; both give None where the tag is absent.
    """

    def get(self, key: Any, default: Any = None, /) -> Any: ...

    def __contains__(self, key: Any, /) -> bool: ...


@lru_cache(maxsize=8)
def wanted(tags: tuple[Tag, ...]) -> Wanted:
    """These elements, made ready to be looked for."""
    return Wanted(tags)


def read_tags(path: Path, tags: Sequence[Tag]) -> Any:
    """Wanted tags of a DICOM file as ``Tags``, with ``file_meta`` beside them.

    ``pixels`` is their place, where it is known and of use.
    ``inflated`` is the size in bytes of what was deflated; other data sets lack it.

    Raises
    ------
    pydicom.errors.InvalidDicomError, or one of ``DAMAGE``
        If it is not DICOM, or damaged.
    """
    found = quick_header(path, wanted(tuple(tags)))
    if found is not None:
        return found
    options: dict[str, Any] = {"specific_tags": list(tags), "force": True}
    with path.open("rb") as file:
        # A deflated data set can only be read as a whole, and may be a bomb.
        inflated = inflate(file)
        source = file if inflated is None else BytesIO(inflated)
        ds = pydicom.dcmread(source, stop_before_pixels=True, **options)
        ds.pixels = contradicting_place(ds, source)
    if inflated is not None:
        ds.inflated = len(inflated)
        ds.file_meta = read_file_meta_info(path)
    return ds
