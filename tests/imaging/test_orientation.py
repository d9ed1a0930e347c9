from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.errors import SelectionError
from napari_medvlm.imaging import (
    Selection,
    Volume,
    default_plane,
    edge_letters,
    napari_view,
    take,
)
from napari_medvlm.imaging.orientation import (
    closest_patient_axes,
    reformatted_sampling,
    slice_count,
)

PATIENT_PLANES = ("axial", "coronal", "sagittal")

orders = st.sampled_from(list(permutations(range(3))))
signs = st.sampled_from(list(product((-1, 1), repeat=3)))
spacings = st.tuples(*[st.sampled_from([0.5, 1.0, 1.25, 5.0])] * 3)


def affine_of(order: tuple[int, ...], sign: tuple[int, ...], spacing: tuple[float, ...]):
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis in range(3):
        affine[order[axis], axis] = sign[axis] * spacing[axis]
    affine[:3, 3] = (-11.0, 7.0, 130.0)
    return affine


def tilted(affine: np.ndarray, degrees: float) -> np.ndarray:
    a = np.radians(degrees)
    c, s = np.cos(a), np.sin(a)
    turn = np.eye(4)
    turn[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [0, c, -s], [0, s, c]]
    )
    return turn @ affine


@given(orders, signs, spacings, st.floats(-25, 25))
def test_closest_axes_survive_a_tilt(order, sign, spacing, degrees):
    axes, got = closest_patient_axes(tilted(affine_of(order, sign, spacing), degrees))
    assert axes == order
    assert got == sign


@given(orders, signs, spacings)
def test_radiological_edges_for_every_way_of_storing(order, sign, spacing):
    volume = Volume(np.zeros((2, 3, 4), np.int16), affine_of(order, sign, spacing))
    assert edge_letters(volume, "axial") == ("R", "L", "A", "P")
    assert edge_letters(volume, "coronal") == ("R", "L", "S", "I")
    assert edge_letters(volume, "sagittal") == ("A", "P", "S", "I")


@given(orders, signs, spacings)
def test_acquired_plane_keeps_rows_and_columns_and_names_their_sides(order, sign, spacing):
    volume = Volume(np.zeros((2, 3, 4), np.int16), affine_of(order, sign, spacing))
    left, right, top, bottom = edge_letters(volume, "acquired")
    ends = (("L", "R"), ("P", "A"), ("I", "S"))
    assert (left, right) == ends[order[2]][:: sign[2]]
    assert (top, bottom) == ends[order[1]][:: sign[1]]


@settings(deadline=None)
@given(orders, signs, spacings, st.floats(-20, 20))
def test_a_marker_in_the_patient_is_on_the_right_side_of_the_screen(order, sign, spacing, degrees):
    # One bright voxel near the patient's left, front and top corner.
    affine = tilted(affine_of(order, sign, spacing), degrees)
    corner = [0, 0, 0]
    for axis in range(3):
        towards_corner = sign[axis] * (-1 if order[axis] == 0 else 1)
        corner[axis] = 8 if towards_corner > 0 else 0
    voxels = np.zeros((9, 9, 9), np.uint8)
    voxels[tuple(corner)] = 255
    volume = Volume(voxels, affine)
    expected = {"axial": ("right", "top"), "coronal": ("right", "top"), "sagittal": ("left", "top")}
    for plane, (side, height) in expected.items():
        normal = order.index({"axial": 2, "coronal": 1, "sagittal": 0}[plane])
        frame = take(volume, Selection((corner[normal],), plane))[0]
        rows, columns = np.nonzero(frame.pixels[..., 0] > 127)
        width, tall = frame.size_wh
        assert (columns.mean() > width / 2) == (side == "right")
        assert (rows.mean() < tall / 2) == (height == "top")


