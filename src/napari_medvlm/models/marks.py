"""Words that a tokenizer reads as marks: the ends of turns, the places of pictures. No torch.

A user who types one of them would end the turn, or move a picture. They are taken out of the words
before these are sent, and whoever shows the words says so: see :func:`.wording.taken_out`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from .checkpoint import read_json

#: Marks of the chat format that all families here share, whatever a tokenizer's files list.
CHAT_MARKS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
_FILES = ("tokenizer.json", "tokenizer_config.json")
#: The list of added tokens stands before the vocabulary, which may have megabytes.
_HEAD = 1 << 20
_KEY = '"added_tokens"'


def special_tokens(folder: str | Path) -> frozenset[str]:
    """Every special token of a checkpoint's tokenizer, as its files list them.

    Parameters
    ----------
    folder
        The checkpoint; files that are missing or cannot be read list none: loading will say so.
    """
    paths = [Path(folder) / name for name in _FILES]
    stamps = []
    for path in paths:
        try:
            found = path.stat()
        except OSError:
            continue
        stamps.append((str(path), found.st_size, found.st_mtime_ns))
    return _special(tuple(stamps))


def without_marks(text: str, marks: Iterable[str]) -> str:
    """Take marks out of a text.

    Parameters
    ----------
    text
        Any text.
    marks
        What is taken out, again and again: taking one out can put another together.
    """
    listed = [mark for mark in marks if mark]
    while any(mark in text for mark in listed):
        for mark in listed:
            text = text.replace(mark, "")
    return text


@lru_cache(maxsize=16)
def _special(stamps: tuple[tuple[str, int, int], ...]) -> frozenset[str]:
    special: dict[str, bool] = {}
    for name, _, _ in stamps:
        path = Path(name)
        try:
            listed = _added(path) if path.name == _FILES[0] else _configured(path)
        except (CheckpointError, OSError, ValueError, RecursionError):
            continue
        for entry in listed:
            if isinstance(entry, dict) and isinstance(entry.get("content"), str):
                # What the tokenizer itself lists comes first.
                special.setdefault(entry["content"], bool(entry.get("special", False)))
    return frozenset(content for content, is_special in special.items() if is_special)


def _added(path: Path) -> list[Any]:
    with path.open(encoding="utf-8", errors="replace") as stream:
        head = stream.read(_HEAD)
    at = head.find(_KEY)
    if at >= 0:
        start = head.find("[", at + len(_KEY))
        try:
            listed, _ = json.JSONDecoder().raw_decode(head, start) if start >= 0 else ([], 0)
        except ValueError:
            pass  # a longer list than usual: the whole file is read
        else:
            return list(listed)
    return list(read_json(path).get("added_tokens") or [])


def _configured(path: Path) -> list[Any]:
    listed = read_json(path).get("added_tokens_decoder")
    return list(listed.values()) if isinstance(listed, dict) else []
