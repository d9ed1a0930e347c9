"""Rows for the options of a multiple-choice question."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QContextMenuEvent, QKeyEvent, QKeySequence
from qtpy.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ...asking.ask.options import LETTERS, pasted, split_options
from ..keys import asks, stops
from ..parts.plain import named, quiet

_KEYS = "Enter adds a row below, Backspace in an empty one takes it away; a pasted list fills rows"


class OptionEdit(QLineEdit):
    """One option; the keys that are about rows are left to the box."""

    added = Signal()
    removed = Signal()
    #: Rows up (−1) or down (1).
    moved = Signal(int)
    #: A text with several lines, or a list, is pasted.
    pasted = Signal(str)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Type, or go about the rows."""
        if event is None:
            return
        key = event.key()
        if asks(event) or stops(event):
            event.ignore()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.added.emit()
        elif key == Qt.Key.Key_Backspace and not self.text():
            self.removed.emit()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.moved.emit(-1 if key == Qt.Key.Key_Up else 1)
        elif event.matches(QKeySequence.StandardKey.Paste):
            self._paste()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        """Qt's own menu, whose Paste takes lists too."""
        menu = self.createStandardContextMenu()
        if event is None or menu is None:
            return
        for action in menu.actions():
            if action.objectName() == "edit-paste":
                action.triggered.disconnect()
                action.triggered.connect(self._paste)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def _paste(self) -> None:
        text = QApplication.clipboard().text()
        if len(split_options(text)) > 1:
            self.pasted.emit(text)
        else:
            self.insert(" ".join(text.split()))


class OptionsBox(QWidget):
    """Rows A, B, C …; empty ones are not sent."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Options")
        self._lines: list[tuple[QWidget, OptionEdit]] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self.add = QToolButton()
        self.add.setText("+ option")
        self.add.setAutoRaise(True)
        quiet(self.add)
        named(self.add, "Add an option", f"One more row (ten at most). {_KEYS}")
        self.add.clicked.connect(lambda: self._insert(len(self._lines)))
        self._layout.addWidget(self.add, 0, Qt.AlignmentFlag.AlignLeft)
        self.show_rows(("", ""))

    @property
    def edits(self) -> tuple[OptionEdit, ...]:
        """The fields, from A."""
        return tuple(edit for _, edit in self._lines)

    @property
    def rows(self) -> tuple[str, ...]:
        """What stands in them."""
        return tuple(edit.text() for edit in self.edits)

    def show_rows(self, rows: Sequence[str]) -> None:
        """Replace all rows; there are two at least."""
        wanted = [*rows, "", ""][: max(len(rows), 2)]
        while len(self._lines) > len(wanted):
            self._drop(len(self._lines) - 1)
        while len(self._lines) < len(wanted):
            self._put(len(self._lines))
        for edit, words in zip(self.edits, wanted, strict=True):
            if edit.text() != words:
                edit.setText(words)
        self._name()

    def _insert(self, at: int) -> None:
        if len(self._lines) < len(LETTERS):
            self._put(at)
            self._name()
            self.changed.emit()
        self.edits[min(at, len(self._lines) - 1)].setFocus()

    def _put(self, at: int) -> None:
        line, edit, remove = QWidget(), OptionEdit(), QToolButton()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        letter = QLabel()
        letter.setFixedWidth(letter.fontMetrics().horizontalAdvance("W)") + 8)
        remove.setText("✕")
        remove.setAutoRaise(True)
        for part in (letter, edit, remove):
            row.addWidget(part, 1 if part is edit else 0)
        edit.textChanged.connect(lambda _text: self.changed.emit())
        edit.added.connect(lambda: self._insert(self.edits.index(edit) + 1))
        edit.removed.connect(lambda: self._remove(edit))
        edit.moved.connect(lambda step: self._move(edit, step))
        edit.pasted.connect(lambda text: self._on_pasted(edit, text))
        remove.clicked.connect(lambda: self._remove(edit))
        self._lines.insert(at, (line, edit))
        self._layout.insertWidget(at, line)
        line.show()  # what is not shown yet takes no focus

    def _remove(self, edit: OptionEdit) -> None:
        at = self.edits.index(edit)
        if len(self._lines) > 2:
            self._drop(at)
            self._name()
        else:
            edit.clear()
        self.edits[max(at - 1, 0)].setFocus()
        self.changed.emit()

    def _drop(self, at: int) -> None:
        line, _ = self._lines.pop(at)
        self._layout.removeWidget(line)
        line.hide()
        line.deleteLater()

    def _move(self, edit: OptionEdit, step: int) -> None:
        at = self.edits.index(edit) + step
        if 0 <= at < len(self._lines):
            self.edits[at].setFocus()

    def _on_pasted(self, edit: OptionEdit, text: str) -> None:
        at = self.edits.index(edit)
        self.show_rows(pasted(self.rows, at, text))
        last = at + len(split_options(text)) - 1
        self.edits[min(last, len(self._lines) - 1)].setFocus()

    def _name(self) -> None:
        for letter, (line, edit) in zip(LETTERS, self._lines, strict=False):
            head, remove = line.findChild(QLabel), line.findChild(QToolButton)
            head.setText(f"{letter})")
            named(edit, f"Option {letter}", f"Option {letter}. {_KEYS}")
            named(remove, f"Remove option {letter}", "Take this option away")
        self.add.setEnabled(len(self._lines) < len(LETTERS))
