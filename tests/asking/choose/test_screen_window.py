from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.asking.choose.screen_window import (
    label_on_screen,
    named_windows,
    typed_window,
    window_on_screen,
)
from napari_medvlm.errors import SelectionError
from napari_medvlm.imaging import Volume, Window
from napari_medvlm.imaging.windowing import apply_window

LUNG = Window(-600, 1500, "lung")


def ct(**facts) -> Volume:
    voxels = np.linspace(-1000, 2000, 60).reshape(3, 4, 5).astype(np.int16)
    return Volume(voxels, np.eye(4), modality="CT", windows=(LUNG,), **facts)


def test_limits_of_a_window_of_the_file_are_that_window():
    assert window_on_screen(ct(), LUNG.limits) is LUNG
    assert label_on_screen(ct(), LUNG.limits) == "file: lung"


def test_a_known_window_is_called_by_its_name_and_others_by_their_numbers():
    assert label_on_screen(ct(), Window(40, 400, "soft tissue").limits) == "soft tissue"
    assert label_on_screen(ct(), (-100, 100)) == "C 0, W 200"


@given(low=st.floats(-1000, 1000), width=st.floats(0.5, 3000))
def test_what_is_sent_is_black_and_white_where_the_screen_is(low, width):
    window = window_on_screen(ct(), (low, low + width))
    assert window is not None
    values = np.array([low - 1, low, low + width / 2, low + width, low + width + 1])
    grey = apply_window(values, window).astype(int)
    assert grey[0] == grey[1] == 0
    assert grey[3] == grey[4] == 255
    assert abs(grey[2] - 127.5) <= 1


def test_bytes_and_colours_as_they_are_need_no_window():
    grey = Volume(np.zeros((1, 4, 5), np.uint8), np.eye(4))
    assert window_on_screen(grey, (0, 255)) is None
    assert window_on_screen(grey, (0, 100)) == Window(50, 100, "", "linear_exact")
    colour = Volume(np.zeros((1, 4, 5, 3), np.uint8), np.eye(4), coloured=True)
    assert window_on_screen(colour, (0, 255)) is None
    assert window_on_screen(colour, (0, 100)) == Window(50, 100, "", "linear_exact")
    assert named_windows(colour) == ()


@pytest.mark.parametrize("text", ["40, 400", "C 40 W 400", "40/400", " 40 400 ", "c40, w400"])
def test_typed_windows(text):
    assert typed_window(text) == Window(40, 400, "", "linear_exact")


@pytest.mark.parametrize("text", ["", "lung", "40", "40, 0", "40, -400", "1, 2, 3"])
def test_what_is_no_window_is_refused(text):
    with pytest.raises(SelectionError, match="a centre and a width"):
        typed_window(text)


def test_a_minus_sign_may_be_a_true_one():
    assert typed_window("C −600, W 1500") == Window(-600, 1500, "", "linear_exact")
