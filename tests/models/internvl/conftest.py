"""The two recorded checkpoints of Fleming-VL's layout, opened once, and copies to damage."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fleming_support import ORACLE, edit


@pytest.fixture(scope="session")
def fleming_8b() -> Any:
    from napari_medvlm.models import open_model

    return open_model(ORACLE / "checkpoint")


@pytest.fixture(scope="session")
def fleming_38b() -> Any:
    from napari_medvlm.models import open_model

    return open_model(ORACLE / "checkpoint_38b_style")


@pytest.fixture
def fleming(fleming_8b: Any) -> Any:
    """The 8B style, with nothing kept from other tests."""
    fleming_8b.forget()
    return fleming_8b


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Copy a recorded checkpoint so that a test may change it."""

    def copy(name: str = "checkpoint", **changes: Any) -> Path:
        target = tmp_path / "fleming_vl" / name
        shutil.copytree(ORACLE / name, target)
        for path in target.iterdir():
            path.chmod(0o644)
        target.chmod(0o755)
        edit(target / "config.json", **changes)
        return target

    return copy
