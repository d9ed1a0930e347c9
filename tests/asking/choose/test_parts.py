"""Frames of several sources in one order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_medvlm.asking import Part, compose, part_of_each, several
from napari_medvlm.asking.choose.labels import layer_label
from napari_medvlm.asking.choose.parts import as_video, gather
from napari_medvlm.asking.choose.regions import SourceBox, place_regions
from napari_medvlm.errors import SelectionError
from napari_medvlm.imaging import Clip, Selection, Slab

from ..scans import Decoder, clip, ct


def _two() -> tuple[Part, ...]:
    prior, current = ct(), replace(ct(), voxels=ct().voxels + 1)
    return (
        Part(prior, Selection((4, 1)), "prior", 1),
        Part(current, Selection((7,), "coronal"), "current", 2),
        Part(prior, Selection((2,)), "prior", 1),
    )


def test_frames_come_in_the_order_of_the_parts_with_the_names_of_their_sources() -> None:
    frames = gather(_two())
    assert [(f.label, f.plane, f.index) for f in frames] == [
        ("prior", "axial", 4),
        ("prior", "axial", 1),
        ("current", "coronal", 7),
        ("prior", "axial", 2),
    ]
    assert frames[0].source == frames[3].source != frames[2].source
    assert [part.label for part in part_of_each(_two())] == [f.label for f in frames]


def test_frames_of_one_source_have_no_name() -> None:
    one = ct()
    parts = (Part(one, Selection((4,)), "x", 1), Part(one, Selection((1,), "coronal"), "x", 1))
    assert not several(parts)
    assert {frame.label for frame in gather(parts)} == {""}


def test_a_clip_in_pieces_is_decoded_once() -> None:
    asked: list[list[int]] = []

    class Counting(Decoder):
        def decode(self, indices):
            asked.append(list(indices))
            return super().decode(indices)

    film = Clip(Counting(), digest="0" * 64, prefetch=False)
    parts = tuple(Part(film, Selection((index,)), key=1) for index in (30, 10, 20))
    assert [frame.index for frame in gather(parts)] == [30, 10, 20]
    assert asked == [[10, 20, 30]]


def test_only_one_clip_in_the_order_of_time_is_a_video() -> None:
    film, other = clip(), ct()
    assert as_video([Part(film, Selection((0, 10)), key=1), Part(film, Selection((20,)), key=1)])
    assert not as_video([Part(film, Selection((10, 0)))])
    assert not as_video([Part(film, Selection((10,)))])
    assert not as_video(
        [Part(film, Selection((0, 10)), key=1), Part(other, Selection((1,)), key=2)]
    )


def test_a_clip_beside_a_volume_goes_as_images() -> None:
    parts = [
        Part(clip(), Selection((0, 10)), "film", 1),
        Part(ct(), Selection((4,), slab=Slab(3)), "ct", 2),
    ]
    question = compose(parts, "Same side?").question
    assert question.frame_kind == "images"
    assert question.text == "Same side?\nImages 1-2: film; image 3: ct."
    assert question.frames[2].slab is not None


def test_a_mistake_of_one_part_is_a_mistake_of_all() -> None:
    with pytest.raises(SelectionError, match="99"):
        gather((*_two(), Part(ct(), Selection((99,)), "other", 3)))


def test_a_region_stays_on_the_source_it_was_drawn_on() -> None:
    prior, current = ct(), replace(ct(), voxels=ct().voxels + 1)
    parts = (Part(prior, Selection((4,)), "a", 1), Part(current, Selection((4,)), "b", 2))
    frames = gather(parts)
    corners = frames[0].box_corners((3, 2, 20, 18))
    (region,), _ = place_regions([SourceBox(corners, source=frames[1].source)], frames)
    assert region.frame == 1
    (region,), _ = place_regions([SourceBox(corners)], frames)
    assert region.frame == 0


@pytest.mark.parametrize(
    ("name", "path", "label"),
    [
        ("prior", "/data/Doe_Jane.nii.gz", "prior"),
        ("Doe_Jane", "/data/Doe_Jane.nii.gz", "ct"),
        ("doe_jane [1]", "/data/Doe_Jane.nii.gz", "ct"),
        ("anything", None, "anything"),
    ],
)
def test_a_label_is_no_name_of_a_file(name: str, path: str | None, label: str) -> None:
    assert layer_label(name, ct(), path=path) == label


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Doe_Jane.nii.gz", "ct"),
        ("Doe_Jane.nii.gz [1]", "ct"),
        ("Doe_Jane.nii.gz copy", "ct"),
        ("denoised doe_jane.nii.gz", "ct"),
        ("T1 [1]", "ct"),
        ("T1, prior", "T1, prior"),
        ("prior: doe_jane.nii.gz", "ct"),
        ("prior", "prior"),
        ("Doe's knee", "Doe's knee"),  # typed by the user
    ],
)
def test_a_title_stays_on_the_screen_and_a_name_that_the_user_gave_is_a_label(
    name: str, label: str
) -> None:
    assert layer_label(name, ct(), titles=("", "T1", "Doe_Jane.nii.gz")) == label


def test_time_points_are_told_of_volumes_that_have_them() -> None:
    moving = replace(ct(), voxels=np.stack([ct().voxels] * 3), temporal=True)
    (frame,) = gather((Part(moving, Selection((4,), time=2)),))
    assert frame.time == 2
    assert gather((Part(ct(), Selection((4,))),))[0].time is None
