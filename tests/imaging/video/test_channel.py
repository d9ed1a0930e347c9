from __future__ import annotations

from pathlib import Path

import pytest

from napari_medvlm.imaging.video.channel import ChannelError, receive, send


def test_a_stream_that_was_closed_here_is_the_end_of_the_channel(tmp_path: Path) -> None:
    stream = (tmp_path / "pipe").open("wb", buffering=0)
    stream.close()
    with pytest.raises(ChannelError, match="closed"):
        send(stream, {"op": "decode"})
    with pytest.raises(ChannelError, match="closed"):
        receive(stream)
