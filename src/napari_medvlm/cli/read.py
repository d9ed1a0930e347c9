"""``medvlm read PATH``: what was found, its geometry, what to mind, and what was left out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import ImagingError
from ..imaging import Volume
from ..imaging.clip import Clip
from ..imaging.listing import counted, left_out_words
from ..imaging.scan import Entry, LeftOut, scan
from ..safe_text import visible
from .main import EXIT_OK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("path", help="a file or a folder of scans and clips")
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
        "shape": list(clip.shape),
        "fps": round(float(clip.fps), 4),
        "seconds": round(float(clip.times[-1]), 4) if len(clip.times) else 0.0,
        "remarks": list(clip.remarks),
    }


def facts_of(entry: Entry) -> dict[str, Any]:
    """What ``medvlm read`` says of one entry, as plain values; its pixels stay undecoded.

    Where the entry cannot be opened, what its headers say, and why.
    """
    listed = {"files": entry.files, "study": entry.study}
    try:
        source = entry.open(lazy=True)
    except ImagingError as error:
        return _listed_facts(entry) | listed | {"error": str(error)}
    facts = _volume_facts(source) if isinstance(source, Volume) else _clip_facts(source)
    return facts | listed


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
    entries = [facts_of(entry) for entry in found.entries]
    if options.names:
        for facts, entry in zip(entries, found.entries, strict=True):
            facts |= {"title": entry.title, "description": entry.description, "file": entry.file}
    left_out = [_left_out_facts(one, place) for one in found.left_out]
    if options.json:
        print(json.dumps({"entries": entries, "left_out": left_out}))
        return EXIT_OK
    for number, facts in enumerate(entries):
        _print_entry(number, facts, found.entries[number])
    if left_out:
        print(left_out_words(found))
        for one in left_out:
            print(f"    {visible(one['file'])}: {one['reason']}")
    return EXIT_OK


def _left_out_facts(one: LeftOut, place: Path) -> dict[str, Any]:
    inside = one.path.is_relative_to(place)
    file = one.path.relative_to(place) if inside else one.path
    return {"file": str(file), "reason": one.reason, "broken": one.broken}
