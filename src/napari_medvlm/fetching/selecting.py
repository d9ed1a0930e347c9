"""Which files of a published checkpoint are wanted: the known ones by name, and nothing else.

Never programs (``.py``), never pickles (``.bin``, ``.pth``): what is not fetched or copied
cannot be run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..models.checkpoint import INDEX, SINGLE

#: Configuration, tokenizer, template, image processing, and the publisher's own words.
NAMES = frozenset(
    {
        "config.json",
        "generation_config.json",
        "preprocessor_config.json",
        "video_preprocessor_config.json",
        "processor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.json",
        "merges.txt",
        "added_tokens.json",
        "special_tokens_map.json",
        "chat_template.json",
        "chat_template.jinja",
        "README.md",
        "LICENSE",
        "LICENSE.md",
        "LICENSE.txt",
        "NOTICE",
        INDEX,
        SINGLE,
    }
)
_PART = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")


def is_wanted(name: str) -> bool:
    """Say whether a file of this name belongs to a checkpoint; one inside a folder never does."""
    return name in NAMES or _PART.fullmatch(name) is not None


def wanted(names: Iterable[str]) -> list[str]:
    """Choose among the names, small files first, then the weights in order."""
    chosen = {name for name in names if is_wanted(name)}
    if SINGLE in chosen:
        # What transformers reads a folder with both by; two sets in one folder are refused here.
        chosen.discard(INDEX)
    if INDEX not in chosen:
        chosen = {name for name in chosen if not _PART.fullmatch(name)}
    return sorted(chosen, key=lambda name: (name.endswith(".safetensors"), name))
