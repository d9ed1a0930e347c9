"""What the manifest names: the reader and the sample data.

Imports neither torch nor napari; files are looked into only when napari asks for them.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

from .imaging.clip import Clip
from .imaging.layers import LayerData, layer_data
from .imaging.reading import files_in, read, read_files
from .imaging.sniffing import sniff
from .imaging.volume import Volume

#: Files of a folder that are looked into before it is declared not ours.
_LOOKED_AT = 50

Paths = str | list[str]


def get_reader(path: Paths) -> Callable[[Paths], list[LayerData]] | None:
    """A reader for a path, or None where there is nothing for us; napari calls this.

    Parameters
    ----------
    path
        A file or folder; or several files, which are opened together (the slices of a DICOM
        series become one layer).
    """
    paths = [path] if isinstance(path, str) else path
    return read_layers if paths and _ours(Path(paths[0])) else None


def _ours(path: Path) -> bool:
    try:
        if path.is_dir():
            return any(sniff(file) for file in islice(files_in(path), _LOOKED_AT))
        return path.is_file() and sniff(path) is not None
    except OSError:
        # Not readable: leave the message to napari and its other readers.
        return False


def read_layers(path: Paths) -> list[LayerData]:
    """Read a file, a folder or several files into layer data tuples.

    Raises
    ------
    ImagingError
        If nothing could be read.
    """
    if not isinstance(path, str) and len(path) > 1:
        return [layer_data(source) for source in read_files(path)]
    place = path if isinstance(path, str) else path[0]
    sources = read(place)
    return [layer_data(source, _layer_name(source, Path(place))) for source in sources]


def _layer_name(source: Volume | Clip, path: Path) -> str | None:
    # A file that the user named goes by that name on the screen; nothing keeps the name of
    # the layer. Names of DICOM files mean nothing, and those of folders are often patients'.
    dicom = isinstance(source, Volume) and source.facts.get("format") == "DICOM"
    if dicom or path.is_dir():
        return None
    return path.name.removesuffix(".gz").rpartition(".")[0] or path.name


def _sample(name: str, file: str) -> list[LayerData]:
    from .demo.files import sample_path

    return [layer_data(source, name) for source in read(sample_path(file))]


def sample_chest_ct() -> list[LayerData]:
    """Chest CT phantom in HU, from a DICOM series."""
    return _sample("chest_ct", "chest_ct")


def sample_brain_mr() -> list[LayerData]:
    """Brain MR phantom, from a NIfTI file."""
    return _sample("brain_mr", "brain_mr.nii.gz")


def sample_radiograph() -> list[LayerData]:
    """Frontal chest radiograph phantom, from a picture."""
    return _sample("radiograph", "radiograph.png")


def sample_ultrasound() -> list[LayerData]:
    """Ultrasound-like clip, from a video."""
    return _sample("ultrasound", "ultrasound.mp4")


def sample_chest_ct_npy() -> list[LayerData]:
    """Chest CT phantom as a bare array of (32, 256, 256)."""
    return _sample("chest_ct_npy", "chest_ct_32.npy")
