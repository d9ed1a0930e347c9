"""Commands about what is kept: where it lies, and deleting all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QMessageBox, QWidget

from ..asking.engine_words import size_in_bytes
from ..records import Journal, journal_path

_OFF = "Nothing is kept: the variable MEDVLM_JOURNAL is “off”."
_NOTHING = "Nothing has been kept yet."


def show_journal(window: QWidget | None = None) -> None:
    """Say where the journal lies and how large it is, and offer to open its folder."""
    path = journal_path()
    box = _box(window, "Where medvlm keeps its journal", _place_words(path))
    if path is not None and path.parent.is_dir():
        folder = box.addButton("Open its folder", QMessageBox.ButtonRole.ActionRole)
        folder.clicked.connect(
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
        )
    box.addButton(QMessageBox.StandardButton.Close)
    box.exec()


def wipe_journal(window: QWidget | None = None) -> bool:
    """Ask, then delete all that is kept; whether it was deleted.

    Raises
    ------
    RecordError
        If the journal cannot be used.
    """
    path = journal_path()
    if path is None or not _files(path):
        box = _box(window, "Nothing to delete", _place_words(path))
        box.addButton(QMessageBox.StandardButton.Close)
        box.exec()
        return False
    box = _box(window, "Delete everything medvlm has kept?", _place_words(path))
    box.setIcon(QMessageBox.Icon.Warning)
    box.setInformativeText(
        "All questions, answers and images in it are deleted and overwritten. This cannot be "
        "undone. Models, settings and exported conversations stay."
    )
    delete = box.addButton("Delete all", QMessageBox.ButtonRole.DestructiveRole)
    keep = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(keep)
    box.setEscapeButton(keep)
    box.exec()
    if box.clickedButton() is not delete:
        return False
    wipe(path)
    return True


def wipe(path: Path) -> None:
    """Empty the journal, and delete what was set aside as damaged.

    Raises
    ------
    RecordError
        If the journal cannot be used.
    """
    if path.is_file():
        with Journal(path) as journal:
            journal.wipe()
    for file in _set_aside(path):
        file.unlink(missing_ok=True)


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
