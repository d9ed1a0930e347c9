from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.models.batching import in_batches

torch = pytest.importorskip("torch")


@given(count=st.integers(0, 40), at_once=st.integers(1, 16), room=st.integers(1, 16))
def test_batches_shrink_until_they_fit_and_nothing_is_lost(
    count: int, at_once: int, room: int
) -> None:
    tried: list[int] = []

    def make(first: int, stop: int) -> list[int]:
        tried.append(stop - first)
        if stop - first > room:
            raise torch.OutOfMemoryError
        return list(range(first, stop))

    made = in_batches(make, count, at_once)
    assert [item for part in made for item in part] == list(range(count))
    assert all(len(part) <= room for part in made)
    assert sum(size > room for size in tried) <= 4


def test_a_single_item_that_does_not_fit_is_an_error() -> None:
    def make(first: int, stop: int) -> None:
        raise torch.OutOfMemoryError

    with pytest.raises(torch.OutOfMemoryError):
        in_batches(make, 3, 8)
