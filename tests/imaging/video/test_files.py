from __future__ import annotations

import copy
import threading

import av
import numpy as np
import pytest

from napari_medvlm.errors import ImagingError, SelectionError
from napari_medvlm.imaging import Clip, Selection, read, source_id, take
from napari_medvlm.imaging.video.files import _Decord, _PyAV

COUNT, ROWS, COLUMNS = 90, 48, 64


def write_video(path, steps=None):
    """A bar that moves one pixel a frame, with key frames every 10 and B-frames between."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = COLUMNS, ROWS, "yuv420p"
        stream.options = {"g": "10", "bf": "2"}
        for n in range(COUNT):
            pixels = np.full((ROWS, COLUMNS, 3), 2 * n, np.uint8)
            pixels[:, n % 60 : n % 60 + 4] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("video") / "Doe_Jane.mp4")


@pytest.fixture(scope="module")
def decoded(video):
    with av.open(str(video)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.fixture(params=["decord", "av"])
def clip(request, video):
    if request.param == "decord":
        pytest.importorskip("decord", reason="decord has no build for this platform")
    kind = {"decord": _Decord, "av": _PyAV}[request.param]
    return Clip(kind(video), digest="d" * 64)


def test_frames_in_any_order_are_those_of_a_plain_decode(clip, decoded):
    assert clip.shape == (COUNT, ROWS, COLUMNS, 3)
    for index in (89, 0, 41, 40, 7, 63):
        np.testing.assert_array_equal(clip.frame(index), decoded[index])
    several = clip.frames((70, 3, 70))
    for pixels, index in zip(several, (70, 3, 70), strict=True):
        np.testing.assert_array_equal(pixels, decoded[index])


def test_times_are_seconds_from_the_first_frame(clip):
    np.testing.assert_allclose(clip.times, np.arange(COUNT) / 25, atol=1e-4)
    assert clip.fps == pytest.approx(25)


def test_only_so_many_frames_are_kept_and_none_can_be_written_to(clip):
    clip.frames(range(COUNT))
    assert len(clip._cache) == 64
    assert list(clip._cache)[-1] == COUNT - 1
    with pytest.raises(ValueError, match="read-only"):
        clip.frame(0)[:] = 0


def test_frames_that_are_not_there(clip):
    for index in (-1, COUNT):
        with pytest.raises(SelectionError, match="0 to 89"):
            clip.frame(index)


def test_threads_may_share_a_clip(clip, decoded):
    wrong: list[int] = []

    def look(start: int) -> None:
        for n in range(12):
            index = (start + 37 * n) % COUNT
            if not np.array_equal(clip.frame(index), decoded[index]):
                wrong.append(index)

    threads = [threading.Thread(target=look, args=(s,)) for s in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not wrong


def test_the_array_slices_like_the_decoded_stack(clip, decoded):
    array, stack = clip.as_array(), np.stack(decoded)
    assert (array.shape, array.dtype, array.ndim) == (stack.shape, stack.dtype, stack.ndim)
    for key in (
        5, -1, slice(3, 9, 2), (4, slice(None), 7), (slice(0, 2), ..., 1), (..., 0), (np.int64(8),),
        ([2, 5], slice(1, 3)), slice(0, 0),
    ):  # fmt: skip
        np.testing.assert_array_equal(array[key], stack[key])
    np.testing.assert_array_equal(np.asarray(array), stack)
    assert copy.deepcopy(array) is array


def test_taken_frames_carry_seconds_and_the_way_back(video, decoded):
    (clip,) = read(video)
    assert isinstance(clip, Clip)
    frames = take(clip, Selection((10, 50)))
    assert [(f.index, f.plane, f.unit) for f in frames] == [(10, "frame", "s"), (50, "frame", "s")]
    assert frames[1].position == pytest.approx(2.0, abs=1e-4)
    np.testing.assert_array_equal(frames[0].pixels, decoded[10])
    np.testing.assert_allclose(frames[1].to_source @ (3.5, 2.5, 1), (50, 2, 3))
    assert frames[0].source == source_id(clip)
    with pytest.raises(SelectionError, match="no frame 90"):
        take(clip, Selection((90,)))


def test_the_name_of_a_clip_says_nothing_of_its_file(video):
    (clip,) = read(video)
    assert "Doe" not in repr(clip)


def test_without_decord_pyav_reads(video, monkeypatch, decoded):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (clip,) = read(video)
    assert isinstance(clip._source, _PyAV)
    np.testing.assert_array_equal(clip.frame(33), decoded[33])


@pytest.mark.parametrize("keep", [0.2, 0.9])
def test_truncated_videos_are_errors(video, tmp_path, keep, capfd):
    path = tmp_path / "a.mp4"
    data = video.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(ImagingError, match="damaged or ends early"):
        read(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("kind", [_Decord, _PyAV])
def test_junk_is_an_error_of_either_decoder(tmp_path, kind):
    path = tmp_path / "a.avi"
    path.write_bytes(b"RIFF\0\0\0\0AVI " + b"junk" * 100)
    with pytest.raises(ImagingError, match="no video could be decoded"):
        kind(path)
