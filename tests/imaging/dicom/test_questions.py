"""Identity before position: what is no one volume is never made one, nothing else splits."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_medvlm.imaging.dicom.exam import Exam
from napari_medvlm.imaging.dicom.geometry import place
from napari_medvlm.imaging.dicom.questions import QUESTIONS
from napari_medvlm.imaging.dicom.split import split

from .makers import header

unhurried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

#: One answer to each question that always tells volumes apart, beside the usual one.
EXAMS = {
    "patient": "other", "name": "other", "birth": "other", "date": "other", "time": "other",
    "accession": "other", "number": 9, "description": "other", "protocol": "other",
    "contrast": "other",
}  # fmt: skip
FACTS = {
    "frame_of_reference": "1.9", "kernel": ("B70f",), "energy": 80.0, "thickness": 1.0,
    "echo": (2, 90.0), "inversion": 900.0, "flip": 30.0, "origin": "DERIVED",
    "component": "phase", "marks": ("MIP",), "stack": "2", "modality": "PT", "shape": (4, 5, 3),
    "spacing": (0.5, 0.7), "orientation": (1.0, 0, 0, 0, 0, -1.0), "sop_class": "1.2.840.1",
}  # fmt: skip
USUAL = {
    "frame_of_reference": "1.2", "kernel": ("B30f",), "energy": 120.0, "thickness": 5.0,
    "echo": (1, 10.0), "inversion": 50.0, "flip": 90.0, "origin": "ORIGINAL",
    "component": "magnitude", "stack": "1",
}  # fmt: skip
USUAL_EXAM = Exam(*["usual"] * 6, 3, *["usual"] * 3)


def images(places, **facts) -> list:
    exam = facts.pop("exam", USUAL_EXAM)
    return [
        header(
            (0.0, 0.0, z), 1 + n,
            **(USUAL | {name: of(n) for name, of in facts.items()}),
            exam=exam(n) if callable(exam) else replace(exam),
        )
        for n, z in enumerate(places)
    ]  # fmt: skip


@st.composite
def series(draw) -> list[float]:
    step = draw(st.floats(0.5, 9))
    start = draw(st.floats(-300, 300))
    return [start + step * k for k in range(draw(st.integers(2, 14)))]


@unhurried
@given(places=series(), what=st.sampled_from(sorted(EXAMS | FACTS)), data=st.data())
def test_one_identity_changed_is_never_joined(places, what, data):
    count = len(places)
    chosen = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=count - 1))
    if what in EXAMS:
        changed = replace(USUAL_EXAM, **{what: EXAMS[what]})
        found = images(places, exam=lambda n: changed if n in chosen else USUAL_EXAM)
    else:
        usual = getattr(header(), what, None) if what not in USUAL else USUAL[what]
        if what in ("marks", "sop_class"):
            usual = () if what == "marks" else ""
        found = images(places, **{what: lambda n: FACTS[what] if n in chosen else usual})
    groups = [{int(h.order[1]) - 1 for h in part.headers} for part in split(found)]
    assert all(group <= chosen or not group & chosen for group in groups)
    assert set().union(*groups) == set(range(count))
    if what != "orientation":  # slices of another direction lie beside each other
        assert len(groups) == 2


@unhurried
@given(
    places=series(),
    what=st.sampled_from(["windows", "slope", "content", "seconds", "words", "units", "location"]),
    data=st.data(),
)
def test_what_says_nothing_of_identity_never_splits(places, what, data):
    answers = {
        "windows": (), "slope": 2.0, "content": 7.0, "seconds": 9.0, "words": ("JPEG",),
        "units": "SUV", "location": 3.0,
    }  # fmt: skip
    usual = {"slope": 1.0, "words": (), "windows": (), "units": ""}.get(what)
    chosen = data.draw(st.sets(st.integers(0, len(places) - 1)))
    found = images(places, **{what: lambda n: answers[what] if n in chosen else usual})
    if what in ("content", "seconds"):  # a clock that goes on from slice to slice
        found = images(places, **{what: lambda n: 100.0 + 0.1 * n})
    random.Random(len(places)).shuffle(found)
    assert [len(part.headers) for part in split(found)] == [len(places)]


@unhurried
@given(places=series(), what=st.sampled_from(sorted(EXAMS)), data=st.data())
def test_an_absent_answer_is_no_other_answer(places, what, data):
    silent = replace(USUAL_EXAM, **{what: None if what == "number" else ""})
    chosen = data.draw(st.sets(st.integers(0, len(places) - 1)))
    found = images(places, exam=lambda n: silent if n in chosen else USUAL_EXAM)
    assert [len(part.headers) for part in split(found)] == [len(places)]


@pytest.mark.parametrize("what", ["time", "accession", "description", "frame_of_reference"])
def test_an_id_for_each_slice_tells_no_volumes_apart_and_is_said(what):
    places = [5.0 * k for k in range(6)]
    if what == "frame_of_reference":
        found = images(places, frame_of_reference=lambda n: f"1.{n}")
    else:
        found = images(places, exam=lambda n: replace(USUAL_EXAM, **{what: f"own {n}"}))
    (part,) = split(found)
    assert any("taken as one volume" in remark for remark in part.remarks)


@pytest.mark.parametrize("what", ["patient", "name", "birth", "date"])
def test_an_id_for_each_slice_is_believed_where_it_is_a_persons(what):
    found = images([0.0, 5.0, 10.0], exam=lambda n: replace(USUAL_EXAM, **{what: f"own {n}"}))
    assert len(split(found)) == 3


@unhurried
@given(
    count=st.integers(3, 9), step=st.floats(1, 9), offset=st.floats(0.3, 0.7),
    by=st.sampled_from(["acquisition", "seconds"]), modality=st.sampled_from(["CT", "MR"]),
)  # fmt: skip
def test_whole_acquisitions_between_each_other_are_two_volumes(count, step, offset, by, modality):
    first = [step * k for k in range(count)]
    places = first + [z + offset * step for z in first]
    found = images(
        places, modality=lambda n: modality, thickness=lambda n: step,
        **{by: lambda n: 1 + (n >= count)},
    )  # fmt: skip
    assert [len(part.headers) for part in split(found)] == [count, count]


@unhurried
@given(turns=st.integers(2, 4), each=st.integers(3, 6), step=st.floats(1, 9))
def test_concatenations_of_mr_are_one_volume(turns, each, step):
    places = [step * k for k in range(turns * each)]
    found = images(
        places, modality=lambda n: "MR", thickness=lambda n: step,
        acquisition=lambda n: n % turns, frame_of_reference=lambda n: f"1.{n % turns}",
    )  # fmt: skip
    (part,) = split(found)
    assert len(part.headers) == turns * each
    assert any("frames of reference" in remark for remark in part.remarks)


@unhurried
@given(turns=st.integers(2, 6), each=st.integers(2, 6), step=st.floats(0.6, 9))
def test_turns_of_a_scanner_that_steps_are_one_volume(turns, each, step):
    places = [step * k for k in range(turns * each)]
    found = images(places, acquisition=lambda n: n // each, seconds=lambda n: 3.0 * (n // each))
    assert [len(part.headers) for part in split(found)] == [turns * each]


def test_acquisitions_with_a_gap_between_them_are_two_volumes():
    places = [5.0 * k for k in range(6)] + [200 + 5.0 * k for k in range(6)]
    found = images(places, acquisition=lambda n: n // 6)
    assert [part.label for part in split(found)] == ["acquisition 0", "acquisition 1"]


@unhurried
@given(
    points=st.integers(2, 6), each=st.integers(2, 7), step=st.floats(2.0, 9),
    by=st.sampled_from(["temporal", "b_value", "cardiac", "respiratory", "trigger"]),
    seed=st.integers(0, 1000),
)  # fmt: skip
def test_a_series_that_moves_in_time_stays_one(points, each, step, by, seed):
    shifts = np.random.default_rng(seed).uniform(-2.4, 2.4, points)
    places = [step * k + shifts[t] for t in range(points) for k in range(each)]
    found = images(places, **{by: lambda n: 1 + n // each})
    random.Random(seed).shuffle(found)
    (part,) = split(found)
    placement = place(part.headers)
    assert [len(point) for point in placement.points] == [each] * points
    for t, point in enumerate(placement.points):
        assert [int(h.order[1]) - 1 for h in point] == list(range(t * each, (t + 1) * each))


def test_one_slice_that_drifts_within_itself_is_one_place():
    found = images([0.1 * t for t in range(8)], temporal=lambda n: n)
    (part,) = split(found)
    assert len(place(part.headers).points) == 8
    moving_table = images([5.0 * t for t in range(8)], temporal=lambda n: n)
    (part,) = split(moving_table)
    assert len(place(part.headers).points) == 1


def test_points_too_far_from_each_other_are_volumes_of_their_own():
    places = [4.0 * k for k in range(6)] + [4.0 * k + 6.3 for k in range(6)]
    found = images(places, b_value=lambda n: 2000.0 * (n >= 6), thickness=lambda n: 4.0)
    assert {part.label for part in split(found)} == {"b-value 0", "b-value 2000"}


def test_the_table_of_the_docs_is_the_table_of_the_code():
    page = Path(__file__).parents[3] / "docs" / "reading.md"
    text = page.read_text(encoding="utf-8").partition("## What makes one volume")[2]
    rows = re.findall(r"^\| \d+ \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    told = [tuple(cell.strip() for cell in row) for row in rows]
    assert told == [(q.name, q.tags, q.rule.value) for q in QUESTIONS]
