"""``medvlm read PATH``: what was found, its geometry, and what to mind."""

from __future__ import annotations

import argparse
import json
from typing import Any

from ..imaging import Volume, read
from ..imaging.clip import Clip
from .main import EXIT_OK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("path", help="a file, or a folder of DICOM files")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


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


def facts_of(entry: Volume | Clip) -> dict[str, Any]:
    """What ``medvlm read`` says of one entry, as plain values."""
    return _volume_facts(entry) if isinstance(entry, Volume) else _clip_facts(entry)


def _print_entry(number: int, facts: dict[str, Any]) -> None:
    title = " · ".join(str(facts[k]) for k in ("modality", "body_part") if facts.get(k))
    print(f"[{number}] {facts['name']}" + (f" ({title})" if title else ""))
    if facts["kind"] == "clip":
        n, rows, cols, _ = facts["shape"]
        print(f"    {n} frames of {rows} × {cols}, {facts['fps']} frames/s, {facts['seconds']} s")
    else:
        shape = " × ".join(map(str, facts["shape"]))
        spacing = " × ".join(f"{s:g}" for s in facts["spacing"])
        print(f"    {shape} {facts['dtype']}; voxel {spacing} {facts['unit']} (slice, row, column)")
        if not facts["orientation_known"]:
            print("    orientation unknown: left and right cannot be told")
        for w in facts["windows"]:
            print(f"    window centre {w['centre']:g}, width {w['width']:g} {w['name']}".rstrip())
    for remark in facts["remarks"]:
        print(f"    - {remark}")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    entries = [facts_of(entry) for entry in read(options.path)]
    if options.json:
        print(json.dumps({"entries": entries}))
        return EXIT_OK
    for number, facts in enumerate(entries):
        _print_entry(number, facts)
    return EXIT_OK
