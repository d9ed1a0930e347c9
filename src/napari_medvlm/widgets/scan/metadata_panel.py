"""The dock "Scan details": what is known about the selected layer, and where it was read."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QApplication,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ...asking.answer.wording import number_words, window_words
from ...asking.details import Details, layer_details
from ...imaging.volume import Window
from ..parts.plain import Column, PlainLabel, bold, named, quiet, rule
from .declaring import ask_about

if TYPE_CHECKING:
    import napari.viewer

EMPTY = "Select a layer that medvlm opened: what is known about its scan is shown here."


class MetadataPanel(QWidget):
    """Follows the viewer's selected layer.

    Parameters
    ----------
    napari_viewer
        The viewer that it is docked in.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self._viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self._layer: Any = None
        self.details: Details | None = None
        self.title = bold(PlainLabel())
        self.hint = PlainLabel(EMPTY)
        self.copy_button = QPushButton("Copy")
        named(self.copy_button, "copy", "Copy all of this as plain text, without identity")
        self.copy_button.clicked.connect(self._copy)
        self.declare_button = QPushButton("Declare…")
        named(
            self.declare_button,
            "declare",
            "Say what the file does not: kind of image, body part, orientation, spacing",
        )
        self.declare_button.clicked.connect(self._declare)
        self._body: QWidget | None = None
        self.window_buttons: list[QPushButton] = []
        self._arrange()
        self._viewer.layers.selection.events.active.connect(self._on_active)
        self.destroyed.connect(_at_the_end(self))
        self._on_active()

    def _arrange(self) -> None:
        inside = QWidget()
        self._inside = QVBoxLayout(inside)
        self._inside.addWidget(self.title)
        self._inside.addWidget(self.hint)
        self._inside.addStretch(1)
        self._column = Column()
        self._column.setWidget(inside)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(self.declare_button)
        foot.addWidget(self.copy_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self._column, 1)
        column.addLayout(foot)
        self.setMinimumWidth(340)

    # ------------------------------------------------------------------ following

    def _on_active(self, event: Any = None) -> None:
        layer = self._viewer.layers.selection.active
        if layer is not self._layer:
            if self._layer is not None:
                self._follow(self._layer, on=False)
            if layer is not None:
                self._follow(layer, on=True)
            self._layer = layer
        self._show()

    def unfollow(self) -> None:
        """Stop following the viewer; touches nothing of Qt's, which may be gone."""
        self._viewer.layers.selection.events.active.disconnect(self._on_active)
        if self._layer is not None:
            self._follow(self._layer, on=False)
            self._layer = None

    def _follow(self, layer: Any, *, on: bool) -> None:
        for event in (layer.events.data, layer.events.metadata):
            (event.connect if on else event.disconnect)(self._show)

    def _show(self, event: Any = None) -> None:
        shown = None if self._layer is None else layer_details(self._layer)
        if shown == self.details and self._body is not None:
            return
        self.details = shown
        self.title.show_text("" if shown is None else shown.title)
        self.hint.setVisible(shown is None)
        self.copy_button.setEnabled(shown is not None)
        self.declare_button.setEnabled(shown is not None)
        if self._body is not None:
            self._body.hide()
            self._body.deleteLater()
        self.window_buttons = []
        self._body = None if shown is None else self._made(shown)
        if self._body is not None:
            self._inside.insertWidget(2, self._body)
        self._column.look_again()

    # ------------------------------------------------------------------ what is shown

    def _made(self, shown: Details) -> QWidget:
        body = QWidget()
        form = QFormLayout()
        form.setHorizontalSpacing(10)
        if shown.title != shown.name:
            form.addRow(_label("saved as"), PlainLabel(shown.name))
        for label, value in shown.rows:
            form.addRow(_label(label), PlainLabel(value))
        for number, window in enumerate(shown.windows):
            form.addRow(_label("" if number else "windows"), self._window(window))
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        if shown.remarks:
            column.addWidget(rule())
            for remark in shown.remarks:
                column.addWidget(PlainLabel(remark))
        return body

    def _window(self, window: Window) -> QPushButton:
        words = window_words(window)
        limits = f"C {number_words(window.centre)}, W {number_words(window.width)}"
        button = QPushButton(f"{window.name[:1].upper()}{window.name[1:]}  {limits}".strip())
        named(button, words, "Show the layer in this window")
        # As wide as the column, however long the name: the dock must not grow with it.
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.clicked.connect(lambda: self._apply(window))
        self.window_buttons.append(button)
        return button

    def _apply(self, window: Window) -> None:
        if self._layer is not None and hasattr(self._layer, "contrast_limits"):
            self._layer.contrast_limits = window.limits

    def _declare(self) -> None:
        from napari.utils.notifications import show_info

        if self._layer is not None:
            ask_about(self._viewer, self._layer, self.window(), show_info)

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if self.details is not None and clipboard is not None:
            clipboard.setText(self.details.text())


def _label(text: str) -> QLabel:
    label = quiet(QLabel(text))
    label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    return label


def _at_the_end(panel: MetadataPanel) -> Callable[..., None]:
    # Holds no reference: Qt would keep the panel alive for as long as it keeps this.
    panel_ref = weakref.ref(panel)

    def end(*_: object) -> None:
        left = panel_ref()
        if left is not None:
            left.unfollow()

    return end
