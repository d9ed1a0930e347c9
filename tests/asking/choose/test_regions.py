from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.asking import FrameBox, SourceBox, place_regions
from napari_medvlm.asking.choose.regions import clean_name, next_name
from napari_medvlm.imaging import Frame, Selection, take

from ..scans import ct

FRAMES = {
    plane: take(ct(), Selection(indices=(2, 5, 7), plane=plane))
    for plane in ("axial", "coronal", "sagittal", "acquired")
}


@settings(deadline=None)
@given(
    st.sampled_from(sorted(FRAMES)),
    st.integers(0, 2),
    st.tuples(*[st.floats(0.05, 0.45)] * 2),
    st.tuples(*[st.floats(0.55, 0.95)] * 2),
)
def test_a_box_drawn_on_the_source_comes_back_on_its_frame(
    plane: str, number: int, low: tuple[float, float], high: tuple[float, float]
) -> None:
    frame = FRAMES[plane][number]
    width, height = frame.size_wh
    box = (low[0] * width, low[1] * height, high[0] * width, high[1] * height)
    drawn = SourceBox(frame.box_corners(box), "spot")
    (region,), left_out = place_regions([drawn], FRAMES[plane])
    assert not left_out
    assert (region.frame, region.label) == (number, "spot")
    np.testing.assert_allclose(region.box, box, atol=1e-9)


def test_the_first_slice_is_no_special_case() -> None:
    # With index 0 the frame's map to the source is a singular matrix.
    frames = take(ct(), Selection(indices=(0,), plane="axial"))
    (region,), left_out = place_regions([SourceBox(frames[0].box_corners((1, 2, 9, 8)))], frames)
    assert not left_out
    np.testing.assert_allclose(region.box, (1, 2, 9, 8), atol=1e-9)


def test_a_box_on_a_slice_that_is_not_sent_is_reported() -> None:
    corners = FRAMES["axial"][0].box_corners((1, 2, 9, 8))
    corners[:, 0] = 3
    regions, (left_out,) = place_regions([SourceBox(corners)], FRAMES["axial"])
    assert not regions
    assert left_out.reason == (
        "Region 1 is on a slice that is not sent, so it is not in the question."
    )


def test_a_box_that_leaves_the_image_is_cut_to_it() -> None:
    frame = FRAMES["axial"][1]
    drawn = SourceBox(frame.box_corners((-5, 3, 12, frame.size_wh[1] + 4)))
    (region,), _ = place_regions([drawn], FRAMES["axial"])
    np.testing.assert_allclose(region.box, (0, 3, 12, frame.size_wh[1]), atol=1e-9)


@pytest.mark.parametrize(
    ("box", "words"),
    [
        (FrameBox(3, (0, 0, 4, 4)), "on image 4, but 3 images are sent"),
        (FrameBox(0, (-9, -9, -1, -1)), "outside the image"),
        (SourceBox(FRAMES["axial"][0].box_corners((-9, 0, -1, 5))), "outside the image"),
        (SourceBox(np.full((4, 3), np.nan)), "not sent"),
    ],
)
def test_boxes_without_a_place_are_reported(box: SourceBox | FrameBox, words: str) -> None:
    regions, (left_out,) = place_regions([box], FRAMES["axial"])
    assert not regions
    assert words in left_out.reason


def test_boxes_given_on_a_frame_stay_there() -> None:
    frame = Frame.from_pixels(np.zeros((20, 30), np.uint8))
    (region,), _ = place_regions([FrameBox(0, (1, 2, 40, 8), "mass")], [frame])
    assert (region.box, region.label) == ((1, 2, 30, 8), "mass")


def test_a_new_region_gets_a_number_that_no_other_has() -> None:
    assert next_name([]) == "region 1"
    assert next_name(["region 1", "aorta", "region 7"]) == "region 8"
    assert next_name(["Region 3", "region x"]) == "region 1"


def test_names_are_one_line_and_never_blank() -> None:
    assert clean_name("  left\nlower   lobe ", 2) == "left lower lobe"
    assert clean_name(" \n", 2) == "region 2"
    assert len(clean_name("x" * 500, 1)) == 60
