"""Messages on the pipe: whole, or refused."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.engine.framing import ChannelError, read_message, write_message

messages = st.tuples(st.dictionaries(st.text(), st.text() | st.integers()), st.binary(max_size=99))


@given(st.lists(messages, max_size=4))
def test_messages_come_back_one_by_one(sent: list[tuple[dict[str, object], bytes]]) -> None:
    stream = io.BytesIO()
    for message, blob in sent:
        write_message(stream, message, blob)
    stream.seek(0)
    assert [read_message(stream) for _ in sent] == sent
    assert read_message(stream) is None


@given(messages, st.integers(1, 200))
def test_a_message_cut_short_is_refused(sent: tuple[dict[str, object], bytes], cut: int) -> None:
    stream = io.BytesIO()
    write_message(stream, *sent)
    whole = stream.getvalue()
    cut = min(cut, len(whole) - 1)
    with pytest.raises(ChannelError, match="ended"):
        read_message(io.BytesIO(whole[:-cut]))


@pytest.mark.parametrize(
    "data",
    [
        b"Some library printed this line on stdout\n",
        struct.pack(">4sIQ", b"MVL1", 2**31, 0),
        struct.pack(">4sIQ", b"MVL1", 2, 0) + b"[]",
    ],
)
def test_anything_else_on_the_pipe_is_refused(data: bytes) -> None:
    with pytest.raises(ChannelError, match="Expected"):
        read_message(io.BytesIO(data))
