"""Everything that has to be known of each model before one is chosen or fetched. No network."""

from __future__ import annotations

from dataclasses import dataclass

from ..asking.budget import sized
from ..engine.hardware import DeviceMemory, device_memory
from ..errors import MedvlmError
from ..models.catalog import CATALOG, CatalogEntry
from ..models.counting import load_of
from ..models.footprint import KNOWN
from ..models.licences import licence_warning
from ..models.planning import Plan, plan
from ..models.state import ModelState, state_of

#: What memory is reckoned for: one image of the usual size of a slice.
IMAGES, ROWS, COLUMNS = 1, 512, 512


@dataclass(frozen=True)
class ModelRow:
    """One model of the catalog as it stands on this machine.

    Parameters
    ----------
    entry
        Name, purpose, size, licence.
    state
        What lies here of it.
    warning
        About its licence; empty where there is nothing to warn of.
    plan
        The memory of a question with one image; None where it cannot be reckoned.
    """

    entry: CatalogEntry
    state: ModelState
    warning: str
    plan: Plan | None


def overview(device: str = "auto") -> tuple[DeviceMemory | None, tuple[ModelRow, ...]]:
    """Look at every model of the catalog, and at the memory of this machine once.

    Parameters
    ----------
    device
        Where it would be loaded; "auto" takes a GPU where there is one.

    Returns
    -------
    memory, rows
    """
    memory = device_memory(device)
    return memory, tuple(
        ModelRow(entry, state_of(entry), licence_warning(entry.licence), _plan(entry, memory))
        for entry in CATALOG.values()
    )


def _plan(entry: CatalogEntry, memory: DeviceMemory | None) -> Plan | None:
    folder = None
    try:
        model = sized(entry.name)
        footprint, folder = model.footprint, model.folder
    except MedvlmError:  # a broken folder: the published size still stands
        if entry.name not in KNOWN:
            return None
        footprint = KNOWN[entry.name]
    load = load_of(footprint, entry.profile, IMAGES, ROWS, COLUMNS, folder=folder)
    on_cpu = memory is not None and memory.device == "cpu"
    free = None if memory is None else memory.free
    return plan(footprint, load, "float32" if on_cpu else "bfloat16", free)
