"""Masks of an answer on the voxels of the source: every plane, any spacing, nearest neighbour."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.asking.answer.masks import extent_words, mask_voxels, place_masks
from napari_medvlm.asking.answer.placing import Grid, grid_of
from napari_medvlm.dialogue import Mask, Reply
from napari_medvlm.imaging import Frame, Selection, Volume, take
from napari_medvlm.imaging.orientation import plane_axes

PLANES = ("axial", "coronal", "sagittal", "acquired")
#: Row of each patient axis (L, P, S) in the affine, and its sign, in many orders.
ORDERS = [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1)]


@st.composite
def volumes(draw: st.DrawFn) -> Volume:
    shape = tuple(draw(st.integers(2, 9)) for _ in range(3))
    spacing = [draw(st.sampled_from((0.5, 0.8, 1.0, 2.5, 5.0))) for _ in range(3)]
    signs = [draw(st.sampled_from((-1, 1))) for _ in range(3)]
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis, row in enumerate(draw(st.sampled_from(ORDERS))):
        affine[row, axis] = signs[axis] * spacing[axis]
    voxels = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    return Volume(voxels=voxels, affine=affine, modality="CT")


def _frame(volume: Volume, plane: str, data: st.DataObject) -> Frame:
    count = volume.spatial_shape[plane_axes(volume, plane).normal]
    index = data.draw(st.integers(0, count - 1))
    return take(volume, Selection(indices=(index,), plane=plane))[0]


def _drawn(shape: tuple[int, ...], voxels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    drawn = np.zeros(shape, dtype=bool)
    drawn[tuple(voxels.T)] = True
    return drawn


@settings(max_examples=60, deadline=None)
@given(volumes(), st.sampled_from(PLANES), st.data())
def test_a_full_mask_is_exactly_the_slice(volume: Volume, plane: str, data: st.DataObject) -> None:
    frame = _frame(volume, plane, data)
    voxels = mask_voxels(np.ones(frame.pixels.shape[:2], bool), frame)
    axis = int(np.flatnonzero(~frame.to_source[:, :2].any(axis=1))[0])
    wanted = np.zeros(volume.voxels.shape, bool)
    wanted[(slice(None),) * axis + (frame.index,)] = True
    np.testing.assert_array_equal(_drawn(volume.voxels.shape, voxels), wanted)
    assert len(np.unique(voxels, axis=0)) == len(voxels)


@settings(max_examples=60, deadline=None)
@given(volumes(), st.sampled_from(PLANES), st.data())
def test_a_voxel_that_is_seen_on_the_frame_comes_back_as_itself(
    volume: Volume, plane: str, data: st.DataObject
) -> None:
    """Mark one voxel, ask the frame's own map where it is, and send that back."""
    frame = _frame(volume, plane, data)
    axis = int(np.flatnonzero(~frame.to_source[:, :2].any(axis=1))[0])
    voxel = [data.draw(st.integers(0, side - 1)) for side in volume.voxels.shape]
    voxel[axis] = frame.index
    mask = np.zeros(frame.pixels.shape[:2], bool)
    # By hand, pixel by pixel: those whose centre is nearest to this voxel.
    for row in range(mask.shape[0]):
        for column in range(mask.shape[1]):
            at = frame.to_source @ (column + 0.5, row + 0.5, 1)
            mask[row, column] = np.abs(np.delete(at - voxel, axis)).max() < 0.5 - 1e-9
    voxels = mask_voxels(mask, frame)
    if mask.any():
        assert len(voxels) <= 1
        # A voxel whose own centre falls on the edge of two pixels may be in neither alone.
        centre = np.linalg.lstsq(frame.to_source[:, :2], voxel - frame.to_source[:, 2], rcond=None)
        x, y = centre[0]
        if abs(x - round(x)) > 1e-6 and abs(y - round(y)) > 1e-6:
            assert voxels.tolist() == [voxel]


@settings(max_examples=40, deadline=None)
@given(volumes(), st.sampled_from(PLANES), st.data())
def test_masks_that_part_a_frame_part_its_voxels(
    volume: Volume, plane: str, data: st.DataObject
) -> None:
    frame = _frame(volume, plane, data)
    shape = frame.pixels.shape[:2]
    seed = data.draw(st.integers(0, 2**16))
    mask = np.random.default_rng(seed).random(shape) < 0.5
    one, other = mask_voxels(mask, frame), mask_voxels(~mask, frame)
    whole = mask_voxels(np.ones(shape, bool), frame)
    both = np.concatenate([one, other])
    assert len(both) == len(whole)
    np.testing.assert_array_equal(both[np.lexsort(both.T[::-1])], whole)


def test_an_oblique_frame_marks_the_voxels_within_half_of_one_of_its_plane() -> None:
    # Rises one slice every two rows: the plane through the array where k = j / 2 + 1 / 4.
    to_source = np.array([[0, 0.5, 0], [0, 1, -0.5], [1, 0, -0.5]])
    frame = Frame(np.zeros((8, 3, 3), np.uint8), to_source=to_source)
    voxels = mask_voxels(np.ones((8, 3), bool), frame)
    near = {
        (k, j, i) for k in range(9) for j in range(9) for i in range(3)
        if abs(k - j / 2 - 0.25) <= 0.5
    }  # fmt: skip
    marked = {tuple(int(n) for n in voxel) for voxel in voxels}
    assert marked <= near
    # Those at the ends may lie beyond the frame's own edge.
    assert {voxel for voxel in near if 1 <= voxel[1] <= 6} <= marked


def test_masks_without_a_place_are_left_out_and_the_others_numbered() -> None:
    frame = Frame.from_pixels(np.zeros((4, 6), np.uint8), index=3)
    full, empty, other = np.ones((4, 6), bool), np.zeros((4, 6), bool), np.ones((5, 5), bool)
    reply = Reply(
        raw="",
        masks=(Mask("a", empty), Mask("b", other), Mask("c", full, 7), Mask("d", full)),
    )
    (placed,) = place_masks(reply, (frame,))
    assert (placed.label, placed.number, placed.index, len(placed.voxels)) == ("d", 0, 3, 24)
    np.testing.assert_array_equal(placed.corners, [[0, 0, 0], [0, 3, 5]])


@pytest.mark.parametrize(
    ("plane", "words"), [("axial", "24 mm²"), ("coronal", "60 mm²"), ("sagittal", "40 mm²")]
)
def test_areas_are_those_of_the_voxels_in_the_plane(plane: str, words: str) -> None:
    affine = np.array([[0, 0, 3, 0], [0, 1, 0, 0], [5, 0, 0, 0], [0, 0, 0, 1]], dtype=float)
    volume = Volume(voxels=np.zeros((2, 4, 2), np.int16), affine=affine, modality="CT")
    (frame,) = take(volume, Selection(indices=(1,), plane=plane))
    full = np.ones(frame.pixels.shape[:2], bool)
    (placed,) = place_masks(Reply(raw="", masks=(Mask("x", full),)), (frame,))
    assert extent_words(placed, frame, grid_of(volume)) == words
    assert extent_words(placed, frame, Grid()).endswith("voxels")
