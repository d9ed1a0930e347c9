"""``medvlm models``: what is known and here; getting, packing, checking and placing models."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import textwrap
from pathlib import Path
from typing import Any

from ..asking.model.engine_words import size_in_bytes
from ..asking.model.remembered import remembered
from ..errors import CheckpointError, FetchError
from ..fetching import download, hub, pack
from ..fetching.manifest import read_manifest
from ..fetching.overview import ModelRow, overview
from ..fetching.telling import memory_words, terms_of
from ..models.catalog import CATALOG, CatalogEntry, find
from ..models.licences import licence_warning
from ..models.state import state_of
from ..models.store import folder_of
from ..safe_text import visible
from .main import EXIT_FAILED, EXIT_OK
from .progress import Line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments, and those of its parts."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    acts = parser.add_subparsers(dest="act", metavar="ACT")
    get = acts.add_parser("get", help="download a model, or go on with a download")
    get.add_argument("name", help="catalog name")
    get.add_argument("--yes", action="store_true", help="do not ask before downloading")
    get.add_argument(
        "--without-checksum",
        action="store_true",
        help="take weights for which the hub states no checksum, which nobody vouches for",
    )
    get.add_argument("--revision", default="", help="a commit, branch or tag of the publisher")
    get.add_argument("--endpoint", metavar="URL", help="another hub of the same kind")
    packing = acts.add_parser("pack", help="copy a model with checksums, as onto a USB stick")
    packing.add_argument("model", help="catalog name or folder")
    packing.add_argument("destination", help="a folder that does not exist yet")
    checking = acts.add_parser("check", help="compare a pack or a model with its checksums")
    checking.add_argument("folder", metavar="NAME_OR_FOLDER")
    using = acts.add_parser("use", help="copy a pack or folder to where a model is looked for")
    using.add_argument("folder")
    using.add_argument(
        "--as", dest="name", default="", help="catalog name; a pack's manifest names its model"
    )
    for act in (get, packing, checking, using):
        # Without a default of its own, so that `models --json get` counts too.
        act.add_argument("--json", action="store_true", default=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    acts = {None: _list, "get": _get, "pack": _pack, "check": _check, "use": _use}
    return acts[options.act](options)


def _list(options: argparse.Namespace) -> int:
    _, rows = overview(remembered())
    if options.json:
        _print_json({"models": [_facts(row) for row in rows]})
        return EXIT_OK
    width = max(shutil.get_terminal_size().columns, 40)
    print(visible("\n\n".join("\n".join(_lines(row, width)) for row in rows), newlines=True))
    print("\nNothing is fetched unless you type: medvlm models get NAME")
    return EXIT_OK


def _facts(row: ModelRow) -> dict[str, Any]:
    return {
        "name": row.key,
        "label": row.label,
        "purpose": row.purpose,
        "repository": row.repository,
        "revision": row.revision,
        "size_gb": row.size / 1e9 if row.entry is None else row.entry.size_gb,
        "licence": row.licence,
        "licence_warning": row.warning,
        "gated": row.gated,
        "state": row.state.kind,
        "why": row.state.why,
        "held_bytes": row.state.held,
        "present": row.state.kind == "ready",
        "folder": str(row.folder),
        "device": None if row.memory is None else row.memory.device,
        "memory_needed": None if row.plan is None else row.plan.need.total,
        "memory_free": None if row.memory is None else row.memory.free,
        "verdict": None if row.plan is None else row.plan.verdict,
    }


def _lines(row: ModelRow, width: int) -> list[str]:
    state: str = row.state.kind
    if state == "partial":
        state += f", {size_in_bytes(row.state.held)} are here"
    known = [("", row.purpose)]
    if row.state.kind == "broken":
        known.append(("broken", row.state.why))
    if row.state.kind == "partial":
        known.append(("go on with", f"medvlm models get {row.key}"))
    known.append(("licence", row.licence or "unknown"))
    if row.warning:
        known.append(("", f"! {row.warning}"))
    if row.repository:
        known.append(("published", f"{row.repository}; {_GATED[row.gated]}"))
    if row.plan is not None:
        known.append(("memory", memory_words(row)))
    known.append(("folder", str(row.folder)))
    name = row.key if row.entry is not None else row.label
    lines = [f"{name} · {size_in_bytes(row.size)} · {state}"]
    for label, words in known:
        lines += _wrapped(label, words, width)
    return lines


def _wrapped(label: str, words: str, width: int) -> list[str]:
    return textwrap.wrap(
        words,
        width,
        initial_indent=f"  {label:<{_LABELS}}",
        subsequent_indent=" " * (_LABELS + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )


_LABELS = 12
_GATED = {None: "whether it is gated, the hub tells", True: "gated", False: "not gated"}


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
    terms = terms_of(
        entry, offer, download.begun_revision(entry), state_of(entry).held, options.endpoint
    )
    print(f"{entry.label}: {entry.purpose}", file=sys.stderr)
    width = max(shutil.get_terminal_size().columns, 40)
    for fact in terms.facts:
        words = f"! {fact.words}" if fact.warning else fact.words
        said = "\n".join(_wrapped(fact.label, words, width))
        print(visible(said, newlines=True), file=sys.stderr)
    if not options.yes and not _agreed():
        print("medvlm models: nothing was downloaded", file=sys.stderr)
        return EXIT_FAILED
    with Line() as line:
        folder = download.fetch(entry, offer, line, unvouched=options.without_checksum)
    return _done(options, entry.name, folder, "is in", revision=offer.commit)


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
        print(f"! {visible(warning)}", file=sys.stderr)
    return _done(options, options.model, destination, "is packed in", files=len(made.files))


def _check(options: argparse.Namespace) -> int:
    entry = find(options.folder)
    folder = Path(options.folder).expanduser() if entry is None else folder_of(entry)
    with Line() as line:
        problems = pack.check(folder, line)
    if options.json:
        _print_json({"folder": str(folder), "problems": list(problems)})
    else:
        said = "\n".join(problems) or f"{folder}: every file matches its checksum"
        print(visible(said, newlines=True))
    return EXIT_FAILED if problems else EXIT_OK


def _use(options: argparse.Namespace) -> int:
    source, name = Path(options.folder).expanduser(), options.name
    if not name:
        manifest = read_manifest(source)
        name = "" if manifest is None else manifest.name
    if not name:
        raise FetchError(
            f"Nothing in {source} names its model.", "Say which it is: --as NAME, as listed."
        )
    with Line() as line:
        folder = pack.use(source, name, line)
    return _done(options, name, folder, "is in")


def _done(options: argparse.Namespace, name: str, folder: Path, words: str, **facts: object) -> int:
    if options.json:
        _print_json({"name": name, "folder": str(folder), **facts})
    else:
        print(visible(f"{name} {words} {folder}"))
    return EXIT_OK


def _print_json(facts: dict[str, Any]) -> None:
    print(json.dumps(facts))
