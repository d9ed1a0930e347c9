"""Within ten seconds and a gigabyte: files that promise or unpack to far more."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from .bombs import BOMBS
from .test_mutations import check
from .victim import Victim

#: Sound images with much behind them, which a reader may leave unread.
_READABLE = ("tail.nii.gz",)


@pytest.mark.parametrize("name", list(BOMBS))
def test_bombs_are_refused_and_named(name, victim: Victim, tmp_path: Path):
    path = tmp_path / name
    path.write_bytes(BOMBS[name]())
    answer = victim.read(path)
    check(answer, path)
    assert answer["kind"] == "refused" or name in _READABLE, answer


class _Trap:
    """Would leave a file behind if it were ever unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("name", ["trap.npy", "trap.npz", "trap.pkl"])
def test_pickles_are_never_opened(name, victim: Victim, tmp_path: Path):
    mark, path = tmp_path / "sprung", tmp_path / name
    trap = np.array([_Trap(mark)], dtype=object)
    if name.endswith(".npy"):
        np.save(path, trap, allow_pickle=True)
    elif name.endswith(".npz"):
        np.savez(path, trap, allow_pickle=True)
    else:
        path.write_bytes(pickle.dumps(_Trap(mark)))
    answer = victim.read(path)
    check(answer, path)
    assert answer["kind"] == "refused"
    assert not mark.exists()
