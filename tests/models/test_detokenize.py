"""Text that streams: whole characters only, and nothing lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.models.detokenize import TextStream

ORACLES = Path(__file__).resolve().parents[1] / "oracles"


def from_bytes(ids: Sequence[int]) -> str:
    """A tokenizer of one byte a token."""
    return bytes(ids).decode("utf-8", errors="replace")


@given(st.text(max_size=30))
def test_characters_are_never_broken(text: str) -> None:
    stream = TextStream(from_bytes)
    pieces = [stream.push(byte) for byte in text.encode()]
    assert "".join(pieces) + stream.finish() == text
    for piece in pieces:
        assert "\ufffd" not in piece.replace("\ufffd", "", text.count("\ufffd"))


@given(st.binary(max_size=30))
def test_bytes_that_are_no_text_are_not_lost(data: bytes) -> None:
    stream = TextStream(from_bytes)
    text = "".join(stream.push(byte) for byte in data) + stream.finish()
    assert text == from_bytes(data)


def test_a_blank_that_a_tokenizer_drops_at_the_start_is_kept_inside() -> None:
    words = ["▁The", "▁left", "▁lung", "."]

    def decode(ids: Sequence[int]) -> str:
        return "".join(words[i] for i in ids).replace("▁", " ").removeprefix(" ")

    stream = TextStream(decode)
    assert [stream.push(i) for i in range(4)] == ["The", " left", " lung", "."]


@pytest.mark.parametrize("name", ["chexone", "medvlm_r1"])
def test_pieces_of_recorded_answers_join_to_their_text(
    name: str, request: pytest.FixtureRequest
) -> None:
    tokens: Any = request.getfixturevalue(name).tokens
    for path in (ORACLES / name / "cases").glob("*/expected.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            ids = arrays["greedy_ids"].tolist()
        stream = TextStream(tokens.visible)
        text = "".join(stream.push(i) for i in ids) + stream.finish()
        assert text == tokens.visible(ids)
