"""Opening: what is read, what is refused, and in which words."""

from __future__ import annotations

import importlib.util
import os

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from napari_medvlm.demo.files import sample_path
from napari_medvlm.errors import ImagingError, MissingExtraError
from napari_medvlm.imaging import Clip, Selection, read, source_id, take
from napari_medvlm.imaging.scan import scan
from napari_medvlm.imaging.video.files import open_stream, rate_remarks, read_video, scan_video

from .making import plain_decode, write_audio, write_video


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("video") / "Doe_Jane.mp4")


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "avi", "webm"])
def test_a_file_of_each_kind_is_read(tmp_path, ending):
    codec = "libvpx-vp9" if ending == "webm" else "mpeg4" if ending == "avi" else "libx264"
    path = write_video(tmp_path / f"a b é.{ending}", codec=codec, count=12)
    decoded, _ = plain_decode(path)
    (clip,) = read(path)
    assert isinstance(clip, Clip)
    assert clip.shape == (12, 48, 64, 3)
    for index in (11, 0, 5):
        np.testing.assert_array_equal(clip.frame(index), decoded[index])
    np.testing.assert_allclose(clip.times, np.arange(12) / 25, atol=2e-3)
    clip.close()


def test_a_scan_tells_shape_and_preview_and_opens(video):
    (entry,) = scan(video).entries
    assert (entry.kind, entry.shape, entry.files) == ("clip", (40, 48, 64), 1)
    np.testing.assert_array_equal(entry.preview(), plain_decode(video)[0][20])
    clip = entry.open()
    assert isinstance(clip, Clip)
    assert clip.fps == pytest.approx(25)


def test_a_folder_of_videos_is_scanned_with_one_process(tmp_path, monkeypatch):
    from napari_medvlm.imaging.video import guard

    started = []

    class Counted(guard.DecoderProcess):
        def __init__(self, *arguments):
            started.append(1)
            super().__init__(*arguments)

    guard._spare.take(guard.DecoderProcess).end()
    monkeypatch.setattr(
        guard.GuardedSource.__init__, "__kwdefaults__", {"using": None, "start": Counted}
    )
    monkeypatch.setattr(guard, "DecoderProcess", Counted)
    for n in range(6):
        write_video(tmp_path / f"{n}.mp4", count=3 + n)
    shapes = [entry.shape for entry in scan(tmp_path).entries]
    assert shapes == [(3 + n, 48, 64) for n in range(6)]
    assert len(started) == 1
    guard._spare.take(Counted).end()


def test_taken_frames_carry_seconds_and_the_way_back(video):
    (clip,) = read(video)
    frames = take(clip, Selection((10, 30)))
    assert [(f.index, f.plane, f.unit) for f in frames] == [(10, "frame", "s"), (30, "frame", "s")]
    assert frames[1].position == pytest.approx(1.2, abs=1e-4)
    np.testing.assert_array_equal(frames[0].pixels, plain_decode(video)[0][10])
    np.testing.assert_allclose(frames[1].to_source @ (3.5, 2.5, 1), (30, 2, 3))
    assert frames[0].source == source_id(clip)


def test_the_name_of_a_clip_says_nothing_of_its_file(video):
    clip = read_video(video)
    assert "Doe" not in repr(clip)
    assert not any("Doe" in remark for remark in clip.remarks)


def test_without_decord_pyav_reads(video, monkeypatch):
    _hide(monkeypatch, "decord")
    np.testing.assert_array_equal(read_video(video).frame(33), plain_decode(video)[0][33])


def test_without_pyav_decord_reads_and_says_so(video, monkeypatch):
    pytest.importorskip("decord", reason="decord has no build for this platform")
    _hide(monkeypatch, "av")
    clip = read_video(video)
    np.testing.assert_array_equal(clip.frame(33), plain_decode(video)[0][33])
    assert any("with decord" in remark for remark in clip.remarks)


def _hide(monkeypatch, library: str) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == library else find(name)
    )


def test_without_either_the_error_says_what_to_install(video, tmp_path, monkeypatch):
    for library in ("av", "decord"):
        (tmp_path / f"{library}.py").write_text("raise ImportError('hidden')")
    monkeypatch.syspath_prepend(str(tmp_path))
    from napari_medvlm.imaging.video import guard

    guard._spare.take(guard.DecoderProcess).end()  # one started before knows them
    with pytest.raises(MissingExtraError, match="av is needed to read videos"):
        read_video(video)
    guard._spare.take(guard.DecoderProcess).end()


def test_a_varying_rate_is_a_remark():
    assert rate_remarks((0.0, 0.04, 0.08)) == ()
    assert "0.040 to 0.200 s apart" in rate_remarks((0.0, 0.04, 0.24))[0]
    assert rate_remarks((0.0,)) == ()


