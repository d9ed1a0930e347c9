from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Clip, Selection, Volume, Window, read, take
from napari_medvlm.imaging.scan import scan
from napari_medvlm.imaging.windowing import apply_window

from ..series import image, save
from ..video.making import COLUMNS, ROWS, plain_decode, write_video

FILM = {"position": None, "orientation": None}


def clip_of(path: Path) -> Clip:
    (clip,) = read(path)
    assert isinstance(clip, Clip)
    return clip


def colours(frames: int = 6):
    return np.random.default_rng(0).integers(0, 255, (frames, 12, 10, 3)).astype(np.uint8)


def grey(frames: int = 6):
    ramp = np.linspace(0, 4095, frames * 120).reshape(frames, 12, 10)
    return ramp.astype(np.uint16)


def ultrasound(**tags):
    return image(colours(), Modality="US", NumberOfFrames=6, **FILM, **tags)


def angiogram(**tags):
    defaults = {"Modality": "XA", "NumberOfFrames": 6, "BitsStored": 12, "HighBit": 11}
    return image(grey(), **FILM, **(defaults | tags))


@pytest.mark.parametrize(
    ("tags", "times"),
    [
        ({"FrameTime": 40}, (0, 0.04, 0.08, 0.12, 0.16, 0.2)),
        ({"FrameTimeVector": [0, 10, 20, 30, 40, 50]}, (0, 0.01, 0.03, 0.06, 0.1, 0.15)),
        ({"CineRate": 10}, (0, 0.1, 0.2, 0.3, 0.4, 0.5)),
        ({"RecommendedDisplayFrameRate": 20}, (0, 0.05, 0.1, 0.15, 0.2, 0.25)),
    ],
)
def test_times_of_frames(tmp_path, tags, times):
    clip = clip_of(save(ultrasound(**tags), tmp_path / "a"))
    np.testing.assert_allclose(clip.times, times)
    np.testing.assert_array_equal(np.stack(clip.frames(range(6))), colours())


def test_without_any_time_one_second_a_frame_is_assumed_and_told(tmp_path):
    clip = clip_of(save(ultrasound(), tmp_path / "a"))
    assert clip.times == (0, 1, 2, 3, 4, 5)
    assert "one second a frame" in " ".join(clip.remarks)


def test_a_scan_tells_a_clip_from_headers_alone(tmp_path):
    path = save(ultrasound(FrameTime=40), tmp_path / "a")
    (entry,) = scan(path).entries
    assert (entry.kind, entry.shape, entry.modality) == ("clip", (6, 12, 10), "US")
    np.testing.assert_array_equal(entry.preview(), colours()[3])


def test_ultrasound_calibration_is_the_clips_spacing(tmp_path):
    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType = 1, 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX, region.PhysicalDeltaY = 0.03, 0.02
    ds = ultrasound(FrameTime=40, PixelSpacing=None, SequenceOfUltrasoundRegions=[region])
    clip = clip_of(save(ds, tmp_path / "a"))
    np.testing.assert_allclose(clip.spacing, (0.2, 0.3))
    assert "inside the ultrasound region" in " ".join(clip.remarks)


def test_grey_frames_go_through_the_files_window(tmp_path):
    ds = angiogram(WindowCenter=2000, WindowWidth=1000, FrameTime=66)
    clip = clip_of(save(ds, tmp_path / "a"))
    expected = apply_window(grey(), Window(2000, 1000))
    np.testing.assert_array_equal(np.stack(clip.frames(range(6)))[..., 1], expected)
    assert "the file's window" in " ".join(clip.remarks)


def test_grey_frames_without_a_window_show_their_range(tmp_path):
    clip = clip_of(save(angiogram(FrameTime=66), tmp_path / "a"))
    frames = np.stack(clip.frames(range(6)))
    assert frames.min() < 5
    assert frames.max() > 250
    assert "Without a window" in " ".join(clip.remarks)


def test_grey_frames_of_8_bits_are_as_they_are(tmp_path):
    ds = image((grey() >> 4).astype(np.uint8), Modality="XA", NumberOfFrames=6, **FILM)
    clip = clip_of(save(ds, tmp_path / "a"))
    np.testing.assert_array_equal(clip.frame(2)[..., 0], grey()[2] >> 4)


