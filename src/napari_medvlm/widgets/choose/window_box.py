"""The window that the chosen layer is shown in, and so is sent in: named ones, or C and W."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from ...asking.choose.screen_window import label_on_screen, named_windows, typed_window
from ...errors import SelectionError
from ...imaging import Clip, Volume
from ..parts.plain import named

if TYPE_CHECKING:
    from napari.layers import Image

    from ...imaging import Window


class WindowBox(QWidget):
    """Shows the contrast limits of a layer as a window, and sets them.

    There is one window: that on the screen. Choosing one here changes the view, and what is
    sent follows the view.
    """

    #: A line for people.
    said = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layer: Image | None = None
        self._volume: Volume | None = None
        self.windows = QComboBox()
        self.windows.setEditable(True)
        self.windows.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.windows.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.windows.setMinimumContentsLength(10)
        named(
            self.windows, "Window",
            "The window on the screen, which is what the model gets: choose one, "
            "or type centre and width, as in 40, 400",
        )  # fmt: skip
        self.windows.activated.connect(self._on_chosen)
        line = self.windows.lineEdit()
        assert line is not None
        named(line, "Window", self.windows.toolTip())
        line.editingFinished.connect(self._on_typed)
        named(line, "Window", "Centre and width, as in 40, 400")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("window"))
        layout.addWidget(self.windows, 1)

    def follow(self, layer: Image | None, source: Volume | Clip | None) -> None:
        """Show the windows of another layer."""
        self._layer = layer
        self._volume = source if isinstance(source, Volume) and not source.coloured else None
        with QSignalBlocker(self.windows):
            self.windows.clear()
            for one in named_windows(self._volume) if self._volume is not None else ():
                self.windows.addItem(one.label, one.window)
        self.setVisible(self._volume is not None)
        self.show_current()

    def show_current(self) -> None:
        """Say what the window on the screen is called."""
        if self._layer is None or self._volume is None:
            return
        label = label_on_screen(self._volume, tuple(self._layer.contrast_limits))
        with QSignalBlocker(self.windows):
            self.windows.setCurrentIndex(self.windows.findText(label))
            self.windows.setEditText(label)

    def _on_chosen(self, index: int) -> None:
        window: Window | None = self.windows.itemData(index)
        if window is not None:
            self._show(window)

    def _on_typed(self) -> None:
        text = self.windows.currentText()
        if self._layer is None or self._volume is None or self.windows.findText(text) >= 0:
            return
        if text == label_on_screen(self._volume, tuple(self._layer.contrast_limits)):
            return
        try:
            self._show(typed_window(text))
        except SelectionError as error:
            self.said.emit(str(error))
            self.show_current()

    def _show(self, window: Window) -> None:
        if self._layer is not None:
            self._layer.contrast_limits = window.limits
            self.show_current()
