"""``manifest.json`` of a model folder: where it came from, and a checksum of each file.

Written when a download is whole and when a pack is made; read when a pack is checked or used.
It names no person, no machine and no path.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from ..models.checkpoint import read_json
from .selecting import is_wanted

MANIFEST = "manifest.json"
FORMAT = "medvlm-model"
VERSION = 1
#: Bytes read at once; large enough that hashing, not Python, sets the pace.
BLOCK = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")

#: Told the bytes done since the last call; what it raises ends the work.
Advance = Callable[[int], None]


@dataclass(frozen=True)
class Listed:
    """A file as a manifest lists it: bytes and SHA-256 in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a folder should hold.

    Parameters
    ----------
    name
        Catalog name of the model; empty for one that is not in the catalog.
    repository, revision
        Where it was published, and the commit; empty where that is not known.
    licence
        As the publisher named it when it was fetched, or as the catalog does.
    files
        By name.
    """

    name: str
    repository: str
    revision: str
    licence: str
    files: Mapping[str, Listed]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(listed.size for listed in self.files.values())


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a folder's manifest; it appears whole or not at all."""
    facts = {
        "format": FORMAT,
        "version": VERSION,
        "name": manifest.name,
        "repository": manifest.repository,
        "revision": manifest.revision,
        "licence": manifest.licence,
        "files": {
            name: {"size": listed.size, "sha256": listed.sha256}
            for name, listed in manifest.files.items()
        },
    }
    draft = folder / f".{MANIFEST}.part"
    draft.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest | None:
    """Read a folder's manifest; None where it has none.

    Raises
    ------
    CheckpointError
        If it is damaged, or of a later version than this program knows.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    facts = read_json(path)
    if facts.get("format") != FORMAT or facts.get("version") != VERSION:
        raise CheckpointError(
            f"Expected the manifest of a model (version {VERSION}) in {path}, found "
            f"{facts.get('format')!r}, version {facts.get('version')!r}.",
            "It may have been made by a later version of this program.",
        )
    return Manifest(
        name=str(facts.get("name") or ""),
        repository=str(facts.get("repository") or ""),
        revision=str(facts.get("revision") or ""),
        licence=str(facts.get("licence") or ""),
        files=_files(facts.get("files"), path),
    )


def _files(entries: Any, path: Path) -> dict[str, Listed]:
    found: dict[str, Listed] = {}
    if not isinstance(entries, dict) or not entries:
        raise CheckpointError(f"Expected a list of files in {path}, found none.")
    for name, entry in entries.items():
        # A manifest is as foreign as the files it lists: a name may not lead out of the folder.
        if not is_wanted(name):
            raise CheckpointError(f"{path} lists {name!r}, which is no file of a model.")
        size = entry.get("size") if isinstance(entry, dict) else None
        sha256 = entry.get("sha256") if isinstance(entry, dict) else None
        if not isinstance(size, int) or size < 0 or not _SHA256.fullmatch(str(sha256)):
            raise CheckpointError(f"{path} gives no size and checksum of {name}.")
        found[name] = Listed(size, str(sha256))
    return found


def sha256_of(path: Path, advance: Advance | None = None) -> str:
    """Compute a file's SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            if advance is not None:
                advance(len(block))
    return digest.hexdigest()


def git_sha1_of(path: Path) -> str:
    """Compute the id that git gives a file's content (the object format of git: "blob" header)."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
