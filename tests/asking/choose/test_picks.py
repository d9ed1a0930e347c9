"""The list of picked images: an order, no place twice, and nothing lost on the way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.asking import Pick, Picks
from napari_medvlm.imaging import Slab

PICKS = st.builds(
    Pick,
    st.integers(1, 3),
    st.sampled_from(("axial", "coronal", "acquired")),
    st.integers(0, 5),
    st.integers(0, 1),
    st.none() | st.builds(Slab, st.integers(2, 5), st.sampled_from(("mean", "maximum"))),
)
LISTS = st.lists(PICKS, max_size=8).map(Picks.of)


def _places(picks: Picks) -> list[tuple[object, int]]:
    return [(pick.stack, pick.index) for pick in picks]


@given(st.lists(PICKS, max_size=12))
def test_a_list_keeps_its_order_and_has_no_place_twice(items: list[Pick]) -> None:
    picks = Picks.of(items)
    wanted = dict.fromkeys((pick.stack, pick.index) for pick in items)
    assert _places(picks) == list(wanted)


@given(LISTS, PICKS)
def test_toggling_twice_only_takes_a_place_to_the_end(picks: Picks, pick: Pick) -> None:
    there = picks.find(pick)
    once = picks.toggle(pick)
    assert (once.find(pick) is None) == (there is not None)
    assert len(once) == len(picks) + (1 if there is None else -1)
    assert set(_places(once.toggle(pick))) == set(_places(picks))
    if there is None:
        assert once.items[-1] == pick
        assert once.toggle(pick) == picks


@given(LISTS, st.integers(-2, 9), st.integers(-2, 9))
def test_moving_changes_the_order_alone(picks: Picks, at: int, to: int) -> None:
    moved = picks.move(at, to)
    assert sorted(map(repr, moved)) == sorted(map(repr, picks))
    if 0 <= at < len(picks):
        place = min(max(to, 0), len(picks) - 1)
        assert moved.items[place] == picks.items[at]
        assert moved.move(place, at) == picks
        rest = [pick for pick in picks if pick is not picks.items[at]]
        assert [pick for pick in moved if pick is not picks.items[at]] == rest
    else:
        assert moved is picks


@given(LISTS, st.integers(-2, 9))
def test_removing_takes_one_out(picks: Picks, at: int) -> None:
    left = picks.remove(at)
    if 0 <= at < len(picks):
        assert left.items == picks.items[:at] + picks.items[at + 1 :]
    else:
        assert left is picks


@given(LISTS, st.integers(1, 3))
def test_a_source_that_goes_takes_its_picks_along(picks: Picks, key: int) -> None:
    left = picks.without(key)
    assert left.items == tuple(pick for pick in picks if pick.key != key)


@given(LISTS, PICKS, st.lists(st.integers(0, 5), max_size=6))
def test_writing_the_slices_of_one_stack_leaves_the_others(
    picks: Picks, like: Pick, indices: list[int]
) -> None:
    written = picks.write(like.key, like.plane, indices, time=like.time, slab=like.slab)
    assert written.indices(*like.stack) == tuple(dict.fromkeys(indices))
    others = [pick for pick in picks if pick.stack != like.stack]
    assert [pick for pick in written if pick.stack != like.stack] == others
    again = written.indices(*like.stack)
    assert written.write(like.key, like.plane, again, time=like.time) is written


def test_written_slices_stand_where_the_former_ones_stood() -> None:
    picks = Picks.of([Pick(1, "axial", 0), Pick(2, "axial", 5), Pick(1, "axial", 9)])
    written = picks.write(1, "axial", (9, 3))
    assert [(pick.key, pick.index) for pick in written] == [(1, 9), (1, 3), (2, 5)]


def test_a_slab_is_changed_for_one_plane_of_one_source() -> None:
    slab = Slab(5)
    picks = Picks.of([Pick(1, "axial", 0), Pick(1, "coronal", 0), Pick(2, "axial", 0)])
    assert [pick.slab for pick in picks.thicken(1, "axial", slab)] == [slab, None, None]
    assert picks.thicken(3, "axial", slab) is picks


def test_what_a_source_no_longer_has_goes() -> None:
    picks = Picks.of([Pick(1, "axial", 4), Pick(1, "coronal", 1), Pick(2, "axial", 9)])
    left = picks.within(1, lambda plane: 4 if plane == "axial" else 2)
    assert [(pick.key, pick.plane, pick.index) for pick in left] == [
        (1, "coronal", 1),
        (2, "axial", 9),
    ]
