"""The header of a safetensors file: names, types, shapes and places of its tensors. No values.

https://github.com/huggingface/safetensors, section "Format": eight bytes of length (little
endian), a JSON object, then the tensors' bytes, each in its place without gaps.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, TypeGuard

from ..errors import CheckpointError
from ..safe_text import visible

#: Published headers take some 100 bytes a tensor; this holds a hundred thousand tensors. (The
#: library itself would read 100 MB, which takes a minute.)
MAX_HEADER_BYTES = 10_000_000
#: No tensor has more axes, or more values.
_MOST_AXES, _MOST_VALUES = 16, 1 << 44
#: Bytes of a value, by the name of its type.
_WIDTHS = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2,
    "U16": 2, "I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
}  # fmt: skip
_FLOATS = ("F64", "F32", "F16", "BF16")
_DAMAGED = "The file may be cut or damaged; copy it again."


@dataclass(frozen=True)
class StoredTensor:
    """One tensor of the folder: its file and its shape."""

    file: Path
    shape: tuple[int, ...]


def read_header(path: Path) -> dict[str, StoredTensor]:
    """Read and check the header of a file.

    Raises
    ------
    CheckpointError
        If it is no such file, cut, has a header of unlikely length, places that do not fit, or
        weights that are no plain floating-point numbers.
    """
    name = visible(path.name)
    try:
        with path.open("rb") as stream:
            head = stream.read(8)
            if len(head) < 8:
                raise ValueError("it has fewer than eight bytes")
            if head == b"version ":
                raise CheckpointError(
                    f"Expected weights in {name}, found a pointer of Git LFS.",
                    "Fetch the file itself: git lfs pull, or download it again.",
                )
            (length,) = struct.unpack("<Q", head)
            size = path.stat().st_size
            if length > size:
                raise ValueError("its header is longer than the file")
            if length > MAX_HEADER_BYTES:
                raise CheckpointError(
                    f"Expected a header of at most {MAX_HEADER_BYTES:,} bytes in {name}, "
                    f"found {length:,}.",
                    _DAMAGED,
                )
            header = json.loads(stream.read(length), parse_constant=_no_number)
        if not isinstance(header, dict):
            raise ValueError("its header is no JSON object")
    except (OSError, ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)[:200]
        raise CheckpointError(
            f"{name} is not a safetensors file ({visible(reason)}).", _DAMAGED
        ) from error
    header.pop("__metadata__", None)
    end = _check_places(header, name)
    # The library that reads it takes neither a cut file nor one with bytes after its tensors.
    if 8 + length + end != size:
        raise CheckpointError(
            f"{name} should have {8 + length + end} bytes, found {size}.", _DAMAGED
        )
    return {key: StoredTensor(path, tuple(entry["shape"])) for key, entry in header.items()}


def _no_number(text: str) -> float:
    raise ValueError(f"the number {text} is not finite")


def _check_places(header: dict[str, Any], file: str) -> int:
    """Check every entry; return where the last tensor ends."""
    places = []
    for key, entry in header.items():
        if (wrong := _wrong(entry)) is not None:
            raise CheckpointError(
                f"Expected a type, a shape and a place of tensor {visible(key[:100])} in the "
                f"header of {file}, found {wrong}.",
                _DAMAGED,
            )
        if entry["dtype"] not in _FLOATS:
            raise CheckpointError(
                f"Expected floating-point weights of 16 bit or more in {file}, "
                f"found {visible(entry['dtype'][:20])} of {visible(key[:100])}.",
                "Quantised checkpoints cannot be read; take the one in 16 bit.",
            )
        places.append((*entry["data_offsets"], key))
    end = 0
    for start, stop, key in sorted(places):
        if start != end:
            raise CheckpointError(
                f"Expected tensor {visible(key[:100])} of {file} to begin at byte {end}, "
                f"found it at {start}.",
                _DAMAGED,
            )
        end = stop
    return end


def _wrong(entry: Any) -> str | None:
    """What is wrong with an entry, in words; None where nothing is."""
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str):
        return "no type"
    shape, place = entry.get("shape"), entry.get("data_offsets")
    if not (_counts(shape) and len(shape) <= _MOST_AXES and prod(shape) <= _MOST_VALUES):
        return f"the shape {visible(repr(shape)[:60])}"
    if not (_counts(place) and len(place) == 2 and place[0] <= place[1]):
        return f"the place {visible(repr(place)[:60])}"
    width = _WIDTHS.get(entry["dtype"])
    if width is not None and place[1] - place[0] != prod(shape) * width:
        return f"{place[1] - place[0]:,} bytes for {prod(shape):,} values"
    return None


def _counts(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(n) is int and 0 <= n < 1 << 62 for n in value)
