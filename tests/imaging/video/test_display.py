"""What a video asks for its display is applied, or its absence told."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.imaging import Clip, Selection, read, take
from napari_medvlm.imaging.video.facts import MOST_PIXELS, Wanted
from napari_medvlm.imaging.video.index import index_packets
from napari_medvlm.imaging.video.shaping import shaping_of
from napari_medvlm.imaging.video.turning import Turn, is_plain_turn
from napari_medvlm.imaging.video.with_pyav import PyAVDecoder

from .making import picture, plain_decode, set_matrix, write_video
from .odd_streams import disc, encoded, extent, write_sizes, write_stamps, write_streams


def only(path) -> Clip:
    (clip,) = read(path)
    assert isinstance(clip, Clip)
    return clip


def said(clip: Clip, *words: str) -> bool:
    return any(all(word in remark for word in words) for remark in clip.remarks)


# Sizes that change


@pytest.mark.parametrize(
    ("codec", "ending"),
    [
        ("libx264", "ts"), ("libx265", "ts"), ("mpeg2video", "ts"), ("mpeg4", "ts"),
        ("mpeg2video", "mpg"), ("libx264", "mkv"), ("mjpeg", "mkv"), ("mjpeg", "avi"),
        ("libvpx", "webm"), ("libvpx-vp9", "webm"), ("libsvtav1", "mkv"),
    ],
)  # fmt: skip
def test_frames_of_other_sizes_keep_their_proportions(tmp_path, codec, ending):
    path = write_sizes(tmp_path / f"a.{ending}", codec, [(64, 64), (64, 128), (96, 64)])
    with only(path) as clip:
        assert clip.shape == (15, 96, 128, 3)
        assert said(clip, "size of its frames changes", "64 × 64, 128 × 64, 64 × 96")
        # FFmpeg's MPEG-2 decoder loses the last frame before each change, and says so.
        for index in (12, 0, 6, 2, 11):
            rows, columns = extent(clip.frame(index))
            assert abs(rows - 41) <= 1
            assert abs(columns - 41) <= 1


def test_smaller_frames_lie_pixel_for_pixel_in_the_middle(tmp_path):
    path = write_sizes(tmp_path / "a.ts", "libx264", [(64, 64), (96, 128)])
    plain, _ = plain_decode(path)
    with only(path) as clip:
        np.testing.assert_array_equal(clip.frame(1)[16:80, 32:96], plain[1])
        assert not clip.frame(1)[:16].any()
        np.testing.assert_array_equal(clip.frame(7), plain[7])


def test_a_stream_of_one_size_is_not_said_to_change(tmp_path):
    with only(write_video(tmp_path / "a.ts", options={"g": "5"})) as clip:
        assert clip.remarks == ()


sides = st.integers(40, 200)


@given(
    st.lists(st.tuples(sides, sides), min_size=1, max_size=4), st.tuples(sides, sides), st.data()
)
def test_every_frame_fits_and_keeps_its_proportions(sizes, other, data):
    aspect = data.draw(st.fractions(Fraction(1, 4), Fraction(4), max_denominator=50))
    turn = Turn(*data.draw(st.tuples(st.booleans(), st.booleans(), st.booleans())))
    shaping = shaping_of(sizes, aspect, turn)

    class Frame:
        """White all over, of any size."""

        def __init__(self, size):
            self.height, self.width = size

        def to_ndarray(self, format, width, height):
            self.given = (height, width)
            return np.full((height, width, 3), 255, np.uint8)

    for size in (*sizes, other):
        frame = Frame(size)
        pixels = shaping.pixels(frame)
        assert pixels.shape == (*shaping.size, 3)
        white = int(pixels[..., 0].astype(bool).sum())
        assert white == frame.given[0] * frame.given[1]
        # Both sides are rounded once or twice.
        rows, columns = frame.given
        assert columns / rows == pytest.approx(float(size[1] * aspect / size[0]), rel=0.15)


def test_a_canvas_beyond_all_measure_is_not_made():
    side = math.isqrt(MOST_PIXELS)
    sizes = [(64, 64), (side, 2), (2, 2 * side)]
    assert shaping_of(sizes, Fraction(1), Turn()).size == (64, 64)


# Pixels that are not square


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize(
    ("aspect", "size"), [("4/3", (60, 107)), ("3/4", (80, 80)), ("16/11", (60, 116))]
)
def test_frames_are_resampled_to_square_pixels(tmp_path, ending, aspect, size):
    path = tmp_path / f"a.{ending}"
    write_video(path, count=3, size=(60, 80), options={"x264-params": f"sar={aspect}"})
    with only(path) as clip:
        assert clip.shape == (3, *size, 3)
        assert said(clip, "not square", "resampled to square ones")
        (frame,) = take(clip, Selection(indices=(1,)))
        assert frame.pixels.shape[:2] == size
        # A box on the frame that is sent is the same box on the frame that is shown.
        np.testing.assert_allclose(frame.box_corners((3, 4, 9, 11))[0], (1, 3.5, 2.5))


def test_a_circle_stored_squeezed_is_shown_round(tmp_path):
    squeezed = disc(128, 128, 50)[:, ::2]
    import av

    with av.open(str(tmp_path / "a.mkv"), "w") as file:
        stream = file.add_stream("libx264", rate=10)
        stream.height, stream.width, stream.pix_fmt = 128, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2)
        file.mux(stream.encode(av.VideoFrame.from_ndarray(squeezed, format="rgb24")))
        file.mux(stream.encode())
    with only(tmp_path / "a.mkv") as clip:
        rows, columns = extent(clip.frame(0))
        assert abs(rows - columns) <= 2


def test_a_stream_inside_another_file_stays_as_stored_and_says_so(tmp_path):
    # What carries it tells the distance of its stored pixels.
    path = write_video(tmp_path / "a.mkv", count=3, options={"x264-params": "sar=4/3"})
    facts = PyAVDecoder(Wanted(path=str(path)), lambda: None).facts
    assert facts.size == (48, 64)
    assert "frames are shown as stored" in facts.remarks[0]


def test_pixels_too_oblong_to_be_believed_stay_as_stored():
    assert shaping_of([(48, 64)], Fraction(5), Turn()).size == (48, 64)
    assert shaping_of([(48, 64)], Fraction(1, 9), Turn()).size == (48, 64)


# Interlaced


@pytest.mark.parametrize(
    ("codec", "ending", "options"),
    [
        ("libx264", "mp4", {"x264-params": "tff=1"}),
        ("libx264", "ts", {"x264-params": "bff=1"}),
        ("mpeg2video", "mpg", {"flags": "+ildct+ilme"}),
        ("mpeg2video", "ts", {"flags": "+ildct+ilme"}),
    ],
)
def test_interlaced_frames_are_told(tmp_path, codec, ending, options):
    path = write_video(tmp_path / f"a.{ending}", codec=codec, count=6, options=options)
    with only(path) as clip:
        assert said(clip, "interlaced", "shown as stored")


# Turned by any angle


@pytest.mark.parametrize("angle", [30, 45, 100, 200])
def test_another_angle_than_a_quarter_turn_is_told(tmp_path, angle):
    path = write_video(tmp_path / "a.mp4", count=2)
    set_matrix(path, (1, 0, 0, 1))
    data = bytearray(path.read_bytes())
    sine, cosine = (f(math.radians(angle)) for f in (math.sin, math.cos))
    at = data.index(b"tkhd") + 4 + 40
    numbers = [round(n * 65536) for n in (cosine, sine, 0, -sine, cosine)]
    data[at : at + 20] = b"".join(n.to_bytes(4, "big", signed=True) for n in numbers)
    path.write_bytes(data)
    with only(path) as clip:
        assert said(clip, "no quarter turn")


@pytest.mark.parametrize("matrix", [(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, 1), (0, 1, 1, 0)])
def test_quarter_turns_and_mirroring_are_applied_and_need_no_word(tmp_path, matrix):
    path = write_video(tmp_path / "a.mp4", count=2)
    set_matrix(path, matrix)
    with only(path) as clip:
        assert clip.remarks == ()


def test_a_matrix_that_stretches_is_told():
    def matrix(a, b, c, d):
        return np.array([a, b, 0, c, d, 0, 0, 0, 1 << 14], "=i4").tobytes()

    assert is_plain_turn(None)
    assert is_plain_turn(matrix(65536, 0, 0, 65536))
    assert is_plain_turn(matrix(0, -65536, 65536, 2))
    assert not is_plain_turn(matrix(131072, 0, 0, 65536))
    assert not is_plain_turn(matrix(65536, 6000, 0, 65536))
    assert not is_plain_turn(matrix(0, 0, 0, 0))


# Several streams


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
@pytest.mark.parametrize(("default", "size"), [(0, (24, 32)), (1, (48, 64))])
def test_the_stream_that_players_choose_is_shown(tmp_path, ending, default, size):
    path = write_streams(tmp_path / f"a.{ending}", [(24, 32), (48, 64)], default)
    with only(path) as clip:
        assert clip.shape == (6, *size, 3)
        assert said(clip, "2 video streams", f"number {default + 1} is shown")
        assert clip.frame(5).shape == clip.frame(0).shape


@pytest.mark.parametrize("cover", [0, 1])
def test_the_cover_of_an_album_is_no_stream(tmp_path, cover):
    path = write_streams(tmp_path / "a.mp4", [(24, 32), (48, 64)], 1 - cover, cover)
    with only(path) as clip:
        assert len(clip) == 6
        assert clip.remarks == ()


# Stamps


@pytest.mark.parametrize("stamps", [[0, 1, 1, 2, 3, 3, 4], [0, 0, 1, 2], [5, 6, 6, 6, 6, 9]])
@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
def test_equal_stamps_are_kept_and_frames_stay_in_order(tmp_path, stamps, codec):
    path = write_stamps(tmp_path / "a.mkv", stamps, codec)
    with only(path) as clip:
        assert clip.times == pytest.approx([(s - stamps[0]) / 10 for s in stamps])
        assert said(clip, "time stamp of the one before")
        plain, _ = plain_decode(path)
        for index in (len(stamps) - 1, 0, 2, 1):
            found = np.abs(clip.frame(index).astype(int) - plain[index]).max()
            assert found <= 2  # the same frame, in whatever order it was asked for
        assert clip.at_seconds(clip.duration) == len(stamps) - 1


def test_stamps_that_go_back_are_replaced_and_told(tmp_path):
    packets = encoded("mjpeg", [picture(n) for n in range(4)], pixels="yuvj420p")
    for packet, stamp in zip(packets, (0, 2, 1, 3), strict=True):
        packet.pts = stamp
    assert not index_packets(packets, lambda: None, "mjpeg").ascending


# Cut off


@pytest.mark.parametrize("more", [{}, {"rate": 24}, {"start": 50}, {"audio": True}])
@pytest.mark.parametrize("left", [1, 6, 10, 11])
def test_each_frame_that_a_matroska_file_lacks_is_told(tmp_path, more, left):
    path = write_video(tmp_path / "a.mkv", codec="mpeg4", count=12, **more)
    with only(path) as clip:
        assert not said(clip, "cut off")
    whole = path.read_bytes()
    for size in range(len(whole), 0, -12):
        path.write_bytes(whole[:size])
        count = index_of(path)
        if count <= left:
            break
    assert count == left
    with only(path) as clip:
        assert len(clip) == left
        assert said(clip, f"{12 - left} frame", "cut off")


def index_of(path) -> int:
    import av

    try:
        with av.open(str(path)) as file:
            return sum(p.size > 0 and not p.is_corrupt for p in file.demux(video=0))
    except av.FFmpegError:
        return 0


@pytest.mark.parametrize("steps", [(40, 200), (33, 33, 34), (10, 10, 10, 500)])
def test_an_uneven_rate_is_not_taken_for_a_cut(tmp_path, steps):
    with only(write_video(tmp_path / "a.mkv", count=13, steps=steps)) as clip:
        assert not said(clip, "cut off")
