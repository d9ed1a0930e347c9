"""``medvlm models``: what is known and here; getting, packing, checking and placing models."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ..asking.engine_words import device_words, size_in_bytes
from ..engine.hardware import DeviceMemory
from ..errors import CheckpointError, FetchError
from ..fetching import download, hub, pack
from ..fetching.overview import ModelRow, overview
from ..models.catalog import CATALOG, CatalogEntry, find
from ..models.licences import licence_warning
from ..models.state import state_of
from ..models.store import folder_of
from .main import EXIT_FAILED, EXIT_OK
from .progress import Line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments, and those of its parts."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    acts = parser.add_subparsers(dest="act", metavar="ACT")
    get = acts.add_parser("get", help="download a model, or go on with a download")
    get.add_argument("name", help="catalog name")
    get.add_argument("--yes", action="store_true", help="do not ask before downloading")
    get.add_argument("--revision", default="", help="a commit, branch or tag of the publisher")
    get.add_argument("--endpoint", metavar="URL", help="another hub of the same kind")
    packing = acts.add_parser("pack", help="copy a model with checksums, as onto a USB stick")
    packing.add_argument("model", help="catalog name or folder")
    packing.add_argument("destination", help="a folder that does not exist yet")
    checking = acts.add_parser("check", help="compare a pack or a model with its checksums")
    checking.add_argument("folder")
    using = acts.add_parser("use", help="copy a pack or folder to where a model is looked for")
    using.add_argument("folder")
    using.add_argument("--as", dest="name", required=True, help="catalog name")
    for act in (get, packing, checking, using):
        # Without a default of its own, so that `models --json get` counts too.
        act.add_argument("--json", action="store_true", default=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    acts = {None: _list, "get": _get, "pack": _pack, "check": _check, "use": _use}
    return acts[options.act](options)


def _list(options: argparse.Namespace) -> int:
    memory, rows = overview()
    if options.json:
        _print_json({"models": [_facts(row, memory) for row in rows]})
        return EXIT_OK
    for row in rows:
        print("\n".join(_lines(row, memory)))
    return EXIT_OK


def _facts(row: ModelRow, memory: DeviceMemory | None) -> dict[str, Any]:
    entry = row.entry
    return {
        "name": entry.name,
        "label": entry.label,
        "purpose": entry.purpose,
        "repository": entry.repository,
        "revision": entry.revision,
        "size_gb": entry.size_gb,
        "licence": entry.licence,
        "licence_warning": row.warning,
        "gated": entry.gated,
        "state": row.state.kind,
        "why": row.state.why,
        "held_bytes": row.state.held,
        "present": row.state.kind == "ready",
        "folder": str(folder_of(entry)),
        "device": None if memory is None else memory.device,
        "memory_needed": None if row.plan is None else row.plan.need.total,
        "memory_free": None if memory is None else memory.free,
        "verdict": None if row.plan is None else row.plan.verdict,
    }


def _lines(row: ModelRow, memory: DeviceMemory | None) -> list[str]:
    entry, state = row.entry, row.state
    lines = [
        f"{entry.name:15} {state.kind:8}{entry.size_gb:>6g} GB  {entry.purpose}",
        str(folder_of(entry)),
    ]
    if state.kind == "broken":
        lines.append(f"broken: {state.why}")
    if state.kind == "partial":
        lines.append(
            f"{size_in_bytes(state.held)} of it are here: medvlm models get {entry.name} goes on"
        )
    if entry.repository:
        gated = {None: "whether it is gated, the hub tells", True: "gated", False: "not gated"}
        lines.append(f"published as {entry.repository}; {gated[entry.gated]}")
    lines.append(f"licence: {entry.licence}" + (f". ! {row.warning}" if row.warning else ""))
    if row.plan is not None:
        lines.append(_memory_words(row, memory))
    return [lines[0], *(f"{'':15} {line}" for line in lines[1:])]


def _memory_words(row: ModelRow, memory: DeviceMemory | None) -> str:
    made = row.plan
    assert made is not None
    words = f"needs {size_in_bytes(made.need.total)} for one image in {made.precision}"
    if memory is None:
        return words
    free = f"{size_in_bytes(memory.free)} free on the {device_words(memory.device)}"
    return f"{words}; {free}: {made.verdict}"


def _published(name: str) -> CatalogEntry:
    entry = find(name)
    if entry is None or not entry.repository:
        names = ", ".join(known.name for known in CATALOG.values() if known.repository)
        raise CheckpointError(f"Expected the name of a published model ({names}), got {name!r}.")
    return entry


def _get(options: argparse.Namespace) -> int:
    entry = _published(options.name)
    if state_of(entry).kind == "ready":
        return _done(options, entry.name, folder_of(entry), "is here already, in")
    revision = options.revision or download.begun_revision(entry) or entry.revision
    offer = hub.look(entry.repository, revision, options.endpoint)
    for line in _offer_lines(entry, offer):
        print(line, file=sys.stderr)
    if not options.yes and not _agreed():
        print("medvlm models: nothing was downloaded", file=sys.stderr)
        return EXIT_FAILED
    with Line() as line_:
        folder = download.fetch(entry, offer, line_)
    return _done(options, entry.name, folder, "is in", revision=offer.commit)


def _offer_lines(entry: CatalogEntry, offer: hub.HubOffer) -> list[str]:
    licence = offer.licence or entry.licence
    stated = offer.licence or f"none on its card (known here: {entry.licence})"
    warning = licence_warning(licence) if offer.licence else licence_warning("")
    lines = [
        f"{entry.label}: {entry.purpose}",
        f"from {offer.repository} at revision {offer.commit}"
        + (", gated" if offer.gated else ", not gated"),
        f"size: {size_in_bytes(offer.size)} in {len(offer.files)} files, to {folder_of(entry)}",
        f"licence: {stated}",
    ]
    return [*lines, f"! {warning}"] if warning else lines


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise FetchError("Expected a yes before anything is downloaded.", "Add --yes.")
    print("Download it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _pack(options: argparse.Namespace) -> int:
    destination = Path(options.destination).expanduser()
    with Line() as line:
        made = pack.pack(options.model, destination, line)
    warning = licence_warning(made.licence)
    if warning:
        print(f"! {warning}", file=sys.stderr)
    return _done(options, options.model, destination, "is packed in", files=len(made.files))


def _check(options: argparse.Namespace) -> int:
    folder = Path(options.folder).expanduser()
    with Line() as line:
        problems = pack.check(folder, line)
    if options.json:
        _print_json({"folder": str(folder), "problems": list(problems)})
    else:
        print("\n".join(problems) or f"{folder}: every file matches its checksum")
    return EXIT_FAILED if problems else EXIT_OK


def _use(options: argparse.Namespace) -> int:
    with Line() as line:
        folder = pack.use(Path(options.folder).expanduser(), options.name, line)
    return _done(options, options.name, folder, "is in")


def _done(options: argparse.Namespace, name: str, folder: Path, words: str, **facts: object) -> int:
    if options.json:
        _print_json({"name": name, "folder": str(folder), **facts})
    else:
        print(f"{name} {words} {folder}")
    return EXIT_OK


def _print_json(facts: dict[str, Any]) -> None:
    print(json.dumps(facts))
