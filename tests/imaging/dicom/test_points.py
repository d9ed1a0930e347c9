from __future__ import annotations

import random

import pytest

from napari_medvlm.imaging.dicom.geometry import place

from .makers import header


def series(times: int, places: int = 3, *, skip=(), **traits) -> list:
    """Images of a 4-D series; traits are functions of the time point t and the slice k."""
    images = [
        header(
            (0, 0, 2.0 * k), 1 + t * places + k,
            **{name: of(t, k) for name, of in traits.items()},
        )
        for t in range(times) for k in range(places) if (t, k) not in skip
    ]  # fmt: skip
    random.Random(1).shuffle(images)
    return images


def numbers(placement) -> list[list[int]]:
    return [[int(h.order[1]) for h in point] for point in placement.points]


def said(placement) -> str:
    return " ".join(placement.remarks)


IN_ORDER = [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10, 11, 12]]


@pytest.mark.parametrize(
    ("traits", "words", "times"),
    [
        ({"temporal": lambda t, k: t + 1}, "TemporalPositionIdentifier", ()),
        ({"temporal": lambda t, k: t + 1, "seconds": lambda t, k: 100 + 2.5 * t + 0.1 * k},
         "TemporalPositionIdentifier", (0, 2.5, 5, 7.5)),
        ({"trigger": lambda t, k: 40.0 * t + 10}, "TriggerTime", (0.01, 0.05, 0.09, 0.13)),
        ({"trigger": lambda t, k: 40.0 * t + k}, "time", (0.001, 0.041, 0.081, 0.121)),
        ({"cardiac": lambda t, k: 10.0 * t}, "NominalPercentageOfCardiacPhase", ()),
        ({"respiratory": lambda t, k: 10.0 * t}, "NominalPercentageOfRespiratoryPhase", ()),
        ({"acquisition": lambda t, k: t}, "AcquisitionNumber", ()),
        ({"seconds": lambda t, k: 3.0 * t}, "AcquisitionTime", (0, 3, 6, 9)),
        ({"content": lambda t, k: 3.0 * t}, "ContentTime", (0, 3, 6, 9)),
        ({"b_value": lambda t, k: 500.0 * t}, "b-value (0018,9087)", ()),
        ({}, "order is that of InstanceNumber", ()),
    ],
)  # fmt: skip
def test_points_are_told_by_what_the_header_has(traits, words, times):
    placement = place(series(4, **traits))
    assert numbers(placement) == IN_ORDER
    assert words in said(placement)
    assert placement.times == pytest.approx(times)


def test_directions_of_one_b_value_stay_in_the_order_in_which_they_were_taken():
    gradients = [(), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), ()]
    placement = place(
        series(4, b_value=lambda t, k: 1000.0 if gradients[t] else 0.0,
               gradient=lambda t, k: gradients[t], acquisition=lambda t, k: t)
    )  # fmt: skip
    assert numbers(placement) == IN_ORDER
    assert "b-values 0, 1000, 1000, 0 s/mm²" in said(placement)
    assert placement.times == ()


def test_instance_numbers_may_run_over_the_points_of_one_place_first():
    images = [header((0, 0, 2.0 * k), 1 + k * 4 + t) for k in range(3) for t in range(4)]
    assert numbers(place(images))[0] == [1, 5, 9]


def test_a_lost_slice_costs_its_time_point_and_is_said():
    placement = place(series(4, skip={(2, 1)}, temporal=lambda t, k: t))
    assert numbers(placement) == [IN_ORDER[0], IN_ORDER[1], IN_ORDER[3]]
    assert "1 of 4 points lack slices and are left out" in said(placement)
    assert "cannot be known" in said(placement)
    assert {int(h.order[1]) for h, _ in placement.unused} == {7, 9}


def test_a_place_that_most_points_lack_costs_that_place():
    skip = {(t, 2) for t in range(1, 4)}
    placement = place(series(4, skip=skip, temporal=lambda t, k: t))
    assert [point[:2] for point in IN_ORDER] == numbers(placement)
    assert "1 of 3 slices lack some of the points" in said(placement)


def test_phases_of_one_slice_are_points_too():
    placement = place(series(4, places=1, trigger=lambda t, k: 30.0 * t))
    assert len(placement.points) == 4
    assert placement.times == pytest.approx((0, 0.03, 0.06, 0.09))


def test_positions_that_shake_from_time_to_time_are_one_place_each():
    images = [
        header((0, 0, 3.0 * k + 0.02 * t), 1 + t * 5 + k, temporal=t)
        for t in range(4) for k in range(5)
    ]  # fmt: skip
    placement = place(images)
    assert (len(placement.points), len(placement.points[0])) == (4, 5)


def test_one_image_too_many_at_one_place_is_left_out():
    images = [header((0, 0, 2.0 * k), k) for k in range(5)]
    placement = place([*images, header((0, 0, 4.0), 30)])
    assert numbers(placement) == [[0, 1, 2, 3, 4]]
    assert "1 images share a position" in said(placement)
    assert placement.unused[0][1] == "Another image of its series lies at the same position."
