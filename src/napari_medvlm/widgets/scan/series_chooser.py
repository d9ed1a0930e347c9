"""The series chooser: what lies in a folder, before anything heavy is read."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QPushButton,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...errors import MedvlmError
from ...imaging.listing import (
    Row,
    counted,
    left_out_rows,
    left_out_words,
    preselected,
    row_of,
    shared_remarks,
)
from ...imaging.scan import Entry, Found
from ..parts.plain import PlainLabel, named, plain_tip, quiet
from ..parts.pump import Pump

#: Pixels of a thumbnail's side.
THUMBNAIL = 72
_COLUMNS = ("series", "modality", "matrix", "voxel size", "files", "study", "remarks")
_STUDY, _REMARKS = 5, 6


class Previews:
    """Middle images of entries, decoded one by one in a thread of their own.

    Parameters
    ----------
    entries
        In the order in which they are wanted.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._stop = threading.Event()
        self.ready: queue.SimpleQueue[tuple[int, npt.NDArray[Any] | None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="medvlm-previews", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether more may come."""
        return self._thread.is_alive() or not self.ready.empty()

    def stop(self) -> None:
        """No further image; the one in work is the last."""
        self._stop.set()

    def _run(self) -> None:
        for number, entry in enumerate(self._entries):
            if self._stop.is_set():
                return
            try:
                pixels = entry.preview()
            except (MedvlmError, OSError):
                # Opening the entry will say what is wrong with it.
                self.ready.put((number, None))
            else:
                self.ready.put((number, pixels))


class SeriesChooser(QDialog):
    """A list of entries to open some of.

    Parameters
    ----------
    found
        What a scan found; at least one entry.
    parent
        The window that it belongs to.
    """

    def __init__(self, found: Found, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Choose series")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self._entries = found.entries
        self._rows = [row_of(entry) for entry in found.entries]
        self._shared = shared_remarks(self._rows)
        self.list = _list_of_series()
        self.items = [self._add(number) for number in range(len(self._rows))]
        self.details = PlainLabel()
        self.fold = QToolButton()
        self.left_out = _list_of_files(found)
        self.buttons = QDialogButtonBox()
        self._arrange(found)
        self.list.setCurrentItem(self.items[preselected(found.entries)])
        self.list.itemSelectionChanged.connect(self._on_selection)
        self.list.itemDoubleClicked.connect(lambda *_: self.accept())
        self._on_selection()
        self._previews = Previews(found.entries)
        self._pump = Pump(self._take_previews, self)
        self._pump.start()
        self.finished.connect(self._end)

    @property
    def chosen(self) -> list[Entry]:
        """The entries that are selected, in the order of the list."""
        return [e for e, item in zip(self._entries, self.items, strict=True) if item.isSelected()]

    def _arrange(self, found: Found) -> None:
        count = counted(len(self._rows), "series", "series")
        head = PlainLabel(f"{count} found. Ctrl or Shift selects several.")
        studies = {row.study for row in self._rows if row.study}
        self.list.setColumnHidden(_STUDY, len(studies) < 2)
        named(self.details, "remarks", "Remarks about the series selected last")
        self.details.setMinimumHeight(3 * self.details.fontMetrics().lineSpacing())
        self.details.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.fold.setText(left_out_words(found))
        named(self.fold, left_out_words(found), "Show or hide which files are left out, and why")
        self.fold.setCheckable(True)
        self.fold.setArrowType(Qt.ArrowType.RightArrow)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setAutoRaise(True)
        self.fold.toggled.connect(self._on_fold)
        self.fold.setVisible(bool(found.left_out))
        self.left_out.hide()
        box = QDialogButtonBox.StandardButton
        self.open_button = self._button(box.Open)
        self._button(box.Cancel)
        self.all_button = QPushButton("Select all")
        self.buttons.addButton(self.all_button, QDialogButtonBox.ButtonRole.ActionRole)
        self.all_button.clicked.connect(self.list.selectAll)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(head)
        column.addWidget(self.list, 1)
        column.addWidget(quiet(self.details))
        column.addWidget(self.fold)
        column.addWidget(self.left_out)
        column.addWidget(self.buttons)
        self.resize(960, 580)

    def _button(self, which: Any) -> QPushButton:
        button: QPushButton = self.buttons.addButton(which)
        return button

    def _add(self, number: int) -> QTreeWidgetItem:
        row = self._rows[number]
        words = (
            "\n".join(line for line in (row.title, row.detail) if line),
            row.modality,
            row.matrix,
            row.spacing,
            row.count,
            row.study[:6],
            row.gist(self._shared),
        )
        item = QTreeWidgetItem(list(words))
        item.setSizeHint(0, QSize(0, THUMBNAIL + 8))
        item.setIcon(0, _icon(_blank()))
        item.setToolTip(0, _tip(row))
        item.setToolTip(_REMARKS, plain_tip("\n".join(row.remarks)))
        self.list.addTopLevelItem(item)
        return item

    def _on_selection(self) -> None:
        count = len(self.list.selectedItems())
        self.open_button.setEnabled(count > 0)
        self.open_button.setText(f"Open {counted(count, 'series', 'series')}" if count else "Open")
        current = self.list.currentItem()
        number = self.items.index(current) if current in self.items else 0
        row = self._rows[number]
        lines = [remark for remark in row.remarks if remark not in self._shared]
        if self._shared:
            lines.append(f"All of them: {' '.join(self._shared)}")
        self.details.setText("\n".join(lines))

    def _on_fold(self, opened: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow
        self.fold.setArrowType(arrow)
        self.left_out.setVisible(opened)

    def _take_previews(self) -> bool:
        running = self._previews.running
        while not self._previews.ready.empty():
            number, pixels = self._previews.ready.get()
            if pixels is not None:
                aspect = self._entries[number].spacing[1:]
                self.items[number].setIcon(0, _icon(thumbnail(pixels, aspect)))
        return running

    def _end(self) -> None:
        self._pump.stop()
        self._previews.stop()


def _tip(row: Row) -> str:
    return plain_tip("\n".join(line for line in (row.title, row.detail, row.name) if line))


def choose(found: Found, parent: QWidget | None) -> list[Entry]:
    """Ask which entries to open; none if the user cancels."""
    dialog = SeriesChooser(found, parent)
    try:
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        return dialog.chosen if accepted else []
    finally:
        dialog.deleteLater()


def thumbnail(
    pixels: npt.NDArray[Any], steps: tuple[float, ...] = (1.0, 1.0), side: int = THUMBNAIL
) -> QPixmap:
    """An image on a black square.

    Parameters
    ----------
    pixels
        uint8 (rows, columns, 3).
    steps
        Distance between rows and between columns, whose ratio is the pixel's shape.
    side
        Of the square, in pixels.
    """
    from qtpy.QtGui import QPainter

    rows, columns = pixels.shape[:2]
    data = pixels.tobytes()
    image = QImage(data, columns, rows, 3 * columns, QImage.Format.Format_RGB888)
    height, width = rows * steps[0], columns * steps[1]
    scale = side / max(height, width)
    size = QSize(max(1, round(width * scale)), max(1, round(height * scale)))
    small = QPixmap.fromImage(image).scaled(
        size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    square = _blank(side)
    painter = QPainter(square)
    painter.drawPixmap((side - size.width()) // 2, (side - size.height()) // 2, small)
    painter.end()
    return square


def _blank(side: int = THUMBNAIL) -> QPixmap:
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.black)
    return pixmap


def _icon(pixmap: QPixmap) -> QIcon:
    icon = QIcon(pixmap)
    # Without one of its own, the image of a selected row would be tinted.
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon


def _list_of_series() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setHeaderLabels(_COLUMNS)
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    tree.setAllColumnsShowFocus(True)
    tree.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
    tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    header = tree.header()
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
    header.setSectionResizeMode(_REMARKS, QHeaderView.ResizeMode.Stretch)
    header.resizeSection(0, 270)
    named(tree, "series", "Enter opens what is selected; Ctrl or Shift selects several")
    return tree


def _list_of_files(found: Found) -> QTreeWidget:
    tree = QTreeWidget()
    tree.setHeaderLabels(("file", "why it was left out"))
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    rows = left_out_rows(found)
    tree.addTopLevelItems([QTreeWidgetItem(list(row)) for row in rows])
    tree.setMaximumHeight((min(len(rows), 8) + 2) * (tree.fontMetrics().lineSpacing() + 4))
    tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
    named(tree, "files left out", "Files that are part of no series, and why")
    return tree
