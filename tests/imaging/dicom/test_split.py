from __future__ import annotations

import random

import pytest

from napari_medvlm.imaging.dicom.exam import Exam
from napari_medvlm.imaging.dicom.geometry import place
from napari_medvlm.imaging.dicom.split import split

from .makers import header

CORONAL = (1.0, 0, 0, 0, 0, -1.0)


def stack(count: int = 4, first: int = 1, **facts) -> list:
    return [header((0, 0, 5.0 * k), first + k, **facts) for k in range(count)]


def sizes(headers) -> list[int]:
    random.Random(3).shuffle(headers)
    return [len(part.headers) for part in split(headers)]


def labels(headers) -> set[str]:
    return {part.label for part in split(headers)}


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ({"echo": (1, 10.0)}, {"echo": (2, 80.0)}, {"echo time 10 ms", "echo time 80 ms"}),
        ({"component": "magnitude"}, {"component": "phase"}, {"magnitude", "phase"}),
        ({"component": "real"}, {"component": "imaginary"}, {"real", "imaginary"}),
        ({"origin": "ORIGINAL"}, {"origin": "DERIVED"}, {"original", "derived"}),
        ({"marks": ("WATER",)}, {"marks": ("FAT",)}, {"water", "fat"}),
        ({"marks": ("TRACEW",)}, {"marks": ("ADC",)}, {"tracew", "adc"}),
        ({"kernel": ("B30f",)}, {"kernel": ("B70f",)}, {"kernel B30f", "kernel B70f"}),
        ({"energy": 80.0}, {"energy": 140.0}, {"80 kV", "140 kV"}),
        ({"inversion": 50.0}, {"inversion": 900.0},
         {"inversion time 50 ms", "inversion time 900 ms"}),
        ({"stack": "1"}, {"stack": "2"}, {"stack 1", "stack 2"}),
        ({"thickness": 1.0}, {"thickness": 5.0},
         {"slice thickness 1 mm", "slice thickness 5 mm"}),
        ({"shape": (4, 5, 1)}, {"shape": (4, 5, 3)}, {"grey", "colour"}),
        ({"shape": (4, 5, 1)}, {"shape": (8, 8, 1)}, {"4 x 5 pixels", "8 x 8 pixels"}),
        ({"spacing": (0.8, 0.7)}, {"spacing": (1.6, 1.4)},
         {"pixels of 0.8 x 0.7 mm", "pixels of 1.6 x 1.4 mm"}),
    ],
)  # fmt: skip
def test_what_differs_in_kind_at_the_same_places_is_two_volumes(a, b, words):
    images = stack(**a) + stack(first=11, **b)
    assert sizes(images) == [4, 4]
    assert labels(images) == words


@pytest.mark.parametrize(
    "varied",
    [
        [{"energy": 100.0 + k} for k in range(4)],
        [{"echo": (1, 10.0 + k)} for k in range(4)],
        [{"words": ("A",) if k else ("A", "JPEG")} for k in range(4)],
        [{"acquisition": k, "seconds": float(k)} for k in range(4)],
        [{"frame_of_reference": f"1.{k}"} for k in range(4)],
        [{"thickness": 2.0 + k} for k in range(4)],
    ],
)
def test_what_varies_from_slice_to_slice_does_not_split(varied):
    images = [header((0, 0, 5.0 * k), k, **facts) for k, facts in enumerate(varied)]
    assert sizes(images) == [4]


def test_scouts_lie_in_volumes_of_their_own():
    scouts = [header((0, 5.0 * k, 0), 20 + k, orientation=CORONAL) for k in range(2)]
    marked = [header((0, 0, 100), 30, marks=("LOCALIZER",))]
    images = stack(6) + scouts + marked
    assert sizes(images) == [6, 2, 1]
    assert any("localizer" in label for label in labels(images))


def test_radiographs_of_one_series_are_no_slices_of_each_other():
    images = [header(None, k, modality="DX", orientation=None) for k in range(2)]
    assert sizes(images) == [1, 1]
    assert sizes([header(None, k, modality="CT", orientation=None) for k in range(2)]) == [2]


def test_views_of_a_gamma_camera_are_no_slices_of_each_other():
    view = {"modality": "NM", "orientation": None, "words": ("WHOLE BODY", "EMISSION")}
    assert sizes([header(None, k, **view) for k in range(2)]) == [1, 1]
    slices = view | {"words": ("RECON TOMO", "EMISSION")}
    assert sizes([header(None, k, **slices) for k in range(4)]) == [4]


def test_what_several_ids_tell_apart_alike_is_said_once():
    one, other = Exam("p", "n", "b", "d", "t"), Exam("q", "m", "c", "e", "u")
    images = stack(exam=one) + stack(first=11, exam=other)
    assert labels(images) == {"patient 1 of 2", "patient 2 of 2"}


def test_stations_beside_each_other_are_two_volumes():
    lower = [header((0, 5.0 * k, 0), k, orientation=CORONAL) for k in range(5)]
    upper = [header((0, 5.0 * k, 400), 10 + k, orientation=CORONAL) for k in range(5)]
    assert sizes(lower + upper) == [5, 5]


def test_leaning_stacks_beside_each_other_are_followed_from_slice_to_slice():
    near = [header((0, 2.0 * k, 5.0 * k), k) for k in range(8)]
    far = [header((30, 2.0 * k + 20, 5.0 * k), 20 + k) for k in range(8)]
    assert sizes(near + far) == [8, 8]


def test_acquisitions_that_cover_different_places_are_two_volumes():
    chest = [header((0, 0, 5.0 * k), k, acquisition=1) for k in range(10)]
    abdomen = [header((0, 0, 5.0 * k), 20 + k, acquisition=2) for k in range(6, 20)]
    assert sizes(chest + abdomen) == [14, 10]


def test_acquisitions_over_the_same_places_are_time_points():
    images = [
        header((0, 0, 5.0 * k), 1 + k + 4 * t, acquisition=t + 1)
        for t in range(3)
        for k in range(4)
    ]
    (part,) = split(images)
    assert len(place(part.headers).points) == 3


def test_order_of_files_changes_nothing():
    images = stack(5, echo=(1, 10.0)) + stack(5, first=20, echo=(2, 20.0)) + stack(3, first=40)
    wanted = [[h.order for h in part.headers] for part in split(images)]
    for seed in range(5):
        random.Random(seed).shuffle(images)
        assert [[h.order for h in part.headers] for part in split(images)] == wanted
