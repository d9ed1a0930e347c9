"""Files of kinds that people reported of other programs as read wrongly.

Each folder of cases/ is one kind: small inputs, and in expected.json the right value, who judged
it and who reported the kind.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Clip, read

from .judge import holds

CASES = [
    pytest.param(listing.parent / case["input"], case["accept"],
                 id=f"{listing.parent.name}/{case['input']}")
    for listing in sorted((Path(__file__).parent / "cases").glob("*/expected.json"))
    for case in json.loads(listing.read_text(encoding="utf-8"))["cases"]
]  # fmt: skip


@pytest.mark.parametrize(("path", "accept"), CASES)
def test_a_reported_file_is_read_rightly(path: Path, accept: list[dict[str, Any]]):
    refusals = [one for one in accept if one.get("refused")]
    try:
        sources = read(path)
    except ImagingError:
        if refusals:
            return
        raise
    try:
        unmet = []
        for alternative in accept:
            if "refused" in alternative:
                continue
            share = alternative.get("tol", 0.02)
            wanted = {name: want for name, want in alternative.items() if name != "tol"}
            failed = [n for n, want in wanted.items() if not holds(n, want, sources, share)]
            if not failed:
                return
            unmet.append(failed)
        pytest.fail(f"not met: {unmet}; remarks: {[s.remarks for s in sources]}")
    finally:
        for source in sources:
            if isinstance(source, Clip):
                source.close()
