"""``medvlm read PATH``: what was found, its geometry, what to mind, and what was left out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..asking.declared import as_declared, declare_and_keep
from ..errors import DeclarationError, ImagingError, SelectionError
from ..imaging import Volume
from ..imaging.clip import Clip
from ..imaging.declaration import read_declaration
from ..imaging.listing import counted, left_out_words
from ..imaging.scan import Entry, LeftOut, scan
from ..records.declarations import DECLARATIONS_VARIABLE
from ..safe_text import visible
from .main import EXIT_OK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("path", help="a file or a folder of scans and clips")
    parser.add_argument("--entry", type=int, metavar="N", help="only this one, from 0")
    parser.add_argument(
        "--declare",
        metavar="WHAT",
        help="say what the file does not, to be kept by the scan's content: "
        "modality=MR,body_part=brain,orientation=LPS,spacing=3x0.5x0.5 (any of them; orientation: "
        "the patient's sides at the right and the bottom edge of the stored image, and towards "
        "the next slice; spacing: mm between slices, rows, columns); modality=none takes that "
        "back, none takes all back",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--names",
        action="store_true",
        help="put file names and series descriptions into the JSON too; they may hold a patient's "
        "name",
    )


def _volume_facts(volume: Volume) -> dict[str, Any]:
    return {
        "kind": "volume",
        "name": volume.name,
        "modality": volume.modality,
        "body_part": volume.body_part,
        "shape": list(volume.voxels.shape),
        "dtype": str(volume.voxels.dtype),
        "spacing": [round(s, 6) for s in volume.spacing],
        "unit": volume.unit,
        "orientation_known": volume.oriented,
        "affine": [[round(float(v), 6) for v in row] for row in volume.affine],
        "windows": [{"name": w.name, "centre": w.centre, "width": w.width} for w in volume.windows],
        "remarks": list(volume.remarks),
    }


def _clip_facts(clip: Clip) -> dict[str, Any]:
    return {
        "kind": "clip",
        "name": clip.name,
        "modality": clip.modality,
        "shape": list(clip.shape),
        "fps": round(float(clip.fps), 4),
        "seconds": round(float(clip.times[-1]), 4) if len(clip.times) else 0.0,
        "remarks": list(clip.remarks),
    }


def facts_of(entry: Entry, declare: str | None = None) -> dict[str, Any]:
    """What ``medvlm read`` says of one entry, as plain values; its pixels stay undecoded.

    Where the entry cannot be opened, what its headers say, and why.

    Parameters
    ----------
    entry
        What was found.
    declare
        What a person says about it, as it is written; it is kept.

    Raises
    ------
    DeclarationError, RecordError
        If that cannot be said, or not be saved.
    """
    listed = {"files": entry.files, "study": entry.study}
    try:
        source = as_declared(entry.open(lazy=True))
    except ImagingError as error:
        return _listed_facts(entry) | listed | {"error": str(error)}
    if declare is not None:
        declaration = source.declared.changed(read_declaration(declare))
        source, kept = declare_and_keep(source, declaration)
        if not kept:
            raise DeclarationError(
                f"Nothing that is declared is kept: {DECLARATIONS_VARIABLE} is “off”."
            )
    facts = _volume_facts(source) if isinstance(source, Volume) else _clip_facts(source)
    return facts | listed | {"declared": source.declared.plain()}


def _listed_facts(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "name": entry.name,
        "modality": entry.modality,
        "shape": list(entry.shape),
        "spacing": [round(s, 6) for s in entry.spacing],
        "unit": entry.unit,
        "remarks": list(entry.remarks),
    }


def _print_entry(number: int, facts: dict[str, Any], entry: Entry) -> None:
    # For the screen alone: people write names into titles.
    words = [entry.detail, *(str(facts.get(k, "")) for k in ("modality", "body_part"))]
    words += [counted(facts["files"], "file")]
    if entry.title != facts["name"]:
        words.append(facts["name"])
    print(f"[{number}] {entry.title} ({visible(' · '.join(word for word in words if word))})")
    for line in _lines(facts):
        print(f"    {line}")


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    if facts["kind"] == "clip" and "error" not in facts:
        n, rows, cols, _ = facts["shape"]
        yield f"{n} frames of {rows} × {cols}, {facts['fps']} frames/s, {facts['seconds']} s"
    else:
        shape = " × ".join(map(str, facts["shape"]))
        spacing = " × ".join(f"{s:g}" for s in facts.get("spacing", ()))
        kind = facts.get("dtype", "")
        yield f"{shape} {kind}; voxel {spacing} {facts.get('unit', '')} (slice, row, column)"
    if facts.get("orientation_known") is False:
        yield "orientation unknown: left and right cannot be told"
    for w in facts.get("windows", ()):
        yield visible(f"window centre {w['centre']:g}, width {w['width']:g} {w['name']}".rstrip())
    for remark in facts["remarks"]:
        yield f"- {visible(remark)}"
    if "error" in facts:
        yield f"! cannot be opened: {facts['error']}"


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    place = Path(options.path).expanduser()
    found = scan(place)
    if not found.entries:
        raise ImagingError(
            f"No scan or clip was found in {place.name}: "
            f"{left_out_words(found) or 'there are no files'}.",
            "Choose a folder that holds a scan.",
        )
    chosen = _chosen(found.entries, options)
    entries = [facts_of(entry, options.declare) for entry in chosen.values()]
    if options.names:
        for facts, entry in zip(entries, chosen.values(), strict=True):
            facts |= {"title": entry.title, "description": entry.description, "file": entry.file}
    left_out = [_left_out_facts(one, place) for one in found.left_out]
    if options.json:
        print(json.dumps({"entries": entries, "left_out": left_out}))
        return EXIT_OK
    for number, facts in zip(chosen, entries, strict=True):
        _print_entry(number, facts, chosen[number])
    if left_out:
        print(left_out_words(found))
        for one in left_out:
            print(f"    {visible(one['file'])}: {one['reason']}")
    return EXIT_OK


def _chosen(entries: Sequence[Entry], options: argparse.Namespace) -> dict[int, Entry]:
    """The entries that are asked for, by their numbers."""
    if options.entry is None:
        if options.declare is not None and len(entries) > 1:
            raise SelectionError(
                f"There are {len(entries)} entries here, and a declaration is about one of them.",
                "Add --entry N.",
            )
        return dict(enumerate(entries))
    if not 0 <= options.entry < len(entries):
        raise SelectionError(f"Entries are numbered 0 to {len(entries) - 1}; got {options.entry}.")
    return {options.entry: entries[options.entry]}


def _left_out_facts(one: LeftOut, place: Path) -> dict[str, Any]:
    inside = one.path.is_relative_to(place)
    file = one.path.relative_to(place) if inside else one.path
    return {"file": str(file), "reason": one.reason, "broken": one.broken}
