"""Where the sample data and the toy model's questions find their files."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from napari_medvlm.errors import MedvlmError

SAMPLE_NAMES = (
    "chest_ct",
    "brain_mr.nii.gz",
    "chest_ct_32.npy",
    "radiograph.png",
    "ultrasound.mp4",
    "truth.json",
)
"""The sample data: ``chest_ct`` is a folder of DICOM files, the others are files."""


class MissingSampleError(MedvlmError, FileNotFoundError):
    """A sample file that is neither in the installed package nor in a checkout."""


def sample_folders() -> list[Path]:
    """Folders that may hold the sample data, the most trustworthy first.

    A checkout's own ``sample_data`` comes first, so that a developer sees what is being worked on
    and not what an editable install once copied; then the data that a wheel carries.
    """
    package = Path(__file__).resolve().parents[1]
    folders = []
    if package.parent.name == "src":
        folders.append(package.parents[1] / "sample_data")
    spec = find_spec("napari_medvlm_files")
    if spec is not None and spec.submodule_search_locations is not None:
        folders += [Path(place) / "sample_data" for place in spec.submodule_search_locations]
    return [*folders, package / "_sample_data"]


def sample_path(name: str) -> Path:
    """Path of one of the sample files (or of the DICOM folder), see :data:`SAMPLE_NAMES`.

    Raises
    ------
    MissingSampleError
        If there is no such file in any place where sample data may be.
    """
    folders = sample_folders()
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    looked = ", ".join(str(folder) for folder in folders)
    raise MissingSampleError(
        f"Expected the sample data to hold {name!r}; it is not in {looked}.",
        f"Known names: {', '.join(SAMPLE_NAMES)}. Install the package again, or make the data "
        "with: python -m napari_medvlm.demo.sample_data FOLDER",
    )