def test_monochrome1_runs_are_inverted(tmp_path):
    tags = {"WindowCenter": 2000, "WindowWidth": 3000, "FrameTime": 66}
    plain = clip_of(save(angiogram(**tags), tmp_path / "a")).frame(3).astype(int)
    turned = angiogram(**tags, PhotometricInterpretation="MONOCHROME1")
    inverted = clip_of(save(turned, tmp_path / "b")).frame(3).astype(int)
    assert np.abs(inverted - (255 - plain)).max() <= 1


@pytest.mark.parametrize("modality", ["NM", "PT", "CT"])
def test_frames_of_counts_and_measurements_stay_a_volume(tmp_path, modality):
    ds = image(grey(), Modality=modality, NumberOfFrames=6, FrameTime=1000, **FILM)
    (volume,) = read(save(ds, tmp_path / "a"))
    assert isinstance(volume, Volume)
    np.testing.assert_array_equal(volume.voxels[:, 0], grey())


def test_one_broken_frame_is_an_error_of_its_own(tmp_path):
    ds = ultrasound(FrameTime=40)
    ds.compress(uid.JPEGLSLossless, generate_instance_uid=False)
    frames = list(generate_frames(ds.PixelData, number_of_frames=6))
    frames[4] = frames[4][:50]
    ds.PixelData = encapsulate(frames)
    with clip_of(save(ds, tmp_path / "a.dcm")) as clip:
        np.testing.assert_array_equal(clip.frame(3), colours()[3])
        with pytest.raises(ImagingError, match=r"a\.dcm: frame 4"):
            clip.frame(4)
        np.testing.assert_array_equal(clip.frame(5), colours()[5])


def test_frames_are_decoded_only_when_asked_for(tmp_path, monkeypatch):
    from napari_medvlm.imaging.dicom import cine

    asked = []
    plain = cine.read_image
    monkeypatch.setattr(cine, "read_image", lambda header: asked.append(1) or plain(header))
    with clip_of(save(ultrasound(FrameTime=40), tmp_path / "a")) as clip:
        assert not asked
        (frame,) = take(clip, Selection((5,), plane="frame"))
        np.testing.assert_array_equal(frame.pixels, colours()[5])


def test_the_same_instance_has_the_same_digest(tmp_path):
    path = save(ultrasound(FrameTime=40), tmp_path / "a")
    other = save(ultrasound(FrameTime=40), tmp_path / "b")
    assert clip_of(path).digest == clip_of(path).digest != clip_of(other).digest


VIDEOS = {
    uid.MPEG4HP41: ("libx264", "mp4"),
    uid.MPEG4HP41BD: ("libx264", "h264"),
    uid.HEVCMP51: ("libx265", "hevc"),
    uid.MPEG2MPML: ("mpeg2video", "mpegts"),
}


def video(stream: bytes, syntax: str, pieces: int = 1, **tags):
    ds = image(
        np.zeros((ROWS, COLUMNS, 3), np.uint8), Modality="ES", NumberOfFrames=30,
        PhotometricInterpretation="YBR_PARTIAL_420", **FILM, **tags,
    )  # fmt: skip
    ds.file_meta.TransferSyntaxUID = uid.UID(syntax)
    ds.PixelData = encapsulate([stream], fragments_per_frame=pieces)
    return ds


@pytest.mark.parametrize(("syntax", "pieces"), [(s, 1 + 2 * (n % 2)) for n, s in enumerate(VIDEOS)])
def test_video_streams(tmp_path, syntax, pieces):
    codec, kind = VIDEOS[syntax]
    options = {"x265-params": "log-level=none"} if codec == "libx265" else None
    film = write_video(tmp_path / "film", codec=codec, count=30, kind=kind, options=options)
    ds = video(film.read_bytes(), syntax, pieces, FrameTime=40)
    with clip_of(save(ds, tmp_path / "a.dcm")) as clip:
        assert clip.shape == (30, ROWS, COLUMNS, 3)
        np.testing.assert_allclose(clip.times, np.arange(30) * 0.04, atol=1e-5)
        frames, _ = plain_decode(film)
        np.testing.assert_array_equal(clip.frame(17), frames[17])


def test_a_damaged_video_is_an_error_that_names_the_file(tmp_path):
    ds = video(b"\0\0\0\1" + b"nothing" * 40, uid.MPEG4HP41, FrameTime=40)
    with pytest.raises(ImagingError, match=r"a\.dcm"):
        read(save(ds, tmp_path / "a.dcm"))
