from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.asking.answer.linking import find_links, link_words, pieces
from napari_medvlm.asking.answer.placing import PlacedBox, place_box
from napari_medvlm.dialogue import Box
from napari_medvlm.imaging import Frame

PIXELS = np.zeros((20, 30), np.uint8)


def _slices(*indices: int) -> list[Frame]:
    return [Frame.from_pixels(PIXELS, plane="axial", index=index) for index in indices]


def _box(label: str, frame: int, frames: list[Frame]) -> PlacedBox:
    placed = place_box(Box(label, (1, 2, 8, 9), frame=frame), frames)
    assert placed is not None
    return placed


def _found(text: str, frames: list[Frame], boxes: list[PlacedBox] | None = None) -> list[object]:
    return [
        (text[link.start : link.stop], link.frames)
        for link in find_links(text, frames, boxes or [])
    ]


def test_images_slices_and_lists_of_them_lead_to_their_frames() -> None:
    frames = _slices(12, 40, 44)
    text = "Image 2 is clear, slice 44 and images 1 and 3 are not; the last image is dark."
    assert _found(text, frames) == [
        ("Image 2", (1,)),
        ("slice 44", (2,)),
        ("images 1", (0,)),
        ("3", (2,)),
        ("last image", (2,)),
    ]


def test_what_was_not_sent_is_marked_with_the_reason() -> None:
    frames = _slices(12, 2, 44)
    text = "See image 9, slice 77, slice 2 and at 4 s."
    problems = [link.problem for link in find_links(text, frames)]
    assert problems == [
        "No such image was sent: 3 images were sent.",
        "No such slice was sent: 3 images were sent.",
        "",  # slice 2 of the source is image 2 as well: both readings agree
        "The images that were sent have no times.",
    ]
    (unsure,) = find_links("slice 2", _slices(2, 7))
    assert unsure.problem == "May mean image 2 of those sent, or slice 2 of the source."
    assert unsure.frames == ()


def test_times_lead_to_the_nearest_frame_of_a_clip() -> None:
    frames = [
        Frame.from_pixels(PIXELS, plane="frame", index=25 * n, position=float(n), unit="s")
        for n in range(4)
    ]
    near, far = find_links("It turns at 2.2 s and at 9 s.", frames)
    assert near.frames == (2,)
    assert far.problem == "No frame was sent from 9 s."
    assert link_words(near, frames) == "Image 3: frame 50, 2.00 s"
    assert link_words(far, frames) == far.problem


def test_labels_of_boxes_lead_to_the_first_box_and_mean_all_frames_that_show_one() -> None:
    frames = _slices(12, 40, 44)
    boxes = [_box("nodule", 1, frames), _box("lung nodule", 0, frames), _box("Nodule", 2, frames)]
    text = "A Nodule (not nodules), and a lung nodule on image 1."
    links = find_links(text, frames, boxes)
    assert [(text[x.start : x.stop], x.frames, x.box) for x in links] == [
        ("Nodule", (1, 2), 0),
        ("lung nodule", (0,), 1),
        ("image 1", (0,), None),
    ]
    assert link_words(links[0], frames, boxes).splitlines() == [
        "▣ nodule",
        "Image 2: axial slice 40",
        "Image 3: axial slice 44",
    ]


def test_a_label_that_is_part_of_a_mention_or_of_any_sentence_is_no_link_of_its_own() -> None:
    frames = _slices(12)
    boxes = [_box("image", 0, frames), _box("a", 0, frames), _box(".*", 0, frames)]
    assert _found("image 1 is a .* here", frames, boxes) == [("image 1", (0,))]


def test_a_question_without_images_has_no_links() -> None:
    assert find_links("see image 3", []) == ()


@given(st.text(alphabet="image slc 0123,and<>&nodule\n", max_size=80))
def test_pieces_are_the_text_again_and_links_never_overlap(text: str) -> None:
    frames = _slices(2, 3)
    links = find_links(text, frames, [_box("nodule", 0, frames)])
    assert "".join(piece for piece, _ in pieces(text, links)) == text
    assert [number for _, number in pieces(text, links) if number is not None] == list(
        range(len(links))
    )


def test_a_number_that_two_sources_have_leads_nowhere_and_says_why() -> None:
    prior, current = (
        Frame.from_pixels(PIXELS, source=source, index=12) for source in ("a" * 12, "b" * 12)
    )
    (link,) = find_links("See slice 12.", [prior, current])
    assert link.frames == ()
    assert link.problem == "Images 1 and 2 are of a slice 12: which of them is not said."
    (link,) = find_links("See image 2.", [prior, current])
    assert link.frames == (1,)


def test_a_second_that_two_clips_have_leads_nowhere() -> None:
    frames = [
        Frame.from_pixels(PIXELS, source=source, plane="frame", index=n, position=1.0, unit="s")
        for n, source in enumerate(("a" * 12, "b" * 12))
    ]
    (link,) = find_links("It turns at 1 s.", frames)
    assert link.problem == "Frames of 2 clips were sent: which of them is not said."
