"""What can be done with a model in each of its states, and the reason why not."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from napari_medvlm.asking.model.remembered import Wish
from napari_medvlm.engine import EngineState, ModelChoice
from napari_medvlm.engine.hardware import DeviceMemory
from napari_medvlm.engine.machine import Machine, TorchBuild
from napari_medvlm.fetching.acts import in_memory, possible
from napari_medvlm.fetching.hub import why_unreachable
from napari_medvlm.fetching.jobs import JobState
from napari_medvlm.fetching.overview import ModelRow
from napari_medvlm.models.catalog import CATALOG
from napari_medvlm.models.state import ModelState, StateKind

FOLDER = Path("/models/chexone")
ENTRY = CATALOG["chexone"]
ROW = ModelRow(
    key="chexone",
    label="CheXOne",
    purpose="",
    entry=ENTRY,
    folder=FOLDER,
    profile=ENTRY.profile,
    state=ModelState("absent"),
    size=1,
    licence="",
    warning="",
    repository=ENTRY.repository,
    revision="",
    wish=Wish(),
    checksums=True,
)
ADDED = replace(ROW, key=str(FOLDER), entry=None, repository="", checksums=False)
TOY = replace(ROW, key="demo", entry=CATALOG["demo"], repository="")
IDLE = EngineState()
HELD = EngineState("ready", ModelChoice(str(FOLDER)), "cpu")
CPU = DeviceMemory("cpu", "CPU", 1, 1)
MACHINE = Machine(CPU, torch=TorchBuild("2"))


def _acts(
    row: ModelRow,
    kind: StateKind,
    job: JobState | None = None,
    state: EngineState = IDLE,
    machine: Machine | None = MACHINE,
    unreachable: str = "",
) -> dict[str, str]:
    row = replace(row, state=ModelState(kind, held=0 if kind == "absent" else 1))
    return dict(possible(row, job, state, machine, unreachable=unreachable))


@pytest.mark.parametrize(
    ("row", "kind", "names"),
    [
        (ROW, "absent", {"download"}),
        (ROW, "partial", {"resume", "cancel"}),
        (ROW, "ready", {"check", "pack", "load", "delete"}),
        (ROW, "broken", {"download", "delete"}),
        (ADDED, "ready", {"check", "pack", "load", "forget", "delete"}),
        (ADDED, "broken", {"forget", "delete"}),
        (TOY, "ready", {"load"}),
    ],
)
def test_each_state_has_its_acts(row: ModelRow, kind: StateKind, names: set[str]) -> None:
    acts = _acts(row, kind)
    assert set(acts) == names
    assert [name for name, reason in acts.items() if reason] == (
        ["check"] if row is ADDED and kind == "ready" else []
    )


def test_reasons() -> None:
    assert _acts(ROW, "absent", unreachable="Offline.")["download"] == "Offline."
    assert _acts(ROW, "partial", unreachable="Offline.") == {"resume": "Offline.", "cancel": ""}
    assert "[local]" in _acts(ROW, "ready", machine=Machine(CPU))["load"]
    answering = replace(HELD, status="answering")
    held = _acts(ROW, "ready", state=answering)
    assert "stop it first" in held["load"]
    assert "stop it first" in held["unload"]
    assert "unload it first" in held["delete"]
    assert _acts(ROW, "ready", state=HELD)["unload"] == ""
    assert _acts(ROW, "broken", state=HELD)["unload"] == ""


def test_while_something_goes_on_it_can_be_ended_and_nothing_else() -> None:
    assert _acts(ROW, "partial", JobState("download", "running")) == {"pause": "", "cancel": ""}
    assert _acts(ROW, "partial", JobState("download", "stopping"))["pause"] == "It is ending."
    assert _acts(ROW, "ready", JobState("check", "running")) == {"cancel": ""}
    assert _acts(ROW, "absent", JobState("ask", "running")) == {}
    assert "download" in _acts(ROW, "absent", JobState("download", "failed"))


def test_what_is_in_memory() -> None:
    assert in_memory(ROW, HELD)
    assert not in_memory(ROW, replace(HELD, status="dead"))
    assert not in_memory(ROW, EngineState("ready", ModelChoice("/models/other")))


@pytest.mark.parametrize(
    ("environment", "offline"),
    [("", False), ("0", False), ("1", True), ("true", True), ("ON", True)],
)
def test_why_nothing_can_be_fetched_is_told_without_importing_the_client(
    monkeypatch: pytest.MonkeyPatch, environment: str, offline: bool
) -> None:
    monkeypatch.delitem(sys.modules, "huggingface_hub.constants", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", environment)
    monkeypatch.setenv("TRANSFORMERS_OFFLINE", "")
    assert ("HF_HUB_OFFLINE" in why_unreachable()) is offline
    monkeypatch.setenv("HF_HUB_OFFLINE", "")
    monkeypatch.setitem(sys.modules, "httpx2", None)
    assert "httpx2 is not installed" in why_unreachable()
    assert 'pip install "napari-medvlm[local]"' in why_unreachable()
