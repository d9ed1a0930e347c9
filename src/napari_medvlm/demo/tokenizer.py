"""The toy model's tokenizer: byte-level BPE in the files of a Qwen2 folder.

Differences from Qwen2's tokenizer, all visible in ``tokenizer.json``:

* runs of one to three digits stay together, and the merges make every number 0..999 (and every
  digit string up to three digits) one token, so that a coordinate is one step of decoding;
* the fixed pieces of a box answer (``, "bbox_2d": [``) and tags (``<think>``) are one token each;
* every word of the recipe is one token. Any other text still works, byte by byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from . import questions, wordings

SPECIAL_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)

# Order matters: the fixed pieces of a box answer first, then tags, then words and numbers. A blank
# before a number belongs to what precedes it, so that " images 2, 3" is three pieces and not five.
PRE_TOKEN_PATTERN = "|".join(
    (
        r"\[?\{\"image\": ",
        r", \"bbox_2d\": \[",
        r"\], \"label\": \"",
        r"\"\}(?:, \{\"image\": |\])",
        r"</?\p{L}+>",
        r" ?\p{L}+(?: (?=\p{N}))?",
        r"\p{N}{1,3}",
        r" ?(?:<|[^\s\p{L}\p{N}<]+)(?: (?=\p{N}))?[\r\n]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)

SYSTEM_TEXT = "You are a helpful assistant."


def build(folder: Path) -> None:
    """Write ``tokenizer.json``, ``tokenizer_config.json``, ``vocab.json`` and ``merges.txt``."""
    vocab, merges = _vocabulary()
    tokenizer = _backend(vocab, merges)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2", *(f"{left} {right}" for left, right in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = _config(len(vocab))
    (folder / "tokenizer_config.json").write_text(
        json.dumps(config, indent=2) + "\n", encoding="utf-8"
    )


def load(folder: Path) -> Any:
    """Load the fast tokenizer of a folder (a ``tokenizers.Tokenizer``)."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def number_ids(tokenizer: Any) -> list[int]:
    """Return the ids of the numbers 0..999, in order; each is one token."""
    ids = []
    for number in range(1000):
        encoded = tokenizer.encode(str(number), add_special_tokens=False).ids
        if len(encoded) != 1:
            msg = f"Expected the number {number} to be one token, found {len(encoded)}."
            raise ValueError(msg)
        ids.append(encoded[0])
    return ids


def corpus() -> list[str]:
    """Return text with every word that questions and answers can hold."""
    rng = np.random.default_rng(0)
    lines = [SYSTEM_TEXT, "system\n", "user\n", "assistant\n", "Picture 1: ", "Video 1: "]
    for task in (*questions.FINDING_TASKS, "modality", "direction", "region"):
        for text in wordings.phrasings(task):
            lines += [text, text[0].lower() + text[1:], text.rstrip("?.")]
    for scene in _scenes():
        for task in questions.tasks_for(scene):
            exchange = questions.ask(task, scene, rng, thinks=True)
            lines += [exchange.prompt_text, exchange.reply_text]
    return lines


def _scenes() -> Iterable[questions.Scene]:
    """Yield scenes that between them use every word of the answers."""
    box = (0.1, 0.2, 0.3, 0.4)
    for kind in ("ct", "mr", "xr"):
        for sides in ((), ("left",), ("right",), ("left", "right"), ("left", "left")):
            for count in (1, 4):
                for images in ((0,), (0, min(2, count - 1))):
                    marks = tuple(
                        questions.Mark(image, box, side, lesion, 20.0)
                        for image in dict.fromkeys(images)
                        for lesion, side in enumerate(sides)
                    )
                    yield questions.Scene(kind, count, marks)
    for direction in questions.DIRECTION_WORDS:
        yield questions.Scene("us", 1, (), direction)


def _number_merges() -> list[tuple[str, str]]:
    digits = "0123456789"
    pairs = [(a, b) for a in digits for b in digits]
    left = [(a + b, c) for a in digits for b in digits for c in digits]
    # Which of the two pairs of "abc" is merged first depends on their ranks, so both ways exist.
    right = [(a, b + c) for a in digits for b in digits for c in digits]
    return pairs + left + right


def _vocabulary() -> tuple[dict[str, int], list[tuple[str, str]]]:
    words = _word_merges()
    merges = _number_merges() + words
    tokens = [*_byte_alphabet(), *(left + right for left, right in merges)]
    vocab = {token: index for index, token in enumerate(dict.fromkeys(tokens))}
    return vocab, merges


def _byte_alphabet() -> list[str]:
    from tokenizers.pre_tokenizers import ByteLevel

    return sorted(ByteLevel.alphabet())


def _word_merges() -> list[tuple[str, str]]:
    """Learn merges until every piece of the corpus without digits is one token."""
    from tokenizers import Tokenizer, models, trainers

    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = _pre_tokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=4000,
        min_frequency=1,
        initial_alphabet=_byte_alphabet(),
        show_progress=False,
    )
    # A number is replaced by a byte that cannot merge with anything else.
    text = [re.sub(r"(?<!_)[0-9]+", "7", line) for line in corpus()]
    trained.train_from_iterator(text, trainer)
    merges = json.loads(trained.to_str())["model"]["merges"]
    return [(left, right) for left, right in merges]


def _pre_tokenizer() -> Any:
    from tokenizers import Regex, pre_tokenizers

    split = pre_tokenizers.Split(Regex(PRE_TOKEN_PATTERN), behavior="isolated", invert=False)
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([split, to_bytes])


def _backend(vocab: dict[str, int], merges: list[tuple[str, str]]) -> Any:
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = _pre_tokenizer()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS]
    )
    return tokenizer


def _config(base: int) -> dict[str, Any]:
    added = {
        str(base + index): {
            "content": token,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for index, token in enumerate(SPECIAL_TOKENS)
    }
    return {
        "add_prefix_space": False,
        "added_tokens_decoder": added,
        "additional_special_tokens": list(SPECIAL_TOKENS[1:]),
        "bos_token": None,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "model_max_length": 8192,
        "pad_token": "<|endoftext|>",
        "split_special_tokens": False,
        # Not Qwen2Tokenizer: that class puts Qwen2's own pattern in place of the one in
        # tokenizer.json, which would split numbers into digits.
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": None,
    }
