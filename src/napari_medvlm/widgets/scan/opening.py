"""Opening scans in a window: look, choose where there is a choice, show, and read the rest.

paths ── scan (thread, bar) ──> Found ── one entry ────────────> open (thread, bar) ──> layer
└── several: SeriesChooser ──┘
a large volume is opened lazily: its layer stands at once, ``filling`` reads the rest
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QApplication, QFileDialog, QWidget

from ...asking.declared import as_declared
from ...errors import ImagingError
from ...imaging.clip import Clip
from ...imaging.glance import glance
from ...imaging.layers import LayerData, layer_data
from ...imaging.listing import counted, is_large
from ...imaging.progress import Cancelled, Progress
from ...imaging.reading import find_files
from ...imaging.scan import Entry, Found, scan
from ...imaging.volume import Volume
from ..parts.hosting import window_of
from ..parts.waiting import wait_for
from .filling import Report, fill_when_shown
from .opened import remember_path
from .series_chooser import choose

if TYPE_CHECKING:
    import napari

#: What a reader returns when it opened nothing and that is no error.
NOTHING: list[Any] = [(None,)]
_TITLE = "Looking at the files"


def window_to_ask_in() -> tuple[napari.Viewer, QWidget] | None:
    """The viewer whose window is open, and the window; None where nobody can be asked."""
    if QApplication.instance() is None:
        return None
    import napari

    viewer = napari.current_viewer()
    window = None if viewer is None else window_of(viewer)
    return (viewer, window) if window is not None and window.isVisible() else None


def layers_in_window(
    paths: Sequence[Path], viewer: napari.Viewer, window: QWidget
) -> list[LayerData]:
    """Layers of files or a folder, chosen by the user where there is a choice.

    Parameters
    ----------
    paths
        One file or folder, or several files that belong together.
    viewer, window
        Where they will be shown; the window takes no input until they are there.

    Returns
    -------
    layers
        Empty if the user cancelled.

    Raises
    ------
    ImagingError
        If nothing could be read.
    """
    try:
        found = wait_for(
            lambda progress: _look(paths, progress), _TITLE, window, glance=lambda: glance(*paths)
        )
        if not found.entries:
            raise ImagingError(_nothing(found), "Choose a folder that holds a scan or a clip.")
        entries = list(found.entries)
        if len(entries) > 1:
            entries = choose(found, window)
        return _open(entries, found, viewer, window)
    except Cancelled:
        return []


def _look(paths: Sequence[Path], progress: Progress) -> Found:
    if len(paths) == 1:
        return scan(paths[0], progress)
    return find_files(list(paths), progress)


def _nothing(found: Found) -> str:
    reasons = list(dict.fromkeys(one.reason.rstrip(".") for one in found.left_out))[:3]
    files = counted(len(found.left_out), "file")
    return f"No scan or clip was found: {files} looked at" + (
        f" ({'; '.join(reasons)})." if reasons else "."
    )


def _open(
    entries: Sequence[Entry], found: Found, viewer: napari.Viewer, window: QWidget
) -> list[LayerData]:
    layers: list[LayerData] = []
    problems: list[ImagingError] = []
    broken = sum(one.broken for one in found.left_out)
    for entry in (_telling(entry, broken) for entry in entries):
        report = Report()
        try:
            source, layer = wait_for(_opener(entry, report), f"Reading {entry.title}", window)
        except ImagingError as error:
            problems.append(error)
            continue
        layers.append(layer)
        fill_when_shown(viewer, window, entry, source, report)
    if problems and not layers:
        raise problems[0]
    _notify(problems, broken)
    return layers


def _opener(entry: Entry, report: Report) -> Callable[[Progress], tuple[Volume | Clip, LayerData]]:
    def work(progress: Progress) -> tuple[Volume | Clip, LayerData]:
        source = as_declared(entry.open(lazy=is_large(entry), progress=progress))
        # Here too: without a window in the file, slices are decoded to find the contrast.
        return source, layer_data(source, report=report)

    return work


def _telling(entry: Entry, broken: int) -> Entry:
    """The entry, whose Volume tells how many files beside it are broken."""
    if not broken:
        return entry
    # As a remark too: a notification is gone when the scan is looked at again.
    remark = f"{counted(broken, 'file')} beside this one could not be read."

    def opener(*, lazy: bool, progress: Progress | None) -> Volume | Clip:
        source = entry.opener(lazy=lazy, progress=progress)
        if isinstance(source, Clip):
            return source
        return replace(source, remarks=(*source.remarks, remark))

    return replace(entry, opener=opener)


def _notify(problems: Sequence[ImagingError], broken: int) -> None:
    from napari.utils.notifications import show_warning

    words = [str(problem) for problem in problems]
    if broken:
        words.append(
            f"{counted(broken, 'file')} could not be read. Whether slices are missing is among "
            "the remarks of the layer."
        )
    if words:
        show_warning("\n".join(words))


def add_layers(viewer: napari.Viewer, layers: Sequence[LayerData]) -> list[Any]:
    """Show layer data in a viewer."""
    return [viewer.add_image(data, **attributes) for data, attributes, _ in layers]


def ask_and_open(viewer: napari.Viewer, window: QWidget, *, folder: bool) -> list[Any]:
    """Ask for a folder or files, and open them; the layers that were added."""
    title = "Open scan"
    if folder:
        chosen = QFileDialog.getExistingDirectory(window, title)
        paths = [Path(chosen)] if chosen else []
    else:
        names, _ = QFileDialog.getOpenFileNames(window, title)
        paths = [Path(name) for name in names]
    if not paths:
        return []
    layers = add_layers(viewer, layers_in_window(paths, viewer, window))
    for layer in layers:
        remember_path(layer, paths[0])
    return layers
