"""The model process's surroundings, and what it says about memory."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from napari_medvlm.engine import guard
from napari_medvlm.engine.memory import is_out_of_memory, memory_bytes


def test_one_core_is_left_to_the_viewer_unless_the_user_says_otherwise() -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert guard.thread_count({}) == max(1, (cores or 1) - 1)
    assert guard.thread_count({"MEDVLM_THREADS": " 5 "}) == 5
    for nonsense in ("0", "-2", "many", ""):
        assert guard.thread_count({"MEDVLM_THREADS": nonsense}) == guard.thread_count({})


def test_the_users_own_thread_count_stands() -> None:
    environment = {"OMP_NUM_THREADS": "7"}
    guard.prepare_environment(environment)
    assert environment["OMP_NUM_THREADS"] == "7"
    assert environment["HF_HUB_OFFLINE"] == environment["TRANSFORMERS_OFFLINE"] == "1"
    guard.prepare_environment(environment | {"MEDVLM_THREADS": "2"})
    environment["MEDVLM_THREADS"] = "2"
    guard.prepare_environment(environment)
    assert environment["OMP_NUM_THREADS"] == environment["MKL_NUM_THREADS"] == "2"


class OutOfMemoryError(RuntimeError):
    """Named like torch's."""


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (OutOfMemoryError("HIP"), True),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True),
        (OSError(12, "Cannot allocate memory"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("the answer ran out of memory"), False),
    ],
)
def test_lack_of_memory_is_told_from_other_errors(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected


def test_memory_figure_grows_with_what_is_held() -> None:
    before = memory_bytes("cpu")
    held = np.ones(64 * 1024 * 1024, np.uint8)
    assert memory_bytes("cpu") - before > 0.5 * held.nbytes


def test_the_engine_imports_neither_torch_nor_a_window_library() -> None:
    code = (
        "import sys, napari_medvlm.engine, napari_medvlm.engine.worker;"
        "heavy = {'torch', 'transformers', 'napari', 'qtpy', 'PIL', 'decord'} & set(sys.modules);"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
