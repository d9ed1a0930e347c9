"""Recorded checkpoints, opened once, and ways to make damaged copies of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ORACLES = Path(__file__).resolve().parent.parent / "oracles"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def chexone() -> Any:
    from napari_medvlm.models import open_model

    return open_model(ORACLES / "chexone" / "checkpoint")


@pytest.fixture(scope="session")
def medvlm_r1() -> Any:
    from napari_medvlm.models import open_model

    return open_model(ORACLES / "medvlm_r1" / "checkpoint")


@pytest.fixture(params=["chexone", "medvlm_r1"])
def model(request: pytest.FixtureRequest) -> Any:
    """Each recorded checkpoint, with nothing kept from other tests."""
    found = request.getfixturevalue(request.param)
    found.forget()
    return found


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[str], Path]:
    """Copy a recorded checkpoint so that a test may damage it."""

    def copy(name: str) -> Path:
        target = tmp_path / name
        shutil.copytree(ORACLES / name / "checkpoint", target)
        for path in target.iterdir():
            path.chmod(0o644)
        target.chmod(0o755)
        return target

    return copy


@pytest.fixture
def picture() -> Callable[..., np.ndarray[Any, Any]]:
    """Make images that differ by their number."""

    def make(number: int = 0, rows: int = 84, columns: int = 112) -> np.ndarray[Any, Any]:
        rng = np.random.default_rng(number)
        return rng.integers(0, 256, (rows, columns, 3), dtype=np.uint8)

    return make
