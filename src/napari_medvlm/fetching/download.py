"""From what a hub offers to a whole, checked model folder, or a part that can go on later.

A download grows in ``NAME.partial`` beside the folder that it becomes. A file that is still
coming ends in ``.part`` and goes on at its last byte; a whole one is compared with the checksum
that the hub states before it gets its name. Only when every file has passed, and the folder can be
read as a model, does it get the model's name, in one step.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import FetchError
from ..extras import require
from ..models.catalog import CatalogEntry
from ..models.checkpoint import read_json
from ..models.state import state_of, what_is_wrong
from ..models.store import folder_of, partial_folder_of
from .answer import PURPOSE
from .hub import GOES_ON, HubFile, HubOffer, library, told
from .manifest import Listed, Manifest, git_sha1_of, sha256_of, write_manifest
from .progress import Count, Progress
from .space import require_space, written_to
from .transfer import receive

PART = ".part"
BEGUN = ".begun.json"


class FetchCancelled(FetchError):
    """Raised by a progress function to end a download that may go on later."""

    def __init__(self, message: str = "Cancelled.", advice: str = "What has come is kept.") -> None:
        super().__init__(message, advice)


def begun_revision(entry: CatalogEntry) -> str:
    """Return the commit of a download that was not finished; empty where there is none."""
    path = partial_folder_of(entry) / BEGUN
    return str(read_json(path).get("revision") or "") if path.is_file() else ""


def fetch(
    entry: CatalogEntry,
    offer: HubOffer,
    progress: Progress | None = None,
    *,
    unvouched: bool = False,
) -> Path:
    """Download a model, or go on with it; a broken folder is mended where its files differ.

    Parameters
    ----------
    entry
        Which model.
    offer
        What the hub holds of it, from :func:`napari_medvlm.fetching.hub.look`.
    progress
        Told how far it is.
    unvouched
        Whether weights are taken of which the hub states no checksum: a person said so.

    Returns
    -------
    folder
        The whole model.

    Raises
    ------
    FetchError
        If nobody vouches for the weights, there is no room, the hub refuses, the connection
        fails for good, or a file does not match its checksum.
    """
    if offer.unvouched and not unvouched:
        raise FetchError(
            f"The hub states no checksum of {', '.join(offer.unvouched[:3])}: nobody vouches for "
            "what would come.",
            f"If you trust it all the same: medvlm models get {entry.name} --without-checksum.",
        )
    with alone(entry):
        if state_of(entry).kind == "ready":
            return folder_of(entry)
        _begin(entry, offer)
        return _finish(entry, offer, _all_files(partial_folder_of(entry), offer, progress))


@contextmanager
def alone(entry: CatalogEntry) -> Iterator[None]:
    """Keep other programs off a model's download.

    Raises
    ------
    FetchError
        If one is at it.
    """
    partial = partial_folder_of(entry)
    filelock = require("filelock", PURPOSE)
    with written_to(partial):
        partial.parent.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(str(partial.parent / f".{entry.name}.lock"), timeout=0)
        try:
            with lock:
                yield
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
    (partial / BEGUN).write_text(json.dumps(begun) + "\n", encoding="utf-8")


def _all_files(partial: Path, offer: HubOffer, progress: Progress | None) -> dict[str, Listed]:
    listed, count = {}, Count(offer.size, progress)
    for name, file in offer.files.items():
        count.begin(name, file.size)
        count.at("checking", 0)
        path = partial / name
        if not (path.is_file() and _matches(path, file, count)):
            _one_file(path, name, file, offer, count)
        listed[name] = Listed(file.size, file.sha256 or sha256_of(path))
        count.at("checking", file.size)
    return listed


def _one_file(path: Path, name: str, file: HubFile, offer: HubOffer, count: Count) -> None:
    part = path.with_name(path.name + PART)
    if part.is_symlink() or (part.is_file() and part.stat().st_size > file.size):
        part.unlink()
    url = library().hf_hub_url(
        offer.repository, name, revision=offer.commit, endpoint=offer.endpoint
    )
    with told(offer.repository, offer.endpoint, GOES_ON):
        receive(url, part, file.size, offer.endpoint, count)
    if not _matches(part, file, count):
        part.unlink()
        raise FetchError(
            f"{name} arrived damaged: it does not match the checksum that the hub states.",
            "It was removed; getting the model again fetches what is missing.",
        )
    os.replace(part, path)


def _matches(path: Path, file: HubFile, count: Count) -> bool:
    if path.stat().st_size != file.size:
        return False
    count.at("checking", 0)

    def advance(length: int) -> None:
        count.more("checking", length)

    if file.sha256:
        return sha256_of(path, advance) == file.sha256
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
    (partial / BEGUN).unlink()
    for left in partial.glob(f"*{PART}"):
        left.unlink()
    partial.rename(target)
    return target
