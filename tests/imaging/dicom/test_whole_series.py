from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.imaging.dicom.exam import Exam
from napari_medvlm.imaging.dicom.whole_series import gather

from .makers import header

EXAM = Exam("p", "n", "b", "d", "t", "", 7, "words")


def slices(places, *, exam=EXAM, **facts) -> list:
    """Slices with a series UID each; facts are functions of the slice's number."""
    return [
        header(
            (0.0, 0.0, z), 1 + n, series=f"1.2.{n}", exam=exam(n) if callable(exam) else exam,
            **{name: of(n) for name, of in facts.items()},
        )
        for n, z in enumerate(places)
    ]  # fmt: skip


def sizes(headers) -> list[int]:
    return sorted(len(one.headers) for one in gather(headers))


@settings(max_examples=40, deadline=None)
@given(count=st.integers(3, 20), step=st.floats(0.5, 9), order=st.randoms(use_true_random=False))
def test_slices_with_a_uid_each_are_one_series_and_it_is_said(count, step, order):
    headers = slices([step * k for k in range(count)])
    order.shuffle(headers)
    (one,) = gather(headers)
    assert len(one.headers) == count
    assert "SeriesInstanceUID (0020,000E)" in one.remarks[0]


def test_ids_of_study_and_space_for_each_file_change_nothing_where_people_and_date_agree():
    places = [5.0 * k for k in range(6)]
    assert sizes(slices(places, frame_of_reference=lambda n: f"1.{n}")) == [6]
    assert sizes(slices(places, study=lambda n: f"1.{n}")) == [6]
    assert sizes(slices(places, study=lambda n: f"1.{n}", exam=replace(EXAM, date=""))) == [1] * 6
    several = slices(places, study=lambda n: f"1.{n}", frame_of_reference=lambda n: f"1.{n}")
    assert sizes(several) == [1] * 6


def test_several_times_of_each_slice_come_along():
    headers = [
        header((0, 0, 5.0 * k), 1 + t + 3 * k, series=f"1.2.{k}", exam=EXAM, temporal=t)
        for k in range(5)
        for t in range(3)
    ]
    assert sizes(headers) == [15]


def test_series_that_differ_in_anything_else_stay_apart():
    places = [5.0 * k for k in range(4)]
    for field, value in {"patient": "q", "date": "e", "number": 8, "description": "other"}.items():
        changed = slices(places, exam=lambda n, f=field, v=value: replace(EXAM, **{f: v})
                         if n == 2 else EXAM)  # fmt: skip
        assert 1 in sizes(changed), field
    assert sizes(slices([0, 5, 10, 20])) == [1, 1, 1, 1]  # not even
    assert sizes(slices([0, 5])) == [1, 1]  # too few to tell
    nameless = Exam("p", "n", "b", "d", "t")
    assert sizes(slices(places, exam=nameless)) == [1] * 4  # nothing to agree in


def test_whole_series_beside_each_other_stay_as_they_are():
    headers = [
        header((0, 0, 5.0 * k), k, series=f"1.2.{s}", exam=EXAM) for s in range(3) for k in range(4)
    ]
    random.Random(1).shuffle(headers)
    assert sizes(headers) == [4, 4, 4]


def test_files_without_a_series_are_taken_together_by_folder():
    headers = [
        header((0, 0, 5.0 * k), k, series="", path=Path(folder) / f"{k}")
        for folder in ("a", "b")
        for k in range(3)
    ]
    assert sizes(headers) == [3, 3]
