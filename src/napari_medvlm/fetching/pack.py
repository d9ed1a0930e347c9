"""Packs: a model folder with a manifest, for machines that no network reaches.

``pack`` makes one, ``check`` compares it with its checksums, ``use`` puts a pack (or any folder of
a known model) in its place. A folder appears under its name whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..errors import CheckpointError, FetchError
from ..models.catalog import CATALOG, CatalogEntry, find
from ..models.state import state_of, what_is_wrong
from ..models.store import folder_of, locate
from .manifest import BLOCK, Listed, Manifest, read_manifest, sha256_of, write_manifest
from .progress import Count, Progress
from .selecting import wanted
from .space import require_space, written_to


def pack(name_or_folder: str, destination: Path, progress: Progress | None = None) -> Manifest:
    """Copy a model's files, and nothing else, into a folder with a manifest.

    Parameters
    ----------
    name_or_folder
        A model that is here.
    destination
        A folder that does not exist yet, or is empty.
    progress
        Told how far it is; what it raises ends the work, and removes what was copied.

    Returns
    -------
    manifest

    Raises
    ------
    FetchError
        If the model is not whole, or the destination is taken or too small.
    CheckpointError
        If there is no such model.
    """
    located = locate(name_or_folder)
    why = what_is_wrong(located.path, located.profile)
    if why:
        raise FetchError(f"This is no whole model: {why}", "Mend it before it is packed.")
    known = read_manifest(located.path)
    entry = CATALOG.get(located.profile)
    origin = Manifest(
        name=entry.name if entry else "",
        repository=known.repository if known else "",
        revision=known.revision if known else "",
        licence=known.licence if known else (entry.licence if entry else ""),
        files=known.files if known else {},
    )
    return _copy(located.path, destination, origin, progress)


def check(folder: Path, progress: Progress | None = None) -> tuple[str, ...]:
    """Compare a folder with its manifest.

    Parameters
    ----------
    folder
        A pack, or a model that was downloaded here.
    progress
        Told how far it is.

    Returns
    -------
    problems
        One sentence each; empty where every byte is as it should be.

    Raises
    ------
    FetchError
        If the folder has no manifest, or cannot be read.
    CheckpointError
        If the manifest is damaged.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise FetchError(
            f"Expected a folder with manifest.json, found none in {folder}.",
            "Packs are made with medvlm models pack.",
        )
    problems, count = [], Count(manifest.size, progress)
    for name, listed in manifest.files.items():
        count.begin(name, listed.size)
        try:
            problem = _problem(folder / name, listed, count)
        except OSError as error:
            problem = f"{name} cannot be read ({error.strerror})."
        if problem:
            problems.append(problem)
        count.at("checking", listed.size)
    why = "" if problems else what_is_wrong(folder)
    return (*problems, why) if why else tuple(problems)


def use(folder: Path, name: str, progress: Progress | None = None) -> Path:
    """Copy a pack or a folder to where a known model is looked for.

    Parameters
    ----------
    folder
        A pack, whose checksums are compared on the way, or a folder as it was published.
    name
        Which model of the catalog it is.
    progress
        Told how far it is; what it raises ends the work, and removes what was copied.

    Returns
    -------
    folder
        Where the model now lies.

    Raises
    ------
    FetchError
        If the folder is another model or damaged, or the place is taken.
    """
    entry = _takes_a_folder(name)
    why = what_is_wrong(folder, entry.profile.name)
    if why:
        raise FetchError(f"{folder} cannot be used as {entry.label}: {why}")
    manifest = read_manifest(folder)
    if manifest is not None and manifest.name not in ("", entry.name):
        raise FetchError(f"{folder} holds {manifest.name}, not {entry.name}.")
    target = folder_of(entry)
    if target.exists() and any(target.iterdir()):
        state = state_of(entry).kind
        raise FetchError(
            f"{entry.label} is {'here already' if state == 'ready' else 'broken'}, in {target}.",
            "Move or remove that folder first.",
        )
    origin = manifest or Manifest(entry.name, "", "", entry.licence, {})
    with written_to(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    _copy(folder, target, origin, progress)
    return target


def _takes_a_folder(name: str) -> CatalogEntry:
    entry = find(name)
    names = ", ".join(known for known in CATALOG if known != "demo")
    if entry is None or entry.name == "demo":
        raise CheckpointError(f"Expected a model's name ({names}), got {name!r}.")
    return entry


def _problem(path: Path, listed: Listed, count: Count) -> str:
    if not path.is_file():
        return f"{path.name} is missing."
    size = path.stat().st_size
    if size != listed.size:
        return f"{path.name} should have {listed.size:,} bytes, found {size:,}."

    def advance(length: int) -> None:
        count.more("checking", length)

    if sha256_of(path, advance) != listed.sha256:
        return f"{path.name} does not match its checksum."
    return ""


def _copy(source: Path, target: Path, origin: Manifest, progress: Progress | None) -> Manifest:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FetchError(f"{target} exists and is not empty.", "Name a folder that does not exist.")
    sizes = _sizes(source, origin)
    require_space(target, sum(sizes.values()))
    draft = target.with_name(f"{target.name}.copying")
    with written_to(target):
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            made = Manifest(
                origin.name,
                origin.repository,
                origin.revision,
                origin.licence,
                _copied(source, draft, sizes, origin, progress),
            )
            write_manifest(draft, made)
            if target.exists():
                target.rmdir()
            draft.rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return made


def _sizes(source: Path, origin: Manifest) -> dict[str, int]:
    """Bytes of each file that is to be copied; of a manifest's files, all have to be there."""
    with _read_from(source):
        here = [path.name for path in source.iterdir() if path.is_file()]
        lacking = [name for name in origin.files if name not in here]
        if lacking:
            raise FetchError(
                f"The manifest in {source} lists {lacking[0]}, which is not there.",
                "Copy or download the model again.",
            )
        return {name: (source / name).stat().st_size for name in origin.files or wanted(here)}


@contextmanager
def _read_from(source: Path) -> Iterator[None]:
    """Blame the side that failed: a stick that was pulled out is no disk that is full."""
    try:
        yield
    except OSError as error:
        raise FetchError(
            f"{source} could not be read ({error.strerror or error}).",
            "Is the disk or stick still connected? Nothing was left behind.",
        ) from error


def _copied(
    source: Path,
    draft: Path,
    sizes: Mapping[str, int],
    origin: Manifest,
    progress: Progress | None,
) -> dict[str, Listed]:
    found: dict[str, Listed] = {}
    count = Count(sum(sizes.values()), progress)
    for name, size in sizes.items():
        count.begin(name, size)
        found[name] = _copied_file(source / name, draft / name, count)
        if origin.files and found[name] != origin.files[name]:
            raise FetchError(
                f"{name} does not match the checksum in the manifest.",
                "Copy or download the model again.",
            )
    return found


def _copied_file(source: Path, target: Path, count: Count) -> Listed:
    digest, size = hashlib.sha256(), 0
    with _read_from(source):
        read = source.open("rb")
    with read, target.open("wb") as written:
        while True:
            with _read_from(source):
                block = read.read(BLOCK)
            if not block:
                break
            digest.update(block)
            written.write(block)
            size += len(block)
            count.at("copying", size)
        # A stick is pulled out as soon as the command is back.
        written.flush()
        os.fsync(written.fileno())
    return Listed(size, digest.hexdigest())
