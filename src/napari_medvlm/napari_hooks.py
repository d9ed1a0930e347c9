"""What the manifest names: readers, writers, commands and the sample data.

Imports neither torch nor Qt by itself: with no window open, everything here works without one.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from .errors import ImagingError, MedvlmError
from .imaging.clip import Clip
from .imaging.layers import SOURCE_KEY, LayerData, layer_data
from .imaging.progress import Cancelled, Progress
from .imaging.reading import read, read_files
from .imaging.sniffing import sniff
from .imaging.volume import Volume
from .imaging.walking import files_in, is_regular

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


def _known(file: Path) -> bool:
    try:
        return is_regular(file) and sniff(file) is not None
    except OSError:
        return False


def _ours(path: Path) -> bool:
    try:
        if path.is_dir():
            return any(_known(file) for file in islice(files_in(path), _LOOKED_AT))
        return path.is_file() and sniff(path) is not None
    except OSError:
        # Not readable: leave the message to napari and its other readers.
        return False


def read_layers(path: Paths) -> list[LayerData]:
    """Read a file, a folder or several files into layer data tuples.

    In an open window the user chooses among several series, can cancel, and large volumes are
    shown before they are read whole. Without a window every series is read, at once.

    Raises
    ------
    ImagingError
        If nothing could be read.
    """
    paths = [Path(path)] if isinstance(path, str) else [Path(one) for one in path]
    asked = _window()
    if asked is not None:
        from .widgets.scan.opening import NOTHING, layers_in_window

        return layers_in_window(paths, *asked) or NOTHING
    sources = read(paths[0]) if len(paths) == 1 else read_files(paths)
    return [_layer(source) for source in sources]


def _layer(source: Volume | Clip, name: str | None = None) -> LayerData:
    # Imported here: asking about models is no part of reading where nothing was ever declared.
    from .asking.declared import as_declared

    return layer_data(as_declared(source), name)


def _window() -> tuple[Any, Any] | None:
    # Asking is only possible where napari and Qt are at work already, in the thread of both.
    at_work = "napari" in sys.modules and "qtpy" in sys.modules
    if not at_work or threading.current_thread() is not threading.main_thread():
        return None
    from .widgets.scan.opening import window_to_ask_in

    return window_to_ask_in()


def write_nifti(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write an image or label layer to NIfTI, on the grid of its source; napari calls this.

    In an open window it is written in a thread, with a bar and a button to stop it; napari goes
    on when the file is there.

    Raises
    ------
    ImagingError
        If it cannot be written.
    Cancelled
        If the user stopped it; there is no new file then.
    """
    from .imaging import writing

    shown = _shown_volumes()

    def work(progress: Progress | None) -> tuple[Volume, Path]:
        volume = writing.layer_volume(data, attributes, shown)
        return volume, writing.write_nifti(volume, path, progress)

    name = Path(path).name
    asked = _window()
    if asked is None:
        volume, written = work(None)
    else:
        from .widgets.parts.waiting import wait_for

        try:
            volume, written = wait_for(work, f"Writing {name}", asked[1])
        except Cancelled as error:
            raise Cancelled(f"{name} was not written: you stopped it.") from error
    for told in writing.caveats(volume):
        warnings.warn(told, stacklevel=2)
    return [str(written)]


def get_box_reader(path: Paths) -> Callable[[Paths], list[LayerData]] | None:
    """A reader for a file of findings or regions, None for any other; napari calls this."""
    from .asking.answer.box_files import is_box_file

    first = path if isinstance(path, str) else (path or [""])[0]
    return read_boxes if first and is_box_file(first) else None


def read_boxes(path: Paths) -> list[LayerData]:
    """Read files of findings and regions, onto their images where these are open.

    Raises
    ------
    RecordError
        If one is damaged.
    """
    from .asking.answer import box_files, box_layers

    paths = [path] if isinstance(path, str) else path
    layers = []
    for one in paths:
        boxes = box_files.read_boxes(one)
        asked = _window() if boxes.source else None
        if asked is None:
            layers.append(box_layers.from_file(boxes))
            continue
        from .widgets.canvas.overlay import place_on

        layers.append(box_layers.from_file(boxes, *place_on(asked[0], boxes.source)))
    return layers


def write_boxes(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write a layer of findings or regions (or other shapes) to JSON; napari calls this.

    Raises
    ------
    RecordError
        If it cannot be written.
    """
    from .asking.answer import box_files, box_layers

    box_files.write_boxes(path, box_layers.to_file(data, attributes))
    return [path]


def _shown_volumes() -> list[Volume] | None:
    asked = _window()
    if asked is None:
        return None
    sources = [layer.metadata.get(SOURCE_KEY) for layer in asked[0].layers]
    return [source for source in sources if isinstance(source, Volume)]


def open_scan_folder() -> None:
    """Ask for a folder and open the series that are chosen of it."""
    _ask_and_open(folder=True)


def open_scan_files() -> None:
    """Ask for files, of any name, and open the series that are chosen of them."""
    _ask_and_open(folder=False)


def _ask_and_open(*, folder: bool) -> None:
    asked = _window()
    if asked is None:
        raise ImagingError(
            "There is no napari window to open a scan in.", "Use napari_medvlm.imaging.read."
        )
    from .widgets.scan.opening import ask_and_open

    with _told():
        ask_and_open(*asked, folder=folder)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """One line for what goes wrong in a command: napari would show a traceback."""
    try:
        yield
    except MedvlmError as error:
        from napari.utils.notifications import show_warning

        show_warning(str(error))


#: Files that hold scans more often than anything else, and folders; zarr stays with napari.
_PREFERRED = ("*.dcm", "*.DCM", "*.dicom", "*.ima", "*.IMA", "*.nii", "*.nii.gz", "*.mgz",
              "*.mha", "*.mhd", "*.nrrd", "*.nhdr")  # fmt: skip


def open_scans_by_default() -> None:
    """Make this the reader of dropped DICOM, NIfTI, MGH, NRRD and MetaImage files and folders.

    napari asks which reader to take where several could; its own claims all of these. What the
    user has chosen before is kept. *Preferences > Plugins* shows it and takes it back.
    """
    from napari.settings import get_settings
    from napari.utils.notifications import show_info

    ours = "napari-medvlm"
    preferences = get_settings().plugins
    wanted = {"*.zarr/": "napari", "*/": ours} | dict.fromkeys(_PREFERRED, ours)
    preferences.extension2reader = wanted | dict(preferences.extension2reader)
    show_info(
        "Scans and folders that are dropped into napari are now opened by medvlm. "
        "Preferences > Plugins takes that back."
    )


def _sample(name: str, file: str) -> list[LayerData]:
    from .demo.files import sample_path

    return [_layer(_untitled(source), name) for source in read(sample_path(file))]


def _untitled(source: Volume | Clip) -> Volume | Clip:
    # The name of a sample is nobody's: it may go to the model and be saved, as titles may not.
    if isinstance(source, Clip):
        source.title = ""
        return source
    return source.described(title="")


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


def show_journal() -> None:
    """Say where questions and answers are kept."""
    from .widgets.kept_commands import show_journal as show

    with _told():
        show(*_window_and_layers())


def wipe_journal() -> None:
    """Delete all kept questions and answers, after asking."""
    from .widgets.kept_commands import wipe_journal as wipe

    with _told():
        if wipe(*_window_and_layers()):
            from napari.utils.notifications import show_info

            show_info("All questions and answers that medvlm had kept were deleted.")


def _window_and_layers() -> tuple[Any, list[Any]]:
    asked = _window()
    return (None, []) if asked is None else (asked[1], list(asked[0].layers))
