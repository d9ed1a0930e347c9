from __future__ import annotations

import numpy as np
import pytest

from napari_medvlm.asking import FrameBox, Part, compose, offer
from napari_medvlm.asking.choose.composing import seconds_between
from napari_medvlm.errors import QuestionError, SelectionError
from napari_medvlm.imaging import Frame, Selection

from ..scans import clip, ct


def test_a_question_holds_exactly_the_selected_frames() -> None:
    composed = compose([Part(ct(), Selection(indices=(4, 1)))], " where? ", mode="instruct")
    question = composed.question
    assert [frame.index for frame in question.frames] == [4, 1]
    assert (question.text, question.mode, question.frame_kind) == ("where?", "instruct", "images")
    assert composed.remarks == ()


def test_regions_go_in_or_are_reported() -> None:
    boxes = [FrameBox(0, (1, 1, 5, 5), "mass"), FrameBox(2, (1, 1, 5, 5))]
    composed = compose([Part(ct(), Selection(indices=(4,)))], "what is it?", regions=boxes)
    assert [region.label for region in composed.question.regions] == ["mass"]
    assert composed.remarks == ("Region 2 is on image 3, but 1 images are sent.",)


def test_frames_of_a_clip_are_a_video_with_their_own_pace() -> None:
    question = compose([Part(clip(), Selection(indices=(0, 10, 20)))], "which way?").question
    assert question.frame_kind == "video"
    assert question.seconds_per_frame == pytest.approx(0.4)


def test_one_frame_of_a_clip_is_an_image() -> None:
    question = compose([Part(clip(), Selection(indices=(3,)))], "what is it?").question
    assert (question.frame_kind, question.seconds_per_frame) == ("images", None)


def test_frames_without_times_have_no_pace() -> None:
    frames = [Frame.from_pixels(np.zeros((4, 4), np.uint8)) for _ in range(3)]
    assert seconds_between(frames) is None


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_asked_is_said(text: str) -> None:
    with pytest.raises(QuestionError, match="no question yet"):
        compose([Part(ct(), Selection(indices=(4,)))], text)


def test_a_task_may_bring_its_own_words() -> None:
    question = compose([Part(ct(), Selection(indices=(4,)))], "", task="findings").question
    assert (question.text, question.task) == ("", "findings")


def test_slices_that_are_not_there_are_said() -> None:
    with pytest.raises(SelectionError, match="10"):
        compose([Part(ct(), Selection(indices=(10,)))], "where?")


def test_no_frames_are_said() -> None:
    with pytest.raises(QuestionError, match="at least one image"):
        compose([Part(ct(), Selection(indices=(1,)))], "where?", frames=())


def test_what_a_source_offers() -> None:
    offered = offer(ct())
    counts = {plane: offered.count(plane) for plane in offered.planes}
    assert counts == {"axial": 10, "coronal": 40, "sagittal": 64, "acquired": 10}
    assert (offered.unit, offered.stack("axial").places[:3]) == ("mm", (0.0, 5.0, 10.0))
    assert offer(ct((1, 40, 64))).planes == ("acquired",)
    assert offer(ct(oriented=False)).planes == ("acquired",)
    assert (offer(clip()).noun, offer(clip()).count("acquired")) == ("frame", 50)
    assert offer(clip()).count("axial") == 0