@pytest.mark.parametrize("keep", [0.05, 0.2, 0.9])
def test_truncated_videos_are_errors(video, tmp_path, keep, capfd):
    path = tmp_path / "a.mp4"
    data = video.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(ImagingError, match=r"a\.mp4: .*damaged or ends early"):
        read(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("ending", "codec"), [("mkv", "libx264"), ("webm", "libvpx-vp9"), ("avi", "mjpeg")]
)
def test_of_a_cut_off_recording_the_whole_frames_are_shown_exactly(tmp_path, ending, codec):
    whole = write_video(
        tmp_path / f"whole.{ending}", codec=codec, options={"g": "5"},
        pixels="yuvj420p" if codec == "mjpeg" else "yuv420p",
    )  # fmt: skip
    decoded, _ = plain_decode(whole)
    data = whole.read_bytes()
    path = tmp_path / f"cut.{ending}"
    path.write_bytes(data[: len(data) * 6 // 10])
    clip = read_video(path)
    assert 5 < len(clip) < 40
    assert any("cut off" in remark for remark in clip.remarks)
    for index in (0, len(clip) // 2, len(clip) - 2):
        np.testing.assert_array_equal(clip.frame(index), decoded[index])


def test_sound_alone_is_no_video(tmp_path):
    with pytest.raises(ImagingError, match="no moving picture"):
        read_video(write_audio(tmp_path / "a.mp4"))


def test_sound_beside_the_picture_does_no_harm(tmp_path):
    path = write_video(tmp_path / "a.mkv", count=10, audio=True)
    assert len(read_video(path)) == 10


def test_a_video_of_no_frames_is_an_error(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.open()
        file.start_encoding()
    with pytest.raises(ImagingError, match=r"a\.mkv: "):
        read_video(path)


@pytest.mark.parametrize("backend", ["av", "decord"])
def test_junk_is_an_error_of_either_decoder(tmp_path, backend):
    path = tmp_path / "a.mkv"
    path.write_bytes(b"\x1a\x45\xdf\xa3" + b"junk" * 100)
    with pytest.raises(ImagingError, match=r"a\.mkv: no video could be decoded"):
        read_video(path, backend=backend)


def test_a_playlist_is_never_followed(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"#EXTM3U\n#EXTINF:1\nhttp://localhost:1/a.ts\n")
    with pytest.raises(ImagingError, match="unknown kind"):
        read_video(path)
    with pytest.raises(ImagingError, match="unknown kind"):
        open_stream(path.read_bytes())


def test_a_header_that_declares_giant_frames_is_refused(tmp_path):
    path = write_video(tmp_path / "a.avi", codec="rawvideo", count=2)
    data = bytearray(path.read_bytes())
    at = data.index(b"strf") + 8  # length of the header, then width and height
    data[at + 4 : at + 12] = (12000).to_bytes(4, "little") * 2
    path.write_bytes(data)
    with pytest.raises(ImagingError, match="12000 × 12000"):
        read_video(path)


SAMPLE = sample_path("ultrasound.mp4").read_bytes()


@given(cut=st.integers(0, len(SAMPLE) - 1))
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_sample_cut_anywhere_is_one_error(tmp_path, cut):
    path = tmp_path / "a.mp4"
    path.write_bytes(SAMPLE[:cut])
    with pytest.raises(ImagingError, match=r"a\.mp4"):
        read(path)


@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255)), min_size=1, max_size=30
    ),
    headers=st.booleans(),
)
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_sample_with_changed_bytes_is_a_clip_or_one_error(tmp_path, changes, headers):
    data = bytearray(SAMPLE)
    moov = data.index(b"moov")
    for at, flip in changes:
        if headers:
            at = moov + at % (len(data) - moov) if moov > len(data) // 2 else at % 4096
        data[at] ^= flip
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    try:
        clips = read(path)
        for clip in clips:
            assert isinstance(clip, Clip)
            for index in {0, len(clip) // 2, len(clip) - 1}:
                assert clip.frame(index).shape == clip.shape[1:]
            clip.close()
    except ImagingError as error:
        message = error.message
        event(message.partition("frame ")[0])
    else:
        message = "a.mp4: read"
    assert message.startswith("a.mp4: ")


def test_a_file_that_may_not_be_read_is_an_error(video, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(video.read_bytes())
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(ImagingError, match="could not be opened"):
        read(path)


def test_scanning_holds_no_process(video):
    entry = scan_video(video)
    clip = entry.open()
    assert isinstance(clip, Clip)
    assert clip._source._process is None
