from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.errors import SelectionError
from napari_medvlm.imaging import Selection, Volume, Window, slice_count, source_id, take
from napari_medvlm.imaging.orientation import plane_axes

from .test_orientation import affine_of, orders, signs

PLANES = st.sampled_from(["axial", "coronal", "sagittal", "acquired"])
LPS = affine_of((2, 1, 0), (1, -1, -1), (1.0, 1.0, 1.0))


def volume_of(voxels: np.ndarray, **facts) -> Volume:
    return Volume(voxels, facts.pop("affine", LPS), **facts)


@settings(deadline=None)
@given(orders, signs, PLANES)
def test_every_pixel_maps_back_to_the_voxel_it_shows(order, sign, plane):
    voxels = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    volume = volume_of(voxels, affine=affine_of(order, sign, (1.5, 1.5, 1.5)))
    for frame in take(volume, Selection(tuple(range(slice_count(volume, plane))), plane)):
        for row, column in np.ndindex(*frame.pixels.shape[:2]):
            k, j, i = frame.to_source @ (column + 0.5, row + 0.5, 1)
            assert voxels[round(k), round(j), round(i)] == frame.pixels[row, column, 0]
            np.testing.assert_allclose([k, j, i], np.round([k, j, i]), atol=1e-9)


@settings(deadline=None)
@given(orders, signs, PLANES, st.tuples(*[st.floats(0.4, 6.0)] * 3), st.integers(0, 4))
def test_resampled_frames_map_back_too(order, sign, plane, spacing, seed):
    # A ramp along each axis: linear interpolation reproduces it, so the value at a pixel
    # must be the ramp at the place that the pixel maps back to.
    shape = (5, 6, 7)
    axis = seed % 3
    ramp = np.broadcast_to(
        np.arange(shape[axis]).reshape([-1 if a == axis else 1 for a in range(3)]), shape
    ).astype(np.float32)
    volume = volume_of(ramp, affine=affine_of(order, sign, spacing))
    window = Window(3.0, 10.0, function="linear_exact")
    frame = take(volume, Selection((1,), plane, window))[0]
    rows, columns = frame.pixels.shape[:2]
    for row, column in [(0, 0), (rows - 1, columns - 1), (rows // 2, columns // 3)]:
        place = frame.to_source @ (column + 0.5, row + 0.5, 1)
        inside = np.clip(place, 0, np.array(shape) - 1)
        grey = (inside[axis] - 3.0) / 10.0 * 255 + 127.5
        assert abs(float(frame.pixels[row, column, 0]) - grey) <= 1.0


@given(orders, signs, PLANES)
def test_frame_edges_are_the_edges_of_the_outermost_voxels(order, sign, plane):
    volume = volume_of(np.zeros((3, 4, 5), np.uint8), affine=affine_of(order, sign, (5, 1, 1)))
    axes = plane_axes(volume, plane)
    frame = take(volume, Selection((0,), plane))[0]
    corners = frame.box_corners((0, 0, *frame.size_wh))
    for axis in (axes.down, axes.right):
        ends = sorted({round(float(v), 9) for v in corners[:, axis]})
        assert ends == [-0.5, volume.spatial_shape[axis] - 0.5]


def test_coarse_slices_become_square_pixels():
    volume = volume_of(
        np.zeros((10, 20, 30), np.int16), affine=affine_of((2, 1, 0), (1, -1, -1), (5.0, 2.0, 1.0))
    )
    sizes = {p: take(volume, Selection((0,), p))[0].size_wh for p in ("axial", "coronal")}
    assert sizes == {"axial": (30, 40), "coronal": (30, 50)}


def test_equal_spacing_leaves_pixels_untouched():
    voxels = np.random.default_rng(0).integers(0, 255, (4, 8, 8), np.uint8)
    frame = take(volume_of(voxels), Selection((2,), "axial"))[0]
    np.testing.assert_array_equal(frame.pixels[..., 1], voxels[2])
    assert frame.window is None


@pytest.mark.parametrize("time", [0, 2])
def test_time_points_are_taken_apart(time):
    voxels = np.random.default_rng(1).integers(0, 255, (3, 4, 8, 8), np.uint8)
    volume = volume_of(voxels, temporal=True)
    frame = take(volume, Selection((1,), "axial", time=time))[0]
    np.testing.assert_array_equal(frame.pixels[..., 0], voxels[time, 1])


def test_colour_is_kept():
    voxels = np.random.default_rng(2).integers(0, 255, (1, 6, 5, 3), np.uint8)
    volume = volume_of(voxels, coloured=True, oriented=False, affine=np.eye(4))
    for scaling in ("window", "slice_extremes"):
        frame = take(volume, Selection((0,), "acquired", scaling=scaling))[0]
        np.testing.assert_array_equal(frame.pixels, voxels[0])


def test_slice_extremes_truncate_and_do_not_wrap_around():
    voxels = np.array([[[-32768, 0], [1, 32767]], [[7, 7], [7, 7]]], np.int16)
    volume = volume_of(voxels, oriented=False)
    wide, flat = take(volume, Selection((0, 1), "acquired", scaling="slice_extremes"))
    np.testing.assert_array_equal(wide.pixels[..., 0], [[0, 127], [127, 255]])
    assert not flat.pixels.any()
    assert wide.window is None


def test_the_files_window_is_the_default_one():
    lung = Window(-600, 1500, "lung")
    volume = volume_of(np.full((1, 2, 2), -600, np.int16), windows=(lung, Window(40, 400)))
    frame = take(volume, Selection((0,), "axial"))[0]
    assert frame.window == lung
    # C.11.2.1.2.1: ((-600 + 600.5) / 1499 + 0.5) * 255 = 127.585
    assert frame.pixels[0, 0, 0] == 128


def test_positions_are_patient_coordinates_along_the_normal():
    volume = volume_of(np.zeros((3, 4, 5), np.int16), affine=LPS)
    places = {
        plane: take(volume, Selection((1,), plane))[0].position
        for plane in ("axial", "coronal", "sagittal", "acquired")
    }
    assert places == {"axial": 131.0, "coronal": 6.0, "sagittal": -12.0, "acquired": 131.0}
    unknown = volume_of(np.zeros((3, 4, 5), np.int16), oriented=False)
    frame = take(unknown, Selection((1,), "acquired"))[0]
    assert (frame.position, frame.unit) == (None, "")


def test_source_is_a_content_hash():
    a = volume_of(np.zeros((3, 4, 5), np.int16))
    b = volume_of(np.zeros((3, 4, 5), np.int16), name="other")
    c = volume_of(np.ones((3, 4, 5), np.int16))
    assert source_id(a) == source_id(b) != source_id(c)
    assert take(a, Selection((0,)))[0].source == source_id(a)
    strided = np.zeros((3, 4, 10), np.int16)[:, :, ::2]
    assert source_id(volume_of(strided)) == source_id(a)


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection(()), "No slice"),
        (Selection((3,)), "no axial slice 3.* 0 to 2"),
        (Selection((-1,), "coronal"), "no coronal slice -1.* 0 to 3"),
        (Selection((0,), time=1), "no time point 1"),
        (Selection((0,), scaling="squash"), "slice_extremes"),  # type: ignore[arg-type]
        (Selection((0,), window=Window(40, 0.5)), "width of at least 1"),
    ],
)
def test_what_is_not_there_is_refused(selection, words):
    with pytest.raises(SelectionError, match=words):
        take(volume_of(np.zeros((3, 4, 5), np.int16)), selection)


