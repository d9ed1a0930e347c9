"""From what a hub offers to a whole, checked model folder, or a part that can go on later.

A download grows in ``NAME.partial`` beside the folder that it becomes. A file that is still
coming ends in ``.part`` and goes on at its last byte; a whole one is compared with the checksum
that the hub states before it gets its name. Only when every file has passed, and the folder can be
read as a model, does it get the model's name, in one step.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import FetchError
from ..extras import require
from ..models.catalog import CatalogEntry
from ..models.checkpoint import read_json
from ..models.state import state_of, what_is_wrong
from ..models.store import folder_of, partial_folder_of
from .hub import PURPOSE, HubFile, HubOffer, library, token_for, told
from .manifest import Listed, Manifest, git_sha1_of, sha256_of, write_manifest
from .space import require_space, written_to

#: Told the file, the bytes that are here of all files, and the bytes of all files. What it raises
#: ends the download; what has come stays.
Progress = Callable[[str, int, int], None]
PART = ".part"
_BEGUN = ".begun.json"


class FetchCancelled(FetchError):
    """Raised by a progress function to end a download that may go on later."""

    def __init__(self, message: str = "Cancelled.", advice: str = "What has come is kept.") -> None:
        super().__init__(message, advice)


def begun_revision(entry: CatalogEntry) -> str:
    """Return the commit of a download that was not finished; empty where there is none."""
    path = partial_folder_of(entry) / _BEGUN
    return str(read_json(path).get("revision") or "") if path.is_file() else ""


def fetch(entry: CatalogEntry, offer: HubOffer, progress: Progress | None = None) -> Path:
    """Download a model, or go on with it; a broken folder is mended where its files differ.

    Parameters
    ----------
    entry
        Which model.
    offer
        What the hub holds of it, from :func:`napari_medvlm.fetching.hub.look`.
    progress
        Told how far it is.

    Returns
    -------
    folder
        The whole model.

    Raises
    ------
    FetchError
        If there is no room, the hub refuses, the connection fails for good, or a file does not
        match its checksum.
    """
    target, partial = folder_of(entry), partial_folder_of(entry)
    filelock = require("filelock", PURPOSE)
    with written_to(partial):
        partial.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(str(partial.parent / f".{entry.name}.lock"), timeout=0)
        try:
            with lock:
                if state_of(entry).kind == "ready":
                    return target
                _begin(entry, offer)
                return _finish(entry, offer, _all_files(partial, offer, progress))
        except filelock.Timeout as error:
            raise FetchError(f"Another program is getting {entry.label} just now.") from error


def _begin(entry: CatalogEntry, offer: HubOffer) -> None:
    target, partial = folder_of(entry), partial_folder_of(entry)
    if target.is_dir() and not target.is_symlink() and not any(target.iterdir()):
        target.rmdir()
    if target.is_symlink() or (target.exists() and partial.exists()):
        raise FetchError(
            f"{target} is in the way: it is no whole model.", "Move or remove it, then try again."
        )
    if target.exists():
        target.rename(partial)
    if begun_revision(entry) not in ("", offer.commit):
        for left in partial.glob(f"*{PART}"):
            left.unlink()  # the rest of another revision does not fit onto it
    here = 0
    for name, file in offer.files.items():
        for path in (partial / name, partial / (name + PART)):
            here += min(path.stat().st_size, file.size) if path.is_file() else 0
    require_space(partial, offer.size - min(here, offer.size))
    partial.mkdir(exist_ok=True)
    begun = {"repository": offer.repository, "revision": offer.commit}
    (partial / _BEGUN).write_text(json.dumps(begun) + "\n", encoding="utf-8")


def _all_files(partial: Path, offer: HubOffer, progress: Progress | None) -> dict[str, Listed]:
    done, listed = 0, {}
    for name, file in offer.files.items():
        count = _Count(name, done, offer.size, progress)
        count.at(0)
        path = partial / name
        if not (path.is_file() and _matches(path, file)):
            _one_file(path, name, file, offer, count)
        done += file.size
        listed[name] = Listed(file.size, file.sha256 or sha256_of(path))
        count.at(file.size)
    return listed


def _one_file(path: Path, name: str, file: HubFile, offer: HubOffer, count: _Count) -> None:
    hub = library()
    part = path.with_name(path.name + PART)
    if part.is_file() and part.stat().st_size > file.size:
        part.unlink()
    url = hub.hf_hub_url(offer.repository, name, revision=offer.commit, endpoint=offer.endpoint)
    # Byte ranges are of the plain file, so it must not come compressed.
    headers = require("huggingface_hub.utils", PURPOSE).build_hf_headers(
        token=token_for(offer.endpoint), headers={"Accept-Encoding": "identity"}
    )
    with told(offer.repository, offer.endpoint), part.open("ab") as stream:
        here = stream.tell()
        count.at(here)
        require("huggingface_hub.file_download", PURPOSE).http_get(
            url,
            stream,
            resume_size=here,
            headers=headers,
            expected_size=file.size,
            tqdm_class=count.bar_class(),
        )
    if not _matches(part, file):
        part.unlink()
        raise FetchError(
            f"{name} arrived damaged: it does not match the checksum that the hub states.",
            "It was removed; the same command gets it again.",
        )
    os.replace(part, path)


def _matches(path: Path, file: HubFile) -> bool:
    if path.stat().st_size != file.size:
        return False
    if file.sha256:
        return sha256_of(path) == file.sha256
    return not file.git_sha1 or git_sha1_of(path) == file.git_sha1


def _finish(entry: CatalogEntry, offer: HubOffer, files: dict[str, Listed]) -> Path:
    target, partial = folder_of(entry), partial_folder_of(entry)
    why = what_is_wrong(partial, entry.profile.name)
    if why:
        raise FetchError(
            f"What {offer.repository} publishes cannot be used here: {why}",
            f"It was left in {partial}.",
        )
    licence = offer.licence or entry.licence
    write_manifest(partial, Manifest(entry.name, offer.repository, offer.commit, licence, files))
    (partial / _BEGUN).unlink()
    for left in partial.glob(f"*{PART}"):
        left.unlink()
    partial.rename(target)
    return target


class _Count:
    """Adds up bytes over all files, and lends huggingface_hub the progress bar it asks for."""

    def __init__(self, name: str, before: int, total: int, progress: Progress | None) -> None:
        self._name, self._before, self._total = name, before, total
        self._progress = progress
        self._here = 0

    def at(self, here: int) -> None:
        """Say how many bytes of the file are here."""
        self._here = here
        if self._progress is not None:
            self._progress(self._name, self._before + here, self._total)

    def bar_class(self) -> type:
        """Return a class with the part of tqdm's interface that ``http_get`` uses."""
        count = self

        class Bar:
            def __init__(self, **_: Any) -> None:
                pass

            def __enter__(self) -> Bar:
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def update(self, length: int) -> None:
                count.at(count._here + length)

        return Bar
