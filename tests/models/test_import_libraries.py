"""What is imported ahead of a load is all that the load would import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from napari_medvlm.errors import CheckpointError
from napari_medvlm.models import import_libraries

ORACLES = Path(__file__).parents[1] / "oracles"
SCRIPT = """
import json, sys
from napari_medvlm.models import import_libraries, open_model
import_libraries(sys.argv[1])
before = set(sys.modules)
open_model(sys.argv[1]).close()
print(json.dumps([n for n in set(sys.modules) - before if not n.startswith("napari_medvlm.")]))
"""


@pytest.mark.parametrize("family", ["chexone", "medvlm_r1", "fleming_vl"])
def test_a_load_imports_no_library_after_it(family):
    folder = next(path.parent for path in sorted((ORACLES / family).rglob("config.json")))
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)], capture_output=True, text=True, check=True
    )
    late = json.loads(run.stdout.splitlines()[-1])
    assert len(late) <= 5, sorted(late)


def test_a_folder_without_a_checkpoint_is_refused_as_by_a_load(tmp_path):
    with pytest.raises(CheckpointError):
        import_libraries(tmp_path)
