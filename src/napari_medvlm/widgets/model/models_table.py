"""The list of models: what each is for, what it costs, and what lies here of it."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, QSize, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QIcon, QPainter, QPen, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from ...asking.model.engine_words import size_in_bytes
from ...fetching.overview import ModelRow
from ...fetching.telling import licence_gist, memory_words, needs_gist
from ..parts.plain import named, plain_tip

_COLUMNS = ("model", "for", "size", "licence", "access", "memory", "state")
_FOR, _LICENCE, _ACCESS, _MEMORY, _STATE = 1, 3, 4, 5, 6
_ACCESS_TIP = "Whether its publisher lets in only who has accepted terms; the hub tells when asked"
#: Beside the word, never instead of it; the same hues as the panel's state.
_DOTS = {"ready": "#4caf6d", "partial": "#e0a63a", "broken": "#d9534f", "absent": ""}


class ModelsTable(QTreeWidget):
    """One line for each model."""

    #: The key of the selected model.
    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setColumnCount(len(_COLUMNS))
        self.setHeaderLabels(list(_COLUMNS))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setIconSize(QSize(10, 10))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        named(self, "Models", "Every known model, and the folders that you added")
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_FOR, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(40)
        self._items: dict[str, QTreeWidgetItem] = {}
        self._icons = {kind: _dot(colour) for kind, colour in _DOTS.items()}
        self.currentItemChanged.connect(self._on_item)

    @property
    def key(self) -> str:
        """The selected model's key; empty without one."""
        item = self.currentItem()
        return "" if item is None else str(item.data(0, Qt.ItemDataRole.UserRole))

    def select(self, key: str) -> None:
        """Select a model."""
        if key in self._items:
            self.setCurrentItem(self._items[key])

    def show_rows(self, rows: Sequence[tuple[ModelRow, str, str]]) -> None:
        """Show models, each with its access and its state in words; the selection stays."""
        keys = [row.key for row, _, _ in rows]
        if keys != list(self._items):
            key = self.key
            with QSignalBlocker(self):
                self.clear()
                self._items = {name: self._new(name) for name in keys}
            self.select(key if key in self._items else next(iter(self._items), ""))
        for row, access, state in rows:
            self._fill(self._items[row.key], row, access, state)
        self.setMinimumHeight(self._height(min(max(len(rows), 5), 7)))

    def words(self, key: str) -> list[str]:
        """The texts of a model's line."""
        return [self._items[key].text(column) for column in range(len(_COLUMNS))]

    def sizeHint(self) -> QSize:
        """As high as the lines are, within reason."""
        lines = min(max(len(self._items), 5), 9)
        return QSize(900, self._height(lines))

    def _height(self, lines: int) -> int:
        head: int = self.header().sizeHint().height()
        row: int = max(self.sizeHintForRow(0), 20)
        return head + lines * row + 6

    def _new(self, key: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem()
        item.setData(0, Qt.ItemDataRole.UserRole, key)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        item.setTextAlignment(2, right)
        item.setSizeHint(_FOR, QSize(0, self.fontMetrics().lineSpacing() + 8))
        self.addTopLevelItem(item)
        return item

    def _fill(self, item: QTreeWidgetItem, row: ModelRow, access: str, state: str) -> None:
        texts = (
            row.label,
            row.purpose,
            size_in_bytes(row.size),
            licence_gist(row),
            access,
            needs_gist(row),
            state,
        )
        for column, text in enumerate(texts):
            if item.text(column) != text:
                item.setText(column, text)
        tips = {
            0: row.label,
            _FOR: row.purpose,
            _LICENCE: f"{row.licence}\n{row.warning}".strip(),
            _ACCESS: _ACCESS_TIP,
            _MEMORY: memory_words(row),
            _STATE: row.state.why or state,
        }
        for column, tip in tips.items():
            item.setToolTip(column, plain_tip(tip))
        item.setIcon(_STATE, self._icons[row.state.kind])

    def _on_item(self, *_: object) -> None:
        self.chosen.emit(self.key)


def _dot(colour: str) -> QIcon:
    picture = QPixmap(20, 20)
    picture.setDevicePixelRatio(2.0)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if colour:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(QColor(colour)))
    else:
        painter.setPen(QPen(QColor("#8a8f98"), 1.2))
    painter.drawEllipse(1, 1, 7, 7)
    painter.end()
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):  # not tinted where it is selected
        icon.addPixmap(picture, mode)
    return icon
