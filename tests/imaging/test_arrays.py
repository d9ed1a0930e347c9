from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_medvlm.imaging.arrays import flat_colour, plain_voxels


@given(
    hnp.arrays(
        st.sampled_from(["u1", "<i2", ">i2", "<u2", "i4", "u8", "f2", "f4", ">f8"]),
        hnp.array_shapes(min_dims=2, max_dims=4, max_side=4),
        elements=st.integers(0, 90),
    ),
    st.sampled_from([1.0, 2.0, -3.0]),
    st.sampled_from([0.0, -1024.0]),
)
def test_whole_numbers_are_kept_exactly(array, slope, intercept):
    voxels, remarks = plain_voxels(array, slope, intercept)
    assert voxels.dtype in (np.uint8, np.int16)
    assert voxels.dtype.isnative
    np.testing.assert_array_equal(voxels, array.astype(float) * slope + intercept)
    assert remarks == ()


@given(
    hnp.arrays(np.float64, (2, 3, 4), elements=st.floats(allow_nan=True, allow_infinity=True)),
    st.sampled_from([1.0, 1e-30, 1e300]),
)
def test_anything_becomes_finite(array, slope):
    voxels, remarks = plain_voxels(array, slope)
    assert np.isfinite(voxels).all()
    with np.errstate(over="ignore", invalid="ignore"):
        fine = np.abs(array * slope) <= np.finfo(np.float32).max
    assert bool(remarks) == (not fine.all())
    if fine.any():
        assert (voxels[~fine] == voxels.min()).all()


def test_arrays_that_are_plain_already_are_not_copied():
    for kind in (np.uint8, np.int16, np.float32):
        array = (np.arange(24).reshape(2, 3, 4) + np.array(0.5)).astype(kind)
        assert plain_voxels(array)[0] is array


def test_truth_values_and_large_numbers():
    assert plain_voxels(np.ones((1, 2, 2), bool))[0].dtype == np.uint8
    large = np.array([[[70000, -5]]])
    np.testing.assert_array_equal(plain_voxels(large)[0], large)


@pytest.mark.parametrize(("alpha", "share"), [(0, None), (255, 1), (51, 0.2)])
def test_transparency(alpha, share):
    rgba = np.full((2, 3, 4), 100, np.uint8)
    rgba[..., 3] = alpha
    rgb, remarks = flat_colour(rgba)
    assert (rgb == (100 if share is None else round(100 * share))).all()
    assert bool(remarks) == (alpha != 255)
