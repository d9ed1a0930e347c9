from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.imaging import Selection, Volume, take
from napari_medvlm.imaging.dicom.geometry import Placement, place

from .makers import header

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
small = st.floats(-300, 300, allow_nan=False, width=32)


def corner(placement: Placement, k: float, j: float = 0, i: float = 0) -> np.ndarray:
    """LPS position of a voxel."""
    return (LPS @ placement.affine @ [k, j, i, 1])[:3]


def said(placement: Placement) -> str:
    return " ".join(placement.remarks)


@st.composite
def orientations(draw) -> np.ndarray:
    """Rotation matrices: along the row, along the column, normal."""
    q = np.array([draw(st.floats(-1, 1)) for _ in range(4)])
    if np.linalg.norm(q) < 0.1:
        q = np.array([1.0, 0, 0, 0])
    w, x, y, z = q / np.linalg.norm(q)
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)],
        [2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)],
        [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    axes=orientations(),
    origin=st.tuples(small, small, small),
    step=st.floats(0.3, 12),
    shear=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
    count=st.integers(2, 9),
    spacing=st.tuples(st.floats(0.1, 5), st.floats(0.1, 5)),
    order=st.randoms(use_true_random=False),
)
def test_every_slice_lies_where_its_header_says(axes, origin, step, shear, count, spacing, order):
    row, column, normal = axes
    way = step * (normal + shear[0] * row + shear[1] * column)
    images = [
        header(np.array(origin) + k * way, k, orientation=(*row, *column), spacing=spacing)
        for k in range(count)
    ]
    order.shuffle(images)
    placement = place(images)
    assert [h.order[1] for h in placement.points[0]] == list(range(count))
    for k, h in enumerate(placement.points[0]):
        np.testing.assert_allclose(corner(placement, k), h.position, atol=1e-4)
    far = np.array(origin) + (count - 1) * way + 9 * spacing[0] * column + 7 * spacing[1] * row
    np.testing.assert_allclose(corner(placement, count - 1, 9, 7), far, atol=1e-4)
    assert placement.slice_positions == ()


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.floats(0.2, 9), min_size=2, max_size=8), axes=orientations())
def test_uneven_slices_keep_their_exact_places(steps, axes):
    row, column, normal = axes
    along = np.concatenate([[0], np.cumsum(steps)])
    images = [header(z * normal, k, orientation=(*row, *column)) for k, z in enumerate(along)]
    placement = place(images[::-1])
    np.testing.assert_allclose(corner(placement, 0), images[0].position, atol=1e-6)
    if placement.slice_positions:
        relative = np.array(placement.slice_positions) - placement.slice_positions[0]
        np.testing.assert_allclose(relative, along, atol=1e-6)
    else:
        for k, h in enumerate(images):
            np.testing.assert_allclose(corner(placement, k), h.position, atol=2e-3)


def test_a_frame_of_an_uneven_stack_tells_the_true_position():
    heights = [100, 102, 104, 114, 116]
    placement = place([header((0, 0, z), k) for k, z in enumerate(heights)])
    volume = Volume(
        np.zeros((5, 4, 5), np.int16), placement.affine, slice_positions=placement.slice_positions
    )
    frames = take(volume, Selection(tuple(range(5)), "acquired"))
    assert [frame.position for frame in frames] == pytest.approx(heights)
    assert "A gap of 10 mm lies between slices 2 and 3" in said(placement)
    assert "never taken there or were lost cannot be known" in said(placement)


def test_positions_rounded_by_the_scanner_are_evenly_spaced():
    heights = [round(0.625 * k, 1) for k in range(40)]
    placement = place([header((0, 0, z), k) for k, z in enumerate(heights)])
    assert np.linalg.norm(placement.affine[:3, 0]) == pytest.approx(0.625, abs=2e-3)
    assert "gap" not in said(placement)
    assert "varies" not in said(placement)


def test_gantry_tilt_is_kept_as_shear():
    tilt = np.radians(15)
    row, column = (1.0, 0, 0), (0, np.cos(tilt), -np.sin(tilt))
    images = [header((0, 0, 5.0 * k), k, orientation=(*row, *column)) for k in range(4)]
    placement = place(images)
    for k, h in enumerate(images):
        np.testing.assert_allclose(corner(placement, k), h.position, atol=1e-9)
    assert "sheared by 15.0 degrees" in said(placement)


def test_slices_off_the_line_are_said():
    images = [header((0.0 if k != 2 else 0.8, 0, 5.0 * k), k) for k in range(5)]
    assert "up to 0.8 mm beside the line" in said(place(images))


def test_thickness_and_told_spacing_do_not_overrule_positions():
    images = [header((0, 0, 2.5 * k), k, thickness=5.0, between=7.0) for k in range(4)]
    placement = place(images)
    assert np.linalg.norm(placement.affine[:3, 0]) == 2.5
    assert "SpacingBetweenSlices (0018,0088) says 7 mm" in said(placement)


@pytest.mark.parametrize(
    ("facts", "depth", "words"),
    [
        ({"between": 6.0, "thickness": 5.0}, 6, "from SpacingBetweenSlices (0018,0088)"),
        ({"thickness": 5.0}, 5, "from SliceThickness (0018,0050)"),
        ({}, 1, "No tag gives the slice thickness"),
    ],
)
def test_a_single_slice_takes_its_depth_from_its_header(facts, depth, words):
    placement = place([header(**facts)])
    assert np.linalg.norm(placement.affine[:3, 0]) == depth
    assert words in said(placement)


def test_without_positions_slice_location_gives_order_and_spacing():
    images = [header(None, 9 - k, location=3.0 * k) for k in range(4)]
    placement = place(images)
    assert [h.location for h in placement.points[0]] == [0, 3, 6, 9]
    assert placement.affine[0, 0] == 3
    assert not placement.oriented
    assert "Slice spacing 3 mm from SliceLocation (0020,1041)" in said(placement)


def test_pixel_aspect_ratio_stands_in_where_no_size_is_known():
    placement = place([header(None, spacing=None, aspect=(2.0, 1.0))])
    assert placement.unit == "pixel"
    assert placement.affine[1, 1] == 2
    assert "PixelAspectRatio (0028,0034)" in said(placement)


def test_copies_of_a_file_are_left_out_and_equal_ids_alone_are_no_copies():
    images = [header((0, 0, k), k) for k in range(3)]
    copy = header((0, 0, 1), 1)
    placement = place([*images, copy])
    assert len(placement.points[0]) == 3
    assert "1 files repeat an instance" in said(placement)
    assert [why for _, why in placement.unused] == [
        "It is a copy of another file (same SOPInstanceUID)."
    ]
    careless = [header((0, 0, k), k, instance="1.2.3") for k in range(3)]
    assert len(place(careless).points[0]) == 3
