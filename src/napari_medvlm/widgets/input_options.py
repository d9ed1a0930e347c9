"""How the chosen images are sent: each slice scaled by itself, and in tiles."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from ..asking.choosing import scaling_of
from ..imaging import Clip, Scaling, Volume
from ..models.contracts import InputContract
from .plain import named


class InputOptions(QWidget):
    """Two boxes that begin as the model was trained; only those that mean something show."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._contract = InputContract(trained_on="")
        self._source: Volume | Clip | None = None
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
        self.own.toggled.connect(self.changed.emit)
        self.tiles.toggled.connect(self.changed.emit)
        self._show()

    @property
    def scaling(self) -> Scaling:
        """How slices become 8 bit."""
        return "slice_extremes" if self._several and self.own.isChecked() else "window"

    @property
    def in_tiles(self) -> bool:
        """Whether images are cut into tiles; frames of a clip never are."""
        return self._can_tile and self.tiles.isChecked()

    def follow(self, contract: InputContract, source: Volume | Clip | None) -> None:
        """Take what a model was trained on, and what is looked at."""
        if contract is not self._contract or source is not self._source:
            self._contract, self._source = contract, source
            trained = source is not None and scaling_of(source, contract) == "slice_extremes"
            with QSignalBlocker(self.own):
                self.own.setChecked(trained)
        self._show()

    @property
    def _several(self) -> bool:
        return isinstance(self._source, Volume) and self._source.spatial_shape[0] > 1

    @property
    def _can_tile(self) -> bool:
        return self._contract.tiles and not isinstance(self._source, Clip)

    def _show(self) -> None:
        self.own.setVisible(self._several and self._contract.slice_scaling == "slice_extremes")
        self.tiles.setVisible(self._can_tile)
        self.setVisible(not (self.own.isHidden() and self.tiles.isHidden()))
