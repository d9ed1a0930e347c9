"""JSON files of a checkpoint: read in one place, bounded, and checked before anything uses them.

Every file is foreign. What is read here is an object of bounded size and depth whose numbers are
finite, and where its name has a schema (:mod:`.schemas`), its keys hold what they should.
"""

from __future__ import annotations

import json
import math
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from ..safe_text import visible
from .schema import check
from .schemas import SCHEMAS

#: Vocabularies and lists of tensors are long; settings are not.
_LONG = frozenset({"tokenizer.json", "vocab.json", "model.safetensors.index.json"})
MOST_BYTES, MOST_BYTES_LONG = 4 << 20, 64 << 20
#: Published files nest six deep; a network's configuration in another's has a few more.
MOST_DEPTH = 64
#: JSON has no largest number, but nothing that is counted here needs more than 64 bits.
MOST_INTEGER = 2**63

_DAMAGED = "The file may be cut or damaged; copy it again from where the model was published."


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object and check it.

    Parameters
    ----------
    path
        The file; its name chooses the schema.

    Raises
    ------
    CheckpointError
        If it is too long, nested too deep, no JSON object, holds numbers that are not finite,
        or another kind of value than its schema names.
    """
    name = visible(path.name)
    data = _bytes(path, name)
    try:
        value = json.loads(data, parse_constant=_no_number)
    except RecursionError as error:
        raise CheckpointError(
            f"Expected at most {MOST_DEPTH} levels of nesting in {name}, found more.", _DAMAGED
        ) from error
    except ValueError as error:
        raise CheckpointError(
            f"Expected JSON in {visible(str(path))}, could not read it ({_reason(error)}).",
            _DAMAGED,
        ) from error
    if not isinstance(value, dict):
        raise CheckpointError(f"Expected a JSON object in {name}, found {type(value).__name__}.")
    _bounded(value, name)
    schema = SCHEMAS.get(path.name)
    if schema is not None:
        check(value, schema, name)
    return value


def checked(path: Path) -> None:
    """Check a file that another library will read; a file that did not change is read once."""
    state = path.stat()
    _checked(str(path), state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _checked(path: str, size: int, modified: int) -> None:
    read_json(Path(path))


def read_text(path: Path) -> str:
    """Read a text of the folder, such as a chat template; bounded as JSON is."""
    data = _bytes(path, visible(path.name))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CheckpointError(
            f"Expected text in UTF-8 in {visible(path.name)}, found other bytes.", _DAMAGED
        ) from error


def _bytes(path: Path, name: str) -> bytes:
    most = MOST_BYTES_LONG if path.name in _LONG else MOST_BYTES
    try:
        with open(path, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            data = b"" if size > most else stream.read(most + 1)
    except OSError as error:
        raise CheckpointError(
            f"{visible(str(path))} cannot be read ({error.strerror or 'no reason given'})."
        ) from error
    if max(size, len(data)) > most:
        raise CheckpointError(
            f"Expected at most {most >> 20} MiB in {name}, found {size / (1 << 20):,.0f}.",
            "Published files of this name are far smaller; copy it again.",
        )
    return data


def _no_number(text: str) -> float:
    raise ValueError(f"the number {text} is not finite")


def _reason(error: ValueError) -> str:
    return visible(str(error).partition("\n")[0][:200])


def _bounded(value: dict[str, Any], name: str) -> None:
    """Look at every value, without recursion: depth, and numbers that no double or int64 holds."""
    level: list[Any] = [value]
    for _ in range(MOST_DEPTH):
        below: list[Any] = []
        for holder in level:
            keyed = holder.items() if isinstance(holder, dict) else enumerate(holder)
            for key, item in keyed:
                if isinstance(item, dict | list):
                    below.append(item)
                elif isinstance(item, float) and not math.isfinite(item):
                    raise CheckpointError(
                        f"Expected a finite number at {_key(key)} in {name}, found {item}.",
                        _DAMAGED,
                    )
                elif type(item) is int and abs(item) >= MOST_INTEGER:
                    raise CheckpointError(
                        f"Expected a number below 2⁶³ at {_key(key)} in {name}, "
                        "found one of more digits.",
                        _DAMAGED,
                    )
        if not below:
            return
        level = below
    raise CheckpointError(
        f"Expected at most {MOST_DEPTH} levels of nesting in {name}, found more.", _DAMAGED
    )


def _key(key: object) -> str:
    return visible(str(key)[:60])
