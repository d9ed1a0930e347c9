"""Questions, replies and events as JSON and arrays: no pickle crosses to the model process.

A value becomes a JSON-able tree and a table of arrays. Dataclasses are written by name and
only those listed in ``CLASSES`` are ever made again, so that nothing that arrives can name
code. Arrays are kept by the digest of their content: a frame that occurs in three turns of a
conversation is sent once, and is one array again on the other side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..dialogue import events, question, reply
from ..errors import EngineError
from ..imaging.frame import Frame
from ..imaging.slab import FrameSlab
from ..imaging.volume import Window
from .choice import ModelChoice

#: Raised by one whenever a tree of an older program could be misread by a newer one.
VERSION = 1

Arrays = dict[str, npt.NDArray[Any]]
#: digest -> (offset in bytes, dtype, shape): where each array lies in a block of bytes.
Directory = dict[str, tuple[int, str, tuple[int, ...]]]

CLASSES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        Window,
        Frame,
        FrameSlab,
        question.Region,
        question.Turn,
        question.Generation,
        question.Question,
        reply.Box,
        reply.Mask,
        reply.Reference,
        reply.Timings,
        reply.Reply,
        events.Queued,
        events.Loading,
        events.Loaded,
        events.Prefill,
        events.Token,
        events.Replied,
        events.Failed,
        events.Unloaded,
        ModelChoice,
    )
}

#: Booleans, integers, floats: kinds of numpy dtype that hold no references.
_PLAIN_KINDS = "biuf"
#: Arrays start on cache lines.
_ALIGNMENT = 64


#: A question nests a dozen deep; far deeper ones would exhaust the stack of either side.
MOST_DEPTH = 64


class CodecError(EngineError, ValueError):
    """A value that cannot cross, or a message that is not one of ours."""


def digest(array: npt.NDArray[Any]) -> str:
    """SHA-256 of dtype, shape and content."""
    head = f"{array.dtype.str}{array.shape}".encode()
    state = hashlib.sha256(head)
    state.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return state.hexdigest()


def encode(value: object) -> tuple[dict[str, Any], Arrays]:
    """Write a value as a JSON-able tree and its arrays.

    Parameters
    ----------
    value
        A dataclass of ``CLASSES``, or plain values and tuples of them.

    Returns
    -------
    tree, arrays
        ``tree`` names arrays by their digest.

    Raises
    ------
    CodecError
        For a value of any other type.
    """
    arrays: Arrays = {}
    return {"version": VERSION, "value": _encode(value, arrays)}, arrays


def decode(tree: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Any:
    """Make the value again that ``encode`` wrote.

    Raises
    ------
    CodecError
        For a tree of another version, an unknown class or field, or a missing array.
    """
    if tree.get("version") != VERSION:
        msg = f"Expected a message of version {VERSION}, found {tree.get('version')!r}."
        raise CodecError(msg)
    return _decode(tree.get("value"), arrays)


def _encode(value: object, arrays: Arrays, depth: int = 0) -> Any:
    _check_depth(depth)
    if isinstance(value, np.ndarray):
        return _encode_array(value, arrays)
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [_encode(item, arrays, depth + 1) for item in value]
    if isinstance(value, dict):
        items = [[str(k), _encode(v, arrays, depth + 1)] for k, v in value.items()]
        return {"$": "dict", "items": items}
    name = type(value).__name__
    if CLASSES.get(name) is not type(value) or not is_dataclass(value):
        msg = f"{type(value).__module__}.{name} cannot cross to the model process."
        raise CodecError(msg)
    own = [f.name for f in fields(value) if f.init]
    written = {key: _encode(getattr(value, key), arrays, depth + 1) for key in own}
    return {"$": name, "fields": written}


def _encode_array(value: npt.NDArray[Any], arrays: Arrays) -> dict[str, str]:
    if value.dtype.kind not in _PLAIN_KINDS:
        msg = f"An array of {value.dtype} cannot cross to the model process."
        raise CodecError(msg)
    key = digest(value)
    arrays.setdefault(key, value)
    return {"$": "array", "key": key}


def _check_depth(depth: int) -> None:
    if depth > MOST_DEPTH:
        raise CodecError(f"Expected a question with at most {MOST_DEPTH} levels, found more.")


def _decode(node: Any, arrays: Mapping[str, npt.NDArray[Any]], depth: int = 0) -> Any:
    _check_depth(depth)
    if isinstance(node, list):
        return tuple(_decode(item, arrays, depth + 1) for item in node)
    if not isinstance(node, dict):
        return node
    kind = node.get("$")
    try:
        if kind == "array":
            return arrays[node["key"]]
        if kind == "dict":
            return {key: _decode(item, arrays, depth + 1) for key, item in node["items"]}
        cls = CLASSES[str(kind)]
        values = node["fields"].items()
        return cls(**{key: _decode(item, arrays, depth + 1) for key, item in values})
    except (KeyError, TypeError) as error:
        msg = f"A message holds a {kind!r} that this version cannot read ({error})."
        raise CodecError(msg) from error


def layout(arrays: Arrays) -> tuple[Directory, int]:
    """Where each array goes in one block of bytes, and the size of that block."""
    places: Directory = {}
    end = 0
    for key, array in arrays.items():
        start = -(-end // _ALIGNMENT) * _ALIGNMENT
        places[key] = (start, array.dtype.str, array.shape)
        end = start + array.nbytes
    return places, end


def write_arrays(arrays: Arrays, places: Directory, block: memoryview | bytearray) -> None:
    """Copy arrays into a writable block at their places."""
    for key, array in arrays.items():
        start, dtype, shape = places[key]
        target = np.ndarray(shape, dtype=dtype, buffer=block, offset=start)
        target[...] = array


def read_arrays(places: Mapping[str, Any], block: memoryview | bytes) -> Arrays:
    """Copy arrays out of a block; they are read-only and keep nothing of it alive.

    Raises
    ------
    CodecError
        If a place lies outside the block, or holds a dtype with references.
    """
    arrays: Arrays = {}
    for key, (start, dtype_name, shape) in places.items():
        dtype = np.dtype(dtype_name)
        if dtype.kind not in _PLAIN_KINDS:
            msg = f"A message holds an array of {dtype}, which is never sent."
            raise CodecError(msg)
        try:
            view = np.ndarray(tuple(shape), dtype=dtype, buffer=block, offset=start)
        except (TypeError, ValueError) as error:
            msg = f"A message names an array outside its block of {len(block)} bytes."
            raise CodecError(msg) from error
        array = view.copy()
        del view  # a block cannot be unmapped while anything looks into it
        array.flags.writeable = False
        arrays[key] = array
    return arrays
