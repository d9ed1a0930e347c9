"""``medvlm convert PATH OUT.nii.gz``: one series of a file or folder as NIfTI."""

from __future__ import annotations

import argparse
import json

from ..asking.declared import as_declared
from ..errors import ImagingError, SelectionError
from ..imaging import Volume
from ..imaging.listing import matrix_words, row_of, spacing_words
from ..imaging.scan import Entry, scan
from ..imaging.writing import caveats, write_nifti
from ..safe_text import visible
from .main import EXIT_OK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("path", help="a file or a folder of scans")
    parser.add_argument("out", help="the file to write: NAME.nii or NAME.nii.gz")
    parser.add_argument(
        "--series", type=int, default=None, metavar="N", help="which one, from 0, of several"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    entry = _chosen(scan(options.path).entries, options.series)
    source = as_declared(entry.open())
    if not isinstance(source, Volume):
        raise ImagingError("A clip is no volume, and NIfTI has no place for its frames.")
    written = write_nifti(source, options.out)
    remarks = [*source.remarks, *caveats(source)]
    if options.json:
        facts = {"file": str(written), "name": source.name, "shape": list(source.voxels.shape)}
        print(json.dumps(facts | {"remarks": remarks}))
        return EXIT_OK
    words = (entry.title, matrix_words(entry), spacing_words(entry))
    print(f"{visible(str(written))}: {', '.join(word for word in words if word)}")
    for remark in remarks:
        print(f"    - {remark}")
    return EXIT_OK


def _chosen(entries: tuple[Entry, ...], number: int | None) -> Entry:
    if not entries:
        raise ImagingError("No scan was found here.", "Choose a folder that holds one.")
    if number is None and len(entries) > 1:
        rows = [row_of(entry) for entry in entries]
        listed = "; ".join(f"{n}: {r.title}, {r.matrix}" for n, r in enumerate(rows))
        raise SelectionError(f"There are {len(entries)} series here ({listed}).", "Use --series N.")
    number = number or 0
    if not 0 <= number < len(entries):
        raise SelectionError(f"Series are numbered 0 to {len(entries) - 1}; got {number}.")
    return entries[number]
