from __future__ import annotations

import numpy as np

from napari_medvlm.asking.answer.overlapping import overlap_words
from napari_medvlm.asking.choose.regions import SourceBox
from napari_medvlm.imaging import Frame

PIXELS = np.zeros((40, 60), np.uint8)


def _frame(index: int) -> Frame:
    to_source = np.array([[0, 0, index], [0, 1, -0.5], [1, 0, -0.5]], dtype=np.float64)
    return Frame.from_pixels(PIXELS, index=index, to_source=to_source)


FRAME = _frame(4)
MODELS = FRAME.box_corners((10, 10, 20, 20))


def _drawn(x0: float, y0: float, x1: float, y1: float, index: int = 4) -> SourceBox:
    return SourceBox(_frame(index).box_corners((x0, y0, x1, y1)), f"region {x0:g}")


def test_the_best_of_the_users_boxes_is_named() -> None:
    regions = [_drawn(30, 10, 40, 20), _drawn(15, 10, 25, 20), _drawn(12, 10, 22, 20)]
    assert overlap_words(MODELS, FRAME, regions) == "IoU 0.67 with region 12"
    assert overlap_words(MODELS, FRAME, [_drawn(10, 10, 20, 20)]) == "IoU 1.00 with region 10"


def test_boxes_that_do_not_meet_are_said_and_those_of_other_slices_are_not() -> None:
    assert overlap_words(MODELS, FRAME, [_drawn(30, 10, 40, 20)]) == "IoU 0.00"
    assert overlap_words(MODELS, FRAME, [_drawn(10, 10, 20, 20, index=5)]) == ""
    assert overlap_words(MODELS + np.array([1, 0, 0]), FRAME, [_drawn(10, 10, 20, 20)]) == ""
    assert overlap_words(MODELS, FRAME, []) == ""
