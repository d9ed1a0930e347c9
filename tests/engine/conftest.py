"""Engines on fake models, and proof that nothing of them is left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from engine_support import HERE, MakeThread, blocks_of

from napari_medvlm.engine import ModelThread


@pytest.fixture
def make_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeThread]:
    """Make engines by the name of a fake model; all are closed afterwards."""
    monkeypatch.syspath_prepend(str(HERE))
    made: list[ModelThread] = []

    def make(fake: str, engine: str = "process", **settings: Any) -> ModelThread:
        thread = ModelThread(engine, opener=f"fake_models:{fake}", **settings)  # type: ignore[arg-type]
        made.append(thread)
        return thread

    yield make
    for thread in made:
        thread.close()


@pytest.fixture(autouse=True)
def nothing_left_in_shared_memory() -> Iterator[None]:
    """No test leaves a block of this process behind."""
    yield
    assert blocks_of(os.getpid()) == []
