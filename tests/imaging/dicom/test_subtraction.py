from __future__ import annotations

import numpy as np
import pytest
from pydicom.sequence import Sequence
from pydicom.uid import XRayAngiographicImageStorage

from napari_medvlm.imaging import Clip, read

from ..series import image, save
from .makers import item

BACKGROUND = np.random.default_rng(1).integers(50, 150, (16, 16)).astype(np.uint8)


def run(path, mask, mode="SUB", count=6) -> Clip:
    """Frames of one background, with a vessel that runs down by a row a frame."""
    frames = np.stack([BACKGROUND] * count)
    for n in range(1, count):
        frames[n, n] -= 40
    ds = image(
        frames, position=None, orientation=None, Modality="XA", NumberOfFrames=count, FrameTime=200,
        sop_class=XRayAngiographicImageStorage, FrameIncrementPointer=0x00181063,
    )  # fmt: skip
    if mode:
        ds.RecommendedViewingMode = mode
    if mask:
        ds.MaskSubtractionSequence = Sequence([item(**mask)])
    (clip,) = read(save(ds, path))
    assert isinstance(clip, Clip)
    return clip


def grey(clip: Clip, n: int) -> np.ndarray:
    return clip.frame(n)[..., 0].astype(int)


def said(clip: Clip) -> str:
    return " ".join(clip.remarks)


def test_frames_are_shown_minus_the_mean_of_their_masks(tmp_path):
    with run(tmp_path / "a", {"MaskOperation": "AVG_SUB", "MaskFrameNumbers": 1}) as clip:
        assert "minus mask frame 1" in said(clip)
        for n in range(1, 6):
            shown = grey(clip, n)
            assert len(np.unique(np.delete(shown, n, axis=0))) == 1  # no background is left
            assert (shown[n] < shown[n - 1]).all()
        assert len(np.unique(grey(clip, 0))) == 1


def test_a_frame_before_each_is_its_mask(tmp_path):
    with run(tmp_path / "a", {"MaskOperation": "TID", "TIDOffset": 2}) as clip:
        assert "the frame 2 before each" in said(clip)
        shown = grey(clip, 4)
        assert (shown[4] < shown[0]).all()
        assert (shown[2] > shown[0]).all()
        np.testing.assert_array_equal(grey(clip, 1), run_plainly(tmp_path)[1])


def run_plainly(tmp_path) -> list[np.ndarray]:
    with run(tmp_path / "plain", None, mode="NAT") as clip:
        return [grey(clip, n) for n in range(6)]


def test_frames_beyond_the_range_are_shown_as_they_were_taken(tmp_path):
    mask = {"MaskOperation": "AVG_SUB", "MaskFrameNumbers": 1, "ApplicableFrameRange": [3, 5]}
    with run(tmp_path / "a", mask) as clip:
        np.testing.assert_array_equal(grey(clip, 1), run_plainly(tmp_path)[1])
        assert len(np.unique(grey(clip, 3))) == 2


@pytest.mark.parametrize(
    ("mask", "mode", "words"),
    [
        ({"MaskOperation": "REV_TID"}, "SUB", "REV_TID); it is not done"),
        ({"MaskOperation": "AVG_SUB", "MaskFrameNumbers": 99}, "SUB", "it is not done"),
        (None, "SUB", "it is not done"),
        ({"MaskOperation": "AVG_SUB", "MaskFrameNumbers": 1}, "", "frames are not subtracted"),
    ],
)
def test_what_is_not_subtracted_is_said(tmp_path, mask, mode, words):
    with run(tmp_path / "a", mask, mode) as clip:
        assert words in said(clip)
        np.testing.assert_array_equal(grey(clip, 2), run_plainly(tmp_path)[2])


def test_a_run_that_is_to_be_seen_as_it_is_says_nothing(tmp_path):
    with run(tmp_path / "a", {"MaskOperation": "AVG_SUB", "MaskFrameNumbers": 1}, "NAT") as clip:
        assert "mask" not in said(clip)
