"""Frame ``i`` is frame ``i`` of a plain decode from the start, however one gets there."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medvlm.imaging.video import with_pyav
from napari_medvlm.imaging.video.facts import DecodingError, Wanted
from napari_medvlm.imaging.video.with_decord import DecordDecoder
from napari_medvlm.imaging.video.with_pyav import PyAVDecoder

from .making import COLUMNS, ROWS, cut_start, picture, plain_decode, set_matrix, write_video
from .odd_streams import write_sizes, write_streams

#: name -> ending of the file, and how it is written
VIDEOS = {
    "groups of 10 with B-frames": ("mp4", {"options": {"g": "10", "bf": "2"}}),
    "one group": ("mp4", {"options": {"g": "250", "bf": "3", "sc_threshold": "0"}}),
    "key frames alone": ("mp4", {"options": {"g": "1", "bf": "0"}}),
    "no B-frames": ("mov", {"options": {"g": "12", "bf": "0"}}),
    "Matroska": ("mkv", {"options": {"g": "10", "bf": "2"}}),
    "fragments": ("mp4", {"container": {"movflags": "frag_keyframe+empty_moov"}}),
    "late start": ("mp4", {"start": 50}),
    "late start, Matroska": ("mkv", {"start": 50}),
    "varying rate": ("mp4", {"steps": (20, 20, 100, 33)}),
    "varying rate, Matroska": ("mkv", {"steps": (20, 20, 100, 33)}),
    "full colour, odd size": ("mp4", {"size": (47, 63), "pixels": "yuv444p"}),
    "full range": ("mp4", {"colour": (5, 2)}),
    "BT.709": ("mp4", {"colour": (1, 1)}),
    "MPEG-4 in AVI": ("avi", {"codec": "mpeg4", "options": {"g": "12", "bf": "0"}}),
    "motion JPEG": ("avi", {"codec": "mjpeg", "pixels": "yuvj420p"}),
    "VP9": ("webm", {"codec": "libvpx-vp9", "options": {"g": "12", "deadline": "realtime"}}),
    "grey": ("mkv", {"codec": "ffv1", "pixels": "gray"}),
}  # fmt: skip
#: Those that decord gets wrong, or cannot open.
HARD = {
    "open groups": ("mp4", {"options": {"x264-params": "keyint=10:open-gop=1:bframes=3"}}),
    "gradual refresh": ("mp4", {"options": {"x264-params": "keyint=12:intra-refresh=1"}}),
    "open groups, HEVC": (
        "mp4",
        {
            "codec": "libx265",
            "options": {"x265-params": "keyint=10:bframes=3:open-gop=1:log-level=none"},
        },
    ),
    "B-frames in AVI": ("avi", {"options": {"g": "10", "bf": "2"}}),
    "MPEG-4 B-frames in AVI": ("avi", {"codec": "mpeg4", "options": {"g": "12", "bf": "2"}}),
    "odd size": ("mkv", {"codec": "mpeg4", "size": (75, 101), "options": {"g": "12"}}),
    "10 bits": ("mp4", {"pixels": "yuv420p10le"}),
    "program stream": ("mpg", {"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}}),
    "transport stream": ("ts", {"options": {"g": "10", "bf": "2"}}),
    "ASF": ("wmv", {"codec": "wmv2", "kind": "asf", "options": {"g": "12"}}),
}
ORDER = (39, 0, 21, 20, 7, 33, 8, 9, 10, 38)


def never() -> None:
    """For decoders that tell that they are alive."""


def check(decoder, decoded) -> None:
    assert len(decoder.facts.times) == len(decoded)
    assert decoder.facts.size == decoded[0].shape[:2]
    for index in ORDER:
        ((told, pixels),) = decoder.each([index])
        assert told == index
        np.testing.assert_array_equal(pixels, decoded[index])
    for several in (range(1, 40, 7), range(40), [3, 30]):
        got = list(decoder.each(list(several)))
        assert [index for index, _ in got] == list(several)
        for index, pixels in got:
            np.testing.assert_array_equal(pixels, decoded[index])
    decoder.close()


@pytest.mark.parametrize("name", [*VIDEOS, *HARD])
def test_frames_in_any_order_are_those_of_a_plain_decode(tmp_path, name):
    ending, how = (VIDEOS | HARD)[name]
    path = write_video(tmp_path / f"a.{ending}", **how)
    decoded, times = plain_decode(path)
    decoder = PyAVDecoder(Wanted(path=str(path)), never)
    check(decoder, decoded)
    # An H.264 stream in AVI has its first frames' times wrong in a plain decode too.
    expected = np.arange(40) / 25 if name == "B-frames in AVI" else np.subtract(times, times[0])
    np.testing.assert_allclose(decoder.facts.times, expected, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "from_table"),
    [
        ("groups of 10 with B-frames", True),
        ("one group", True),
        ("no B-frames", True),
        ("open groups", True),
        ("open groups, HEVC", True),
        ("late start", True),
        ("varying rate", False),
        ("fragments", False),
    ],
)
def test_of_large_files_the_header_tells_the_same_where_it_is_enough(
    tmp_path, monkeypatch, name, from_table
):
    ending, how = (VIDEOS | HARD)[name]
    path = write_video(tmp_path / f"a.{ending}", **how)
    decoded, _ = plain_decode(path)
    plain = PyAVDecoder(Wanted(path=str(path)), never)
    monkeypatch.setattr(with_pyav, "_LARGE", 0)
    scanned = []
    scan = with_pyav.index_packets
    monkeypatch.setattr(
        with_pyav, "index_packets", lambda *given: scanned.append(1) or scan(*given)
    )
    decoder = PyAVDecoder(Wanted(path=str(path)), never)
    assert decoder.facts == plain.facts
    assert from_table == (not scanned)
    check(decoder, decoded)


def test_an_edit_list_is_told_by_the_packets_of_large_files_too(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mp4")
    cut_start(path, 5 * 512)
    monkeypatch.setattr(with_pyav, "_LARGE", 0)
    decoder = PyAVDecoder(Wanted(path=str(path)), never)
    check_count = len(plain_decode(path)[0])
    assert len(decoder.facts.times) == check_count == 35


@pytest.mark.parametrize("name", VIDEOS)
def test_decord_gives_the_same_pixels(tmp_path, name):
    pytest.importorskip("decord", reason="decord has no build for this platform")
    ending, how = VIDEOS[name]
    path = write_video(tmp_path / f"a.{ending}", **how)
    decoded, times = plain_decode(path)
    wanted = Wanted(path=str(path))
    if ending == "avi" or name == "full colour, odd size":
        with pytest.raises(DecodingError, match="install PyAV"):
            DecordDecoder(wanted, never)
        return
    decoder = DecordDecoder(wanted, never)
    check(decoder, decoded)
    np.testing.assert_allclose(decoder.facts.times, np.subtract(times, times[0]), atol=1e-5)


@pytest.mark.parametrize("name", ["B-frames in AVI", "odd size", "program stream"])
def test_decord_refuses_what_it_would_get_wrong(tmp_path, name):
    pytest.importorskip("decord", reason="decord has no build for this platform")
    ending, how = HARD[name]
    path = write_video(tmp_path / f"a.{ending}", **how)
    with pytest.raises(DecodingError, match="install PyAV"):
        DecordDecoder(Wanted(path=str(path)), never)


@pytest.mark.parametrize(
    "matrix",
    [(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0),
     (-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)],
)  # fmt: skip
def test_frames_are_turned_as_the_display_matrix_asks(tmp_path, matrix):
    path = write_video(tmp_path / "a.mp4", count=12)
    set_matrix(path, matrix)
    stored = plain_decode(path)[0][7]
    a, b, c, d = matrix
    y, x = np.mgrid[:ROWS, :COLUMNS]
    right, down = a * x + c * y, b * x + d * y
    right, down = right - right.min(), down - down.min()
    shown = np.zeros((down.max() + 1, right.max() + 1, 3), np.uint8)
    shown[down, right] = stored
    decoder = PyAVDecoder(Wanted(path=str(path)), never)
    assert decoder.facts.size == shown.shape[:2]
    ((_, pixels),) = decoder.each([7])
    np.testing.assert_array_equal(pixels, shown)


def test_what_an_edit_list_cuts_away_is_no_frame(tmp_path):
    whole = write_video(tmp_path / "whole.mp4")
    frames = plain_decode(whole)[0]
    path = write_video(tmp_path / "a.mp4")
    cut_start(path, 5 * 512)  # five frames at 12800 ticks a second
    decoder = PyAVDecoder(Wanted(path=str(path)), never)
    assert len(decoder.facts.times) == 35
    for index, pixels in decoder.each([0, 4, 30]):
        np.testing.assert_array_equal(pixels, frames[index + 5])
    for index in (30, 1):
        np.testing.assert_array_equal(next(decoder.each([index]))[1], frames[index + 5])


@pytest.mark.parametrize("colour", [(1, 1), (1, 2), (5, 1), (5, 2)])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le"])
def test_colours_come_back_whatever_matrix_and_range_they_were_stored_with(
    tmp_path, colour, pixels
):
    path = write_video(
        tmp_path / "a.mp4", colour=colour, pixels=pixels, count=8, options={"crf": "1"}
    )
    ((_, frame),) = PyAVDecoder(Wanted(path=str(path)), never).each([7])
    flat = np.s_[20:40, 20:40]
    assert np.abs(frame[flat].astype(int) - picture(7)[flat]).max() <= 3


@pytest.mark.parametrize(
    ("codec", "kind"), [("libx264", "h264"), ("libx265", "hevc"), ("mpeg2video", "mpeg2video")]
)
@pytest.mark.parametrize("in_memory", [True, False])
def test_elementary_streams_have_the_times_they_are_told(tmp_path, codec, kind, in_memory):
    options = {"x265-params": "keyint=10:log-level=none"} if kind == "hevc" else {"g": "10"}
    path = write_video(tmp_path / "a", codec=codec, kind=kind, options=options)
    with_times = write_video(tmp_path / "a.mkv", codec=codec, options=options)
    decoded, _ = plain_decode(with_times)
    place = Wanted(data=path.read_bytes()) if in_memory else Wanted(path=str(path))
    decoder = PyAVDecoder(Wanted(place.path, place.data, fps=20), never)
    np.testing.assert_allclose(decoder.facts.times, np.arange(40) / 20)
    check(decoder, decoded)


def test_an_elementary_stream_without_a_rate_is_refused(tmp_path):
    path = write_video(tmp_path / "a", kind="h264")
    with pytest.raises(DecodingError, match="no frame rate is known"):
        PyAVDecoder(Wanted(path=str(path)), never)


def test_the_count_told_wins_where_packets_cannot_tell(tmp_path):
    path = write_video(tmp_path / "a", kind="h264")
    decoder = PyAVDecoder(Wanted(path=str(path), fps=20, frames=20), never)
    assert len(decoder.facts.times) == 20


def test_a_damaged_frame_costs_no_other(tmp_path):
    path = write_video(tmp_path / "a.mp4", options={"g": "1", "bf": "0"})
    decoded, _ = plain_decode(path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = b"\xff" * 200
    path.write_bytes(data)
    decoder = PyAVDecoder(Wanted(path=str(path)), never)
    whole = 0
    for index, time in enumerate(decoder.facts.times):
        try:
            ((_, pixels),) = decoder.each([index])
        except DecodingError:
            continue
        # Frames that are gone altogether leave a gap in the times.
        whole += np.array_equal(pixels, decoded[round(time * 25)])
    assert 36 <= whole < 40


def test_squeezed_pixels_are_a_remark(tmp_path):
    path = write_video(tmp_path / "a.mkv", count=3, options={"x264-params": "sar=4/3"})
    assert "not square" in PyAVDecoder(Wanted(path=str(path)), never).facts.remarks[0]


ODD = {
    "squeezed": ("mp4", {"options": {"x264-params": "sar=4/3"}}),
    "squeezed, Matroska": ("mkv", {"options": {"x264-params": "sar=4/3"}}),
    "interlaced": ("mp4", {"options": {"x264-params": "tff=1"}}),
    "interlaced, Matroska": ("mkv", {"options": {"x264-params": "tff=1"}}),
    "interlaced, QuickTime": ("mov", {"options": {"x264-params": "bff=1"}}),
    "interlaced, high 4:4:4": ("mp4", {"pixels": "yuv444p", "options": {"x264-params": "tff=1"}}),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_decord_refuses_what_asks_for_more_than_its_stored_frames(tmp_path, name):
    pytest.importorskip("decord", reason="decord has no build for this platform")
    ending, how = ODD[name]
    path = write_video(tmp_path / f"a.{ending}", count=3, **how)
    with pytest.raises(DecodingError, match="which decord passes over; install PyAV"):
        DecordDecoder(Wanted(path=str(path)), never)
    with pytest.raises(DecodingError, match="which decord passes over"):
        DecordDecoder(Wanted(data=path.read_bytes()), never)


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_decord_refuses_several_streams_and_sizes(tmp_path, ending):
    pytest.importorskip("decord", reason="decord has no build for this platform")
    several = write_streams(tmp_path / f"a.{ending}", [(24, 32), (48, 64)], 1)
    with pytest.raises(DecodingError, match="2 video tracks"):
        DecordDecoder(Wanted(path=str(several)), never)


@pytest.mark.parametrize("matrix", [(0, 1, -1, 0), (-1, 0, 0, 1), (-1, 0, 0, -1)])
def test_decord_refuses_turned_videos(tmp_path, matrix):
    pytest.importorskip("decord", reason="decord has no build for this platform")
    path = write_video(tmp_path / "a.mp4", count=3)
    set_matrix(path, matrix)
    with pytest.raises(DecodingError, match="a turn"):
        DecordDecoder(Wanted(path=str(path)), never)


def test_decord_says_that_it_does_not_notice_other_sizes(tmp_path):
    pytest.importorskip("decord", reason="decord has no build for this platform")
    path = write_sizes(tmp_path / "a.mkv", "libx264", [(64, 64), (64, 128)])
    decoder = DecordDecoder(Wanted(path=str(path)), never)
    assert "frames of another size than the first" in decoder.facts.remarks[0]
