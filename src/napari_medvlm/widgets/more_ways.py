"""Ways of choosing slices that are not needed for every question, folded: a range, and slabs."""

from __future__ import annotations

from qtpy.QtWidgets import QVBoxLayout, QWidget

from ..asking.sources import Stack
from .fold import FoldHead
from .slab_box import SlabBox
from .slice_box import SliceBox

_TIP = "Send the slices from one to another, or slabs of several slices in place of single ones"


class MoreWays(QWidget):
    """The row of a range and the row of slabs below one head, which says when one is in use.

    Parameters
    ----------
    slices, slab
        Whose rows these are.
    """

    def __init__(self, slices: SliceBox, slab: SlabBox) -> None:
        super().__init__()
        self._slices, self._slab = slices, slab
        self._words = ""
        self._used = False
        body = QWidget()
        self.head = FoldHead("", "More ways of choosing", _TIP, body)
        inside = QVBoxLayout(body)
        layout = QVBoxLayout(self)
        for one in (inside, layout):
            one.setContentsMargins(0, 0, 0, 0)
            one.setSpacing(4)
        for row in (slices.range_row, slab):
            inside.addWidget(row)
        layout.addWidget(self.head)
        layout.addWidget(body)
        slices.stretch.toggled.connect(self.show_use)
        slab.slices.valueChanged.connect(self.show_use)

    def follow(self, stack: Stack) -> None:
        """Take what there is to choose from; a single image has neither."""
        self._words = "range, slab" if stack.fps is None else "time range"
        self.setVisible(stack.count > 1)
        self.show_use()

    def show_use(self, *_: object) -> None:
        """Say whether one of them is in use; it is open when that begins."""
        used = self._slices.stretch.isChecked() or self._slab.slab is not None
        self.head.setText(f"{self._words} (in use)" if used else self._words)
        if used and not self._used:
            self.head.setChecked(True)
        self._used = used
