"""What is remembered about models between sittings: how each is loaded, and the folders added.

A small JSON file in the user's configuration folder. It holds nothing about scans or questions.
A damaged file is moved aside and an empty one begun: forgetting a choice costs a click.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

VARIABLE = "MEDVLM_CONFIG"
FILE_NAME = "models.json"
_VERSION = 1
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Wish:
    """How a model is to be loaded.

    Parameters
    ----------
    device
        "auto", "cpu", "cuda:0", "mps", "spread".
    dtype
        "auto", "float32", "bfloat16", "int8", "int4".
    """

    device: str = "auto"
    dtype: str = "auto"

    def filled_from(self, default: Wish) -> Wish:
        """This wish, with what another one says where this one leaves it open."""
        device = default.device if self.device == "auto" else self.device
        return Wish(device, default.dtype if self.dtype == "auto" else self.dtype)


@dataclass(frozen=True)
class Remembered:
    """All that is remembered.

    Parameters
    ----------
    folders
        Added by the user, in the order in which they were added; absolute.
    wishes
        By catalog name or folder.
    chosen
        The model that the user chose last; empty before that.
    """

    folders: tuple[str, ...] = ()
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    chosen: str = ""


def config_file() -> Path:
    """Where it is kept: below ``MEDVLM_CONFIG`` where that is set."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser() / FILE_NAME
    import platformdirs

    return Path(platformdirs.user_config_dir("napari-medvlm", appauthor=False)) / FILE_NAME


def remembered() -> Remembered:
    """Read what is remembered; what cannot be read is as if it were not there."""
    try:
        facts = json.loads(config_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return Remembered()
    if not isinstance(facts, dict):
        return Remembered()
    folders, wishes = facts.get("folders"), facts.get("models")
    return Remembered(
        folders=_folders(folders if isinstance(folders, list) else []),
        wishes=_wishes(wishes if isinstance(wishes, dict) else {}),
        chosen=facts["chosen"] if isinstance(facts.get("chosen"), str) else "",
    )


def remember_folder(folder: str | os.PathLike[str]) -> bool:
    """Add a folder; whether it could be written down."""
    name = os.path.abspath(os.path.expanduser(folder))
    with _LOCK:
        now = remembered()
        if name in now.folders:
            return True
        return _write(replace(now, folders=(*now.folders, name)))


def forget_folder(folder: str | os.PathLike[str]) -> bool:
    """Take a folder off, and how it was to be loaded; whether that could be written down."""
    name = os.path.abspath(folder)
    with _LOCK:
        now = remembered()
        folders = tuple(one for one in now.folders if one != name)
        wishes = {key: wish for key, wish in now.wishes.items() if key != name}
        return _write(Remembered(folders, wishes, "" if now.chosen == name else now.chosen))


def remember_wish(key: str, wish: Wish) -> bool:
    """Keep how a model is to be loaded; whether it could be written down."""
    with _LOCK:
        now = remembered()
        return _write(replace(now, wishes={**now.wishes, key: wish}))


def remember_chosen(key: str) -> bool:
    """Keep which model was chosen last; whether it could be written down."""
    with _LOCK:
        now = remembered()
        return now.chosen == key or _write(replace(now, chosen=key))


def _folders(entries: list[Any]) -> tuple[str, ...]:
    named = (one for one in entries if isinstance(one, str) and os.path.isabs(one))
    return tuple(dict.fromkeys(named))


def _wishes(entries: dict[str, Any]) -> dict[str, Wish]:
    found = {}
    for key, entry in entries.items():
        if isinstance(entry, dict):
            device, dtype = entry.get("device", "auto"), entry.get("dtype", "auto")
            if isinstance(device, str) and isinstance(dtype, str):
                found[key] = Wish(device, dtype)
    return found


def _write(now: Remembered) -> bool:
    """Write all of it; it appears whole or not at all."""
    path = config_file()
    facts = {
        "version": _VERSION,
        "folders": list(now.folders),
        "models": {key: asdict(wish) for key, wish in now.wishes.items()},
        "chosen": now.chosen,
    }
    draft = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _save_damaged(path)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{FILE_NAME}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            # A folder's name may hold bytes that are no text.
            stream.write(json.dumps(facts, indent=2) + "\n")
        os.replace(draft, path)
    except OSError:
        if draft:
            with contextlib.suppress(OSError):
                os.unlink(draft)
        return False
    return True


def _save_damaged(path: Path) -> None:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (ValueError, RecursionError):
        os.replace(path, path.with_suffix(".damaged"))
