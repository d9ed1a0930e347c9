from __future__ import annotations

import numpy as np
import pytest

from napari_medvlm.asking import Grid, grid_of, place, size_words
from napari_medvlm.dialogue import Box, Reply
from napari_medvlm.imaging import Frame, Selection, take

from ..scans import SPACING, ct


def test_a_box_lies_on_the_slice_it_was_seen_on() -> None:
    volume = ct()
    frames = take(volume, Selection(indices=(2, 7), plane="axial"))
    width, height = frames[1].size_wh
    whole = Box("all", (0, 0, width, height), frame=1)
    (placed,) = place(Reply(raw="", boxes=(whole,)), frames)
    assert (placed.index, placed.frame, placed.label) == (7, 1, "all")
    np.testing.assert_allclose(placed.corners[:, 0], 7)
    # The frame's edges are the outer edges of the outermost voxels.
    np.testing.assert_allclose(placed.corners.min(axis=0)[1:], (-0.5, -0.5), atol=1e-9)
    np.testing.assert_allclose(placed.corners.max(axis=0)[1:], (39.5, 63.5), atol=1e-9)
    _, j, i = SPACING
    assert size_words(placed, volume) == f"{64 * i:.0f} × {40 * j:.0f} mm"


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_sizes_are_the_same_in_millimetres_in_every_plane(plane: str) -> None:
    volume = ct((40, 40, 64))
    (frame,) = take(volume, Selection(indices=(3,), plane=plane))
    # Frames have square pixels of the finer of the two spacings.
    spacing = {"axial": 0.5, "coronal": 0.5, "sagittal": 0.8}[plane]
    (placed,) = place(Reply(raw="", boxes=(Box("b", (2, 2, 22, 12)),)), [frame])
    across, down = (float(part) for part in size_words(placed, volume)[:-3].split(" × "))
    assert across == pytest.approx(20 * spacing, rel=0.03)
    assert down == pytest.approx(10 * spacing, rel=0.03)


def test_without_spacing_sizes_are_pixels() -> None:
    (frame,) = take(ct(), Selection(indices=(3,)))
    (placed,) = place(Reply(raw="", boxes=(Box(None, (2, 2, 22, 12)),)), [frame])
    assert size_words(placed, Grid()) == "20 × 10 pixels"
    assert size_words(placed, grid_of(ct(unit="pixel", oriented=False))) == "20 × 10 pixels"


def test_small_sizes_keep_a_tenth_of_a_millimetre() -> None:
    (frame,) = take(ct(), Selection(indices=(3,)))
    (placed,) = place(Reply(raw="", boxes=(Box("b", (2, 2, 9, 12)),)), [frame])
    assert size_words(placed, ct()).startswith("3.5 × ")


def test_boxes_without_a_place_are_left_out() -> None:
    frames = take(ct(), Selection(indices=(3,)))
    boxes = (Box("elsewhere", (0, 0, 4, 4), frame=1), Box("flat", (4, 4, 4, 9)))
    assert place(Reply(raw="", boxes=boxes), frames) == ()


def test_placed_boxes_are_numbered_without_those_that_have_no_place() -> None:
    nowhere = Box("nodule", (4, 4, 4, 9))
    here = Box("nodule", (1, 2, 5, 6))
    frames = (Frame.from_pixels(np.zeros((8, 8), np.uint8)),)
    placed = place(Reply(raw="", boxes=(nowhere, here, here)), frames)
    assert [box.number for box in placed] == [0, 1]
