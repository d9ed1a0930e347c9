"""Text to token ids and back, from a checkpoint's own tokenizer files.

``tokenizer.json`` is read as it is. (The tokenizer classes of transformers 5 replace parts of it
by what they know of the class that ``tokenizer_config.json`` names.)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import CheckpointError, QuestionError
from ..extras import require
from ..safe_text import visible
from .checkpoint import Checkpoint
from .network import without_notices

#: Those of Qwen-VL that carry meaning in an answer.
GROUNDING_TOKENS = (
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
)


class Tokens:
    """The tokenizer of one checkpoint.

    Parameters
    ----------
    checkpoint
        The folder.
    kept
        Special tokens that carry meaning in an answer; they stay in the text that parsers get.
    """

    def __init__(self, checkpoint: Checkpoint, kept: Sequence[str] = GROUNDING_TOKENS) -> None:
        self._backend = _read(checkpoint)
        added = self._backend.get_added_tokens_decoder()
        self._special = {i: str(t.content) for i, t in added.items() if t.special}
        self._silent = {i for i, text in self._special.items() if text not in kept}

    def encode(self, text: str) -> list[int]:
        """Ids of a text; special tokens written in it become themselves."""
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise QuestionError(
                f"The words hold what is no character (U+{ord(text[error.start]):04X}): text that "
                "was read as another encoding than it has.",
                "Type these words again.",
            ) from error
        ids: list[int] = self._backend.encode(text).ids
        return ids

    def decode(self, ids: Sequence[int], *, keep_special: bool = False) -> str:
        """Text of ids, without special tokens."""
        text: str = self._backend.decode(list(ids), skip_special_tokens=not keep_special)
        return text

    def visible(self, ids: Sequence[int]) -> str:
        """Text of ids with the tokens that mark boxes, without those that mark turns."""
        return self.decode([i for i in ids if i not in self._silent], keep_special=True)

    def id_of(self, token: str) -> int | None:
        """Id of one token; None where there is none."""
        found: int | None = self._backend.token_to_id(token)
        return found

    @property
    def special(self) -> frozenset[str]:
        """Every special token: none of them may stand in a user's words."""
        return frozenset(self._special.values())


def _read(checkpoint: Checkpoint) -> Any:
    tokenizers = require("tokenizers", "to run a model")
    path = checkpoint.folder / "tokenizer.json"
    try:
        if path.is_file():
            backend = tokenizers.Tokenizer.from_file(str(path))
        else:
            backend = _from_vocabulary(checkpoint.folder)
    except CheckpointError:
        raise
    except BaseException as error:
        # The library raises a bare Exception for a damaged file, and lets its own panics through.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise _unreadable(checkpoint, error) from error
    backend.no_truncation()
    backend.no_padding()
    _add_configured(tokenizers, backend, checkpoint)
    return backend


def _unreadable(checkpoint: Checkpoint, error: BaseException) -> CheckpointError:
    reason = visible(str(error).partition("\n")[0][:200])
    return CheckpointError(
        f"The tokenizer (tokenizer.json, tokenizer_config.json) of {checkpoint.folder} could not "
        f"be read: {reason}.",
        "The file may be cut or damaged; copy it again.",
    )


def _from_vocabulary(folder: Path) -> Any:
    transformers = require("transformers", "to run a model")
    with without_notices():
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise CheckpointError(f"Expected tokenizer.json in {folder}; its other files do not do.")
    return backend


def _add_configured(tokenizers: Any, backend: Any, checkpoint: Checkpoint) -> None:
    """Add what only ``tokenizer_config.json`` names, at the ids that it names."""
    config = checkpoint.json("tokenizer_config.json") or {}
    listed = config.get("added_tokens_decoder") or {}
    for place in sorted(listed, key=int):
        entry = listed[place]
        if backend.token_to_id(entry["content"]) is not None:
            continue
        token = tokenizers.AddedToken(
            entry["content"],
            special=bool(entry.get("special", False)),
            normalized=bool(entry.get("normalized", False)),
        )
        if entry.get("special", False):
            backend.add_special_tokens([token])
        else:
            backend.add_tokens([token])
        if backend.token_to_id(entry["content"]) != int(place):
            raise CheckpointError(
                f"tokenizer_config.json wants {entry['content']} at id {place}; tokenizer.json "
                f"leaves it {backend.token_to_id(entry['content'])}.",
                "Check that all tokenizer files belong to the same model.",
            )


def stop_ids(checkpoint: Checkpoint, tokens: Tokens) -> tuple[int, ...]:
    """Ids that end an answer: of the generation configuration, the model's, or the tokenizer's.

    A token may be written as its text.

    Raises
    ------
    CheckpointError
        If none is named, or one that the tokenizer does not have.
    """
    for file, source in (
        ("generation_config.json", checkpoint.generation),
        ("config.json", checkpoint.config),
        ("config.json", checkpoint.config.get("text_config")),
    ):
        value = (source or {}).get("eos_token_id")
        if value is not None and value != []:
            listed = value if isinstance(value, list) else [value]
            return tuple(_stop_id(entry, file, tokens) for entry in listed)
    config = checkpoint.json("tokenizer_config.json") or {}
    name = config.get("eos_token")
    name = name.get("content") if isinstance(name, dict) else name
    if not isinstance(name, str):
        raise CheckpointError(
            f"No end token is named in the files of {checkpoint.folder}.",
            "Expected eos_token_id in generation_config.json or config.json.",
        )
    return (_stop_id(name, "tokenizer_config.json", tokens),)


def _stop_id(value: int | float | str, file: str, tokens: Tokens) -> int:
    found = tokens.id_of(value) if isinstance(value, str) else int(value)
    if found is None:
        raise CheckpointError(
            f"Expected the end token of {file} (eos_token_id) to be one of the tokenizer's, "
            f"found {visible(str(value)[:60])!r}.",
            "Check that all files of the folder belong to the same model.",
        )
    return found
