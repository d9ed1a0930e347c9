from __future__ import annotations

import numpy as np
import pytest

from napari_medvlm.asking.answer.cutting import cut

#: On slice 10, rows 20 to 40, columns 30 to 50.
BOX = np.array([[10, 20, 30], [10, 20, 50], [10, 40, 50], [10, 40, 30]], dtype=np.float64)


def test_a_slice_across_a_box_shows_it_one_voxel_thick() -> None:
    coronal = cut(BOX, (0, 25, 0), (0, 2))
    sagittal = cut(BOX, (0, 0, 50), (0, 1))
    assert coronal is not None
    assert sagittal is not None
    np.testing.assert_allclose(coronal, [[9.5, 30], [10.5, 50]])
    np.testing.assert_allclose(sagittal, [[9.5, 20], [10.5, 40]])


@pytest.mark.parametrize(
    ("at", "displayed"),
    [
        ((0, 19.9, 0), (0, 2)),  # in front of it
        ((0, 0, 50.1), (0, 1)),  # beside it
        ((10, 0, 0), (1, 2)),  # it lies in this slice
        ((3, 0, 0), (1, 2)),  # parallel, elsewhere
    ],
)
def test_nothing_is_cut_where_the_slice_does_not_meet_the_box(
    at: tuple[float, ...], displayed: tuple[int, int]
) -> None:
    assert cut(BOX, at, displayed) is None


def test_a_box_at_another_time_is_not_there() -> None:
    timed = np.hstack([np.full((4, 1), 2.0), BOX])
    assert cut(timed, (1, 0, 25, 0), (1, 3)) is None
    bounds = cut(timed, (2, 0, 25, 0), (1, 3))
    assert bounds is not None
    np.testing.assert_allclose(bounds, [[9.5, 30], [10.5, 50]])
