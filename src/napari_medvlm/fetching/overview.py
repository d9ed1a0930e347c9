"""Everything that has to be known of each model before one is chosen or fetched. No network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..asking.choose.budget import sized
from ..asking.model.remembered import Remembered, Wish
from ..engine.hardware import DeviceMemory
from ..engine.machine import Machine, look_at_machine
from ..errors import CheckpointError, MedvlmError
from ..models.catalog import CATALOG, PROFILES, CatalogEntry
from ..models.counting import load_of
from ..models.footprint import KNOWN
from ..models.licences import licence_warning
from ..models.planning import PRECISIONS, Plan, Precision, plan
from ..models.profiles import Profile
from ..models.state import ModelState, held_bytes, state_of, what_is_wrong
from ..models.store import folder_of, locate
from .download import begun_revision
from .manifest import Manifest, read_manifest

#: What memory is reckoned for: one image of the usual size of a slice.
IMAGES, ROWS, COLUMNS = 1, 512, 512
#: How the model that ships with the program is loaded where nobody chose.
_TOY_WISH = Wish("cpu", "float32")


@dataclass(frozen=True)
class ModelRow:
    """One model as it stands on this machine.

    Parameters
    ----------
    key
        Its catalog name, or the folder that the user added.
    label, purpose
        For people.
    entry
        None for a folder that the user added.
    folder
        Where it lies, or is looked for.
    profile
        How it is talked to; None where a folder cannot be read.
    state
        What lies here of it.
    size
        Bytes on the disk where it is here, as published otherwise.
    licence, warning
        As its publisher named it when it was fetched, or as the catalog does; and what has to
        be said about it.
    repository, revision
        Where it is published; the commit of what lies here, or that a download would take,
        empty where that is the newest.
    wish
        How it is to be loaded, as it was chosen for this model.
    checksums
        Whether checksums lie beside it.
    plan
        The memory of a question with one image, loaded so; None where it cannot be reckoned.
    memory
        Of the device that it would be loaded on; None where that is not known.
    """

    key: str
    label: str
    purpose: str
    entry: CatalogEntry | None
    folder: Path
    profile: Profile | None
    state: ModelState
    size: int
    licence: str
    warning: str
    repository: str
    revision: str
    wish: Wish
    checksums: bool = False
    plan: Plan | None = None
    memory: DeviceMemory | None = None

    @property
    def gated(self) -> bool | None:
        """Whether terms have to be accepted first; None where only the hub knows."""
        return None if self.entry is None else self.entry.gated


def overview(
    known: Remembered | None = None, machine: Machine | None = None, default: Wish | None = None
) -> tuple[Machine, tuple[ModelRow, ...]]:
    """Look at every model of the catalog and every folder that was added.

    Parameters
    ----------
    known
        What is remembered; None remembers nothing.
    machine
        None looks at it.
    default
        How models are loaded that were not told otherwise.

    Returns
    -------
    machine, rows
    """
    known = Remembered() if known is None else known
    machine = look_at_machine() if machine is None else machine
    sized.cache_clear()  # folders come and go
    default = Wish() if default is None else default
    rows = [_of_catalog(entry, known.wishes, machine, default) for entry in CATALOG.values()]
    rows += [_of_folder(name, known.wishes, machine, default) for name in known.folders]
    return machine, tuple(rows)


def _of_catalog(
    entry: CatalogEntry, wishes: Mapping[str, Wish], machine: Machine, default: Wish
) -> ModelRow:
    state, folder = state_of(entry), folder_of(entry)
    manifest = _manifest(folder)
    revision = _begun(entry) or entry.revision if manifest is None else manifest.revision
    licence = (manifest.licence if manifest else "") or entry.licence
    wish = wishes.get(entry.name, _TOY_WISH if entry.name == "demo" else Wish())
    as_loaded = wish.filled_from(default)
    here = state.kind == "ready" and state.held
    return ModelRow(
        key=entry.name,
        label=entry.label,
        purpose=entry.purpose,
        entry=entry,
        folder=folder,
        profile=entry.profile,
        state=state,
        size=state.held if here else round(entry.size_gb * 1e9),
        licence=licence,
        warning=licence_warning(licence),
        repository=entry.repository,
        revision=revision,
        wish=wish,
        checksums=manifest is not None,
        plan=_plan(entry.name, as_loaded, machine),
        memory=machine.memory(as_loaded.device),
    )


def _of_folder(name: str, wishes: Mapping[str, Wish], machine: Machine, default: Wish) -> ModelRow:
    folder, wish = Path(name), wishes.get(name, Wish())
    as_loaded = wish.filled_from(default)
    label, profile, state, licence = folder.name, None, ModelState("ready"), ""
    manifest = None
    try:
        located = locate(folder)
        label, profile = located.label, PROFILES[located.profile]
        if label == profile.title:
            short = folder.name if len(folder.name) <= 20 else f"{folder.name[:19]}…"
            label = f"{label} ({short})"
        manifest = _manifest(folder)
        why = what_is_wrong(folder)
        state = ModelState("broken" if why else "ready", why, held_bytes(folder))
    except (CheckpointError, OSError) as error:
        gone = f"The folder is gone: {folder}. Is its disk connected?"
        state = ModelState("broken", gone if not _is_dir(folder) else _sentence(error))
    entry = None if profile is None else CATALOG.get(profile.name)
    if manifest is not None and manifest.licence:
        licence = manifest.licence
    elif entry is not None:
        licence = entry.licence
    return ModelRow(
        key=name,
        label=label,
        purpose=entry.purpose if entry else "A folder on this computer.",
        entry=None,
        folder=folder,
        profile=profile,
        state=state,
        size=state.held,
        licence=licence,
        warning=licence_warning(licence),
        repository=manifest.repository if manifest else "",
        revision=manifest.revision if manifest else "",
        wish=wish,
        checksums=manifest is not None,
        plan=None if state.kind == "broken" else _plan(name, as_loaded, machine),
        memory=machine.memory(as_loaded.device),
    )


def _sentence(error: Exception) -> str:
    return error.message if isinstance(error, MedvlmError) else str(error)


def _is_dir(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:
        return False


def _manifest(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except (MedvlmError, OSError):
        return None  # what is wrong with it, a check tells


def _begun(entry: CatalogEntry) -> str:
    try:
        return begun_revision(entry)
    except (MedvlmError, OSError):
        return ""


def _plan(name: str, wish: Wish, machine: Machine) -> Plan | None:
    folder, entry = None, CATALOG.get(name)
    try:
        model = sized(name)
        footprint, folder, profile = model.footprint, model.folder, model.profile
    except (MedvlmError, OSError):  # a broken folder: the published size still stands
        if entry is None or name not in KNOWN:
            return None
        footprint, profile = KNOWN[name], entry.profile
    try:
        load = load_of(footprint, profile, IMAGES, ROWS, COLUMNS, folder=folder)
    except (MedvlmError, OSError):
        return None
    memory = machine.memory(wish.device)
    return plan(footprint, load, precision_of(wish, machine), memory.free if memory else None)


def precision_of(wish: Wish, machine: Machine) -> Precision:
    """The precision that a wish means on this machine."""
    for known in PRECISIONS:
        if wish.dtype == known:
            return known
    return "float32" if machine.resolved(wish.device) == "cpu" else "bfloat16"
