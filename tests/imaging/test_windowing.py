from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.errors import SelectionError
from napari_medvlm.imaging import Volume, Window
from napari_medvlm.imaging.windowing import apply_window, default_window, percentile_window


def test_linear_window_has_the_ends_that_the_standard_gives():
    # PS3.3 C.11.2.1.2.1: at or below c - 0.5 - (w-1)/2 all black, above c - 0.5 + (w-1)/2 white.
    window = Window(40, 400)
    low, high = 40 - 0.5 - 399 / 2, 40 - 0.5 + 399 / 2
    got = apply_window(np.array([low - 1, low, (low + high) / 2, high, high + 1]), window)
    np.testing.assert_array_equal(got, [0, 0, 128, 255, 255])


def test_width_one_is_a_threshold():
    got = apply_window(np.array([9, 10, 11]), Window(10, 1))
    np.testing.assert_array_equal(got, [0, 255, 255])


def test_window_of_8_bit_data_that_spans_it_changes_nothing():
    values = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(apply_window(values, Window(128, 256)), values)


def test_sigmoid_is_half_at_its_centre_and_never_overflows():
    got = apply_window(np.array([-1e9, 50.0, 1e9]), Window(50, 10, function="sigmoid"))
    np.testing.assert_array_equal(got, [0, 128, 255])


@given(
    st.floats(-2000, 2000),
    st.floats(1, 5000),
    st.sampled_from(["linear", "linear_exact", "sigmoid"]),
)
def test_grey_never_falls_where_values_rise(centre, width, function):
    values = np.linspace(centre - width, centre + width, 101)
    grey = apply_window(values, Window(centre, width, function=function)).astype(int)
    assert np.all(np.diff(grey) >= 0)


@pytest.mark.parametrize(
    "window", [Window(0, 0.5), Window(0, 0, function="linear_exact"), Window(np.nan, 5)]
)
def test_too_narrow_windows_are_refused(window):
    with pytest.raises(SelectionError, match="width"):
        apply_window(np.zeros(3), window)


def test_default_window_cuts_half_a_percent_at_both_ends():
    values = np.linspace(0, 1, 10_001, dtype=np.float32).reshape(1, 73, 137)
    window = default_window(Volume(values, np.eye(4)))
    assert window is not None
    np.testing.assert_allclose(window.limits, (0.005, 0.995), atol=1e-6)
    assert apply_window(values, window).std() > 70


def test_8_bit_volumes_have_no_default_window():
    assert default_window(Volume(np.zeros((1, 2, 2), np.uint8), np.eye(4))) is None


def test_a_constant_image_still_has_a_window():
    got = apply_window(np.full((2, 2), 7.0), percentile_window(np.full((2, 2), 7.0)))
    assert got.min() == got.max() == 128


def test_padding_and_what_is_no_number_do_not_count():
    values = np.concatenate([np.full(500, -3024.0), np.linspace(0, 100, 101), [np.nan, np.inf]])
    window = percentile_window(values, (-3024.0, -3024.0))
    np.testing.assert_allclose(window.limits, (0.5, 99.5))


def test_an_image_of_padding_alone_still_has_a_window():
    window = percentile_window(np.full(9, -3024.0), (-3024.0, -3024.0))
    assert window.limits[0] < -3024 < window.limits[1]


def test_a_window_is_found_without_looking_at_every_slice():
    asked = set()

    class Voxels:
        shape, dtype, ndim = (200, 4, 4), np.dtype(np.int16), 3

        def __getitem__(self, key):
            asked.add(key)
            return np.arange(16, dtype=np.int16).reshape(4, 4)

    default_window(Volume(Voxels(), np.eye(4)))
    assert len(asked) <= 12


def test_a_table_is_looked_up_and_holds_on_beyond_its_ends():
    window = Window(11.5, 3, "lut", "table", (0, 10, 100, 255))
    got = apply_window(np.array([-5, 10, 11, 12, 12.5, 13, 99]), window)
    np.testing.assert_array_equal(got, [0, 0, 10, 100, 178, 255, 255])
