"""Commands about what is kept: where it lies, and deleting all of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QMessageBox, QWidget

from ..asking.model.engine_words import size_in_bytes
from ..asking.talk.journals import beside
from ..records import Journal, journal_path
from .scan.opened import scan_path

if TYPE_CHECKING:
    from napari.layers import Layer

_OFF = "Nothing is kept: the variable MEDVLM_JOURNAL is “off”."
_NOTHING = "Nothing has been kept yet."
_STAYS = (
    "All questions, answers and images in it are deleted and overwritten. This cannot be undone. "
    "Models, settings, exported conversations and what you declared about scans stay; so do "
    "folders .medvlm beside scans that are not open now."
)


def show_journal(window: QWidget | None = None, layers: Iterable[Layer] = ()) -> None:
    """Say where the journal lies and how large it is, and offer to open its folder.

    Parameters
    ----------
    window
        The dialog's parent.
    layers
        Of the viewer; journals that lie beside their scans are told too.
    """
    path = journal_path()
    words = [_place_words(path), *(_place_words(one) for one in _beside(layers))]
    box = _box(window, "Where medvlm keeps its journal", "\n".join(words))
    if path is not None and path.parent.is_dir():
        folder = box.addButton("Open its folder", QMessageBox.ButtonRole.ActionRole)
        folder.clicked.connect(
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
        )
    box.addButton(QMessageBox.StandardButton.Close)
    box.exec()


def wipe_journal(window: QWidget | None = None, layers: Iterable[Layer] = ()) -> bool:
    """Ask, then delete all that is kept; whether it was deleted.

    Parameters
    ----------
    window
        The dialog's parent.
    layers
        Of the viewer; what is kept beside their scans is deleted too.

    Raises
    ------
    RecordError
        If a journal cannot be used.
    """
    own = journal_path()
    others = _beside(layers)
    places = [*([] if own is None else [own]), *others]
    words = "\n".join([_place_words(own), *(_place_words(one) for one in others)])
    if not any(_files(one) for one in places):
        box = _box(window, "There is nothing to delete", words)
        box.addButton(QMessageBox.StandardButton.Close)
        box.exec()
        return False
    box = _box(window, "Delete everything medvlm has kept?", words)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setInformativeText(_STAYS)
    delete = box.addButton("Delete all", QMessageBox.ButtonRole.DestructiveRole)
    keep = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    box.exec()
    if box.clickedButton() is not delete:
        return False
    for place in places:
        wipe(place)
    return True


def wipe(path: Path) -> None:
    """Empty a journal, and delete what was set aside as damaged.

    Raises
    ------
    RecordError
        If it cannot be used.
    """
    if path.is_file():
        with Journal(path) as journal:
            journal.wipe()
    for file in _set_aside(path):
        file.unlink(missing_ok=True)


def _beside(layers: Iterable[Layer]) -> list[Path]:
    scans = [scan_path(layer) for layer in layers]
    places = dict.fromkeys(beside(scan) for scan in scans if scan is not None)
    return [place for place in places if _files(place)]


def _set_aside(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.damaged-*"))


def _files(path: Path) -> list[Path]:
    return [*([path] if path.is_file() else []), *_set_aside(path)]


def _place_words(path: Path | None) -> str:
    if path is None:
        return _OFF
    if not _files(path):
        return f"{_NOTHING} It will be in\n{path}"
    words = [str(path)]
    if path.is_file():
        with Journal(path) as journal:
            count = sum(one.questions for one in journal.conversations())
            size = size_in_bytes(journal.nbytes)
        words.append(f"{count} question{'' if count == 1 else 's'}, {size}")
    aside = _set_aside(path)
    if aside:
        words.append(f"{len(aside)} set aside as damaged, in the same folder")
    return "\n".join(words)


def _box(window: QWidget | None, title: str, words: str) -> Any:
    box = QMessageBox(window)
    box.setWindowTitle("medvlm")
    # Paths may look like markup.
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(f"{title}\n\n{words}")
    return box