@given(orders, signs)
def test_napari_shows_the_same_as_the_frame(order, sign):
    volume = Volume(
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4), affine_of(order, sign, (1, 1, 1))
    )
    for plane in (*PATIENT_PLANES, "acquired"):
        view = napari_view(volume, plane)
        normal, down, right = view.order
        shown = volume.voxels.transpose(normal, down, right)[0]
        if view.orientation2d[0] == "up":
            shown = shown[::-1]
        if view.orientation2d[1] == "left":
            shown = shown[:, ::-1]
        frame = take(volume, Selection((0,), plane))[0]
        np.testing.assert_array_equal(shown, frame.pixels[..., 0])


def test_napari_view_of_a_temporal_volume_keeps_time_in_front():
    volume = Volume(np.zeros((5, 2, 3, 4), np.int16), np.diag([5.0, 1, 1, 1]), temporal=True)
    assert napari_view(volume, "acquired").order == (0, 1, 2, 3)


def test_unknown_orientation_gives_question_marks_and_refuses_patient_planes():
    volume = Volume(np.zeros((2, 3, 4), np.int16), np.eye(4), oriented=False)
    assert edge_letters(volume, "acquired") == ("?", "?", "?", "?")
    assert slice_count(volume, "acquired") == 2
    with pytest.raises(SelectionError, match=r'orientation .* unknown.*"acquired"'):
        edge_letters(volume, "axial")


def test_unknown_plane_names_the_planes_there_are():
    volume = Volume(np.zeros((2, 3, 4), np.int16), np.eye(4))
    with pytest.raises(SelectionError, match="axial, coronal, sagittal, acquired"):
        take(volume, Selection((0,), "frontal"))  # type: ignore[arg-type]


def _thick(axis: int, mm: float = 5.0, **facts) -> Volume:
    spacing = [1.0, 1.0, 1.0]
    spacing[axis] = mm
    # Slices from left to right of the patient, rows downwards, columns to the back.
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    affine[0, 0], affine[2, 1], affine[1, 2] = spacing[0], -spacing[1], -spacing[2]
    return Volume(np.zeros((4, 6, 8), np.int16), affine, **facts)


@pytest.mark.parametrize(("axis", "plane"), [(0, "sagittal"), (1, "axial"), (2, "coronal")])
def test_the_plane_of_acquisition_is_that_of_the_thick_slices(axis, plane):
    volume = _thick(axis)
    assert default_plane(volume) == plane
    others = {"axial", "coronal", "sagittal"} - {plane}
    assert reformatted_sampling(volume, plane) is None
    assert {reformatted_sampling(volume, other) for other in others} == {5.0}


def test_images_of_dicom_are_the_slices_however_thin():
    assert default_plane(_thick(0, 1.0, facts={"format": "DICOM"})) == "sagittal"
    assert default_plane(_thick(2, 5.0, facts={"format": "DICOM"})) == "sagittal"


def test_equal_voxels_of_other_files_are_axial_and_nothing_is_called_reformatted():
    volume = _thick(0, 1.0)
    assert default_plane(volume) == "axial"
    assert reformatted_sampling(volume, "coronal") is None


def test_what_has_no_orientation_is_seen_as_stored():
    assert default_plane(_thick(0, oriented=False)) == "acquired"
    assert reformatted_sampling(_thick(0, oriented=False), "acquired") is None


@pytest.mark.parametrize(
    ("directions", "expected"),
    [
        (("L", "F"), ("R", "L", "S", "I")),  # a chest film from the front
        (("R", "F"), ("L", "R", "S", "I")),  # from behind, as seen
        (("P", "F"), ("A", "P", "S", "I")),  # lateral
        (("LA", "FL"), ("RP", "LA", "SR", "IL")),
        (("L", ""), ("R", "L", "?", "?")),
        (("X", "F"), ("?", "?", "S", "I")),
        ((), ("?", "?", "?", "?")),
    ],
)
def test_sides_of_a_radiograph_are_those_of_its_header(directions, expected):
    film = Volume(
        np.zeros((1, 4, 5), np.uint8), np.eye(4), oriented=False, patient_orientation=directions
    )
    assert edge_letters(film, "acquired") == expected
