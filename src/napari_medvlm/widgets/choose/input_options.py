"""How the chosen images are sent: each slice scaled by itself, and in tiles."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from ...asking.choose.choosing import scaling_of
from ...imaging import Clip, Scaling, Volume
from ...models.contracts import InputContract
from ..parts.plain import named


class InputOptions(QWidget):
    """Two boxes that begin as the model was trained; only those that mean something show."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._contract = InputContract(trained_on="")
        self._sources: tuple[Volume | Clip, ...] = ()
        self._by_hand = False
        self.own = QCheckBox("each slice scaled by itself")
        named(
            self.own,
            "Scale each slice by itself",
            "From its own minimum to its own maximum, instead of one window for all slices",
        )
        self.tiles = QCheckBox("in tiles")
        named(self.tiles, "Cut into tiles", "More detail of each image, for more tokens")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.own)
        layout.addWidget(self.tiles)
        layout.addStretch(1)
        self.own.toggled.connect(self._on_own)
        self.tiles.toggled.connect(self.changed.emit)
        self._show()

    def scaling_of(self, source: Volume | Clip) -> Scaling:
        """How the slices of a source become 8 bit."""
        own = self._offered and _many_slices(source) and self.own.isChecked()
        return "slice_extremes" if own else "window"

    @property
    def in_tiles(self) -> bool:
        """Whether images are cut into tiles; frames of a clip alone never are."""
        return self._can_tile and self.tiles.isChecked()

    def follow(self, contract: InputContract, sources: Sequence[Volume | Clip]) -> None:
        """Take what a model was trained on, and what is looked at.

        What was chosen by hand stays until another model or other sources come.
        """
        now = tuple(sources)
        if contract is not self._contract or not set(now) & set(self._sources):
            self._by_hand = False
        if not self._by_hand:
            trained = any(scaling_of(source, contract) == "slice_extremes" for source in now)
            with QSignalBlocker(self.own):
                self.own.setChecked(trained)
        self._contract, self._sources = contract, now
        self._show()

    def _on_own(self) -> None:
        self._by_hand = True
        self.changed.emit()

    @property
    def _offered(self) -> bool:
        return self._contract.slice_scaling == "slice_extremes"

    @property
    def _can_tile(self) -> bool:
        return self._contract.tiles and not all(isinstance(one, Clip) for one in self._sources)

    def _show(self) -> None:
        self.own.setVisible(self._offered and any(map(_many_slices, self._sources)))
        self.tiles.setVisible(self._can_tile)
        self.setVisible(not (self.own.isHidden() and self.tiles.isHidden()))


def _many_slices(source: Volume | Clip) -> bool:
    return isinstance(source, Volume) and source.spatial_shape[0] > 1
