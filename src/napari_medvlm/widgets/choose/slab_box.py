"""How thick a slice is taken: one slice, or the mean or maximum of several neighbours."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QWidget

from ...asking.answer.wording import thickness_words
from ...asking.choose.sources import Stack
from ...imaging import SLAB_KINDS, Slab
from ..parts.plain import named, narrow, quiet


class SlabBox(QWidget):
    """Number of slices and how they become one; hidden where there is only one slice."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stack = Stack()
        self._unit = ""
        self.slices = QSpinBox()
        self.slices.setRange(1, 1)
        narrow(self.slices, 44)
        named(
            self.slices,
            "Slices in a slab",
            "Send slabs of so many neighbouring slices, each chosen slice in the middle of one; "
            "picked slices of this layer and plane follow",
        )
        self.kind = QComboBox()
        self.kind.setMinimumContentsLength(5)
        for kind in SLAB_KINDS:
            self.kind.addItem(kind, kind)
        named(
            self.kind,
            "Kind of slab",
            "The mean of the slices, or the maximum of each voxel (a maximum intensity projection)",
        )
        self.thickness = quiet(QLabel())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self._noun = QLabel()
        for widget in (QLabel("slab of"), self.slices, self._noun, self.kind, self.thickness):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.slices.valueChanged.connect(self._on_changed)
        self.kind.currentIndexChanged.connect(self._on_changed)
        self._show()

    @property
    def slab(self) -> Slab | None:
        """What is chosen; None for single slices."""
        slices = self.slices.value() if self._thick else 1
        return Slab(slices, self.kind.currentData()) if slices > 1 else None

    def choose(self, slab: Slab | None) -> None:
        """Choose by program, without telling."""
        with QSignalBlocker(self.slices), QSignalBlocker(self.kind):
            self.slices.setValue(1 if slab is None else slab.slices)
            if slab is not None:
                self.kind.setCurrentIndex(self.kind.findData(slab.kind))
        self._show()

    def follow(self, stack: Stack, unit: str) -> None:
        """Take what there is to choose from: a plane's slices, and the unit of their places."""
        self._stack, self._unit = stack, unit
        with QSignalBlocker(self.slices):
            self.slices.setRange(1, max(stack.count, 1))
        self.setVisible(self._thick)
        self._show()

    @property
    def _thick(self) -> bool:
        return self._stack.fps is None and self._stack.count > 1

    def _on_changed(self) -> None:
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        slices, places = self.slices.value(), self._stack.places
        self._noun.setText("slices" if slices > 1 else "slice")
        self.kind.setEnabled(slices > 1)
        words = ""
        if self._unit == "mm" and len(places) > 1:
            apart = abs(places[-1] - places[0]) / (len(places) - 1)
            words = thickness_words(slices * apart)
        self.thickness.setText(words)