@settings(deadline=None)
@given(orders, signs, PLANES, st.tuples(*[st.floats(0.4, 6.0)] * 3))
def test_a_place_on_a_frame_is_that_place_in_the_patient(order, sign, plane, spacing):
    affine = affine_of(order, sign, spacing)
    affine[:3, 3] = 7, -8, 9
    volume = volume_of(np.zeros((3, 4, 5), np.uint8), affine=affine)
    for frame in take(volume, Selection((0, 1), plane)):
        box = (0.5, 1.0, 2.0, 2.5)
        indices = np.c_[frame.box_corners(box), np.ones(4)]
        np.testing.assert_allclose(frame.patient_corners(box), indices @ affine[:3].T, atol=1e-9)


def test_a_place_in_the_patient_is_told_only_where_it_is_known():
    voxels = np.zeros((3, 4, 5), np.uint8)
    for facts in ({"oriented": False}, {"unit": "pixel"}):
        (frame,) = take(volume_of(voxels, **facts), Selection((0,), "acquired"))
        assert frame.to_patient is None
        assert frame.patient_corners((0, 0, 1, 1)) is None
    # Uneven slices: their own places, and none for planes that cut across them.
    uneven = volume_of(voxels, slice_positions=(0.0, 1.0, 4.0))
    (frame,) = take(uneven, Selection((2,), "acquired"))
    third = uneven.affine @ [4.0, -0.5, -0.5, 1]
    np.testing.assert_allclose(frame.patient_corners((0, 0, 1, 1))[0], third[:3], atol=1e-9)
    acquired = plane_axes(uneven, "acquired").normal
    across = next(
        p for p in ("axial", "coronal", "sagittal") if plane_axes(uneven, p).normal != acquired
    )
    assert take(uneven, Selection((0,), across))[0].to_patient is None
