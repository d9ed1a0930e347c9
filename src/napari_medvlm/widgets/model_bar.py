"""Which model is asked, and in what state it is."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..asking.engine_words import StateTone, state_tone, state_words
from ..asking.offers import ModelOffer
from ..engine import EngineState
from ..models.contracts import InputContract
from .plain import PlainLabel, named, quiet

#: The only colours of our own: what state the model is in.
TONES: dict[StateTone, str] = {
    "idle": "#8a8f98",
    "busy": "#e0a63a",
    "ready": "#4caf6d",
    "failed": "#d9534f",
}


class ModelBar(QWidget):
    """The list of models, the state of the chosen one, and a way to open a checkpoint folder."""

    #: Another model was chosen.
    changed = Signal()
    #: A checkpoint folder was picked (its path).
    folder_picked = Signal(str)

    def __init__(self, offers: Sequence[ModelOffer] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offers: list[ModelOffer] = []
        self.models = QComboBox()
        self.models.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.models.setMinimumContentsLength(10)
        named(self.models, "Model", "The model that is asked")
        self.dot = QLabel("●")
        self.dot.setAccessibleName("Model state colour")
        self.state = quiet(PlainLabel())
        self.state.setAccessibleName("Model state")
        self.folder = QPushButton("folder…")
        named(self.folder, "Open a model folder", "Use a checkpoint folder on this computer")
        self._arrange()
        self.models.currentIndexChanged.connect(self._on_model)
        self.folder.clicked.connect(self._on_folder)
        self.offer(offers)
        self.show_state(EngineState())

    @property
    def contract(self) -> InputContract | None:
        """What the chosen model was trained on; None without a model."""
        return None if self.chosen is None else self.chosen.profile.contract

    @property
    def chosen(self) -> ModelOffer | None:
        """The chosen model, None where there is none."""
        index = self.models.currentIndex()
        return self._offers[index] if 0 <= index < len(self._offers) else None

    def offer(self, offers: Sequence[ModelOffer]) -> None:
        """List models; the first is chosen."""
        self._offers = list(offers)
        with QSignalBlocker(self.models):
            self.models.clear()
            self.models.addItems([item.label for item in self._offers])
        self.models.setEnabled(bool(self._offers))
        self._on_model(self.models.currentIndex())

    def add(self, offer: ModelOffer) -> None:
        """Add a model and choose it; one of the same place is replaced."""
        same = [n for n, item in enumerate(self._offers) if item.choice.path == offer.choice.path]
        if same:
            self._offers[same[0]] = offer
            self.models.setItemText(same[0], offer.label)
            self.models.setCurrentIndex(same[0])
            self._on_model(same[0])
            return
        self._offers.append(offer)
        self.models.addItem(offer.label)
        self.models.setEnabled(True)
        self.models.setCurrentIndex(len(self._offers) - 1)

    def show_state(self, state: EngineState) -> None:
        """Show what the engine is doing with the model."""
        words = state_words(state)
        if self.state.text() != words:
            self.state.setText(words)
        # The theme is a style sheet, which a palette cannot overrule.
        style = f"color: {TONES[state_tone(state)]}"
        if self.dot.styleSheet() != style:
            self.dot.setStyleSheet(style)

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.models, 1)
        top.addWidget(self.folder)
        below = QHBoxLayout()
        below.setSpacing(5)
        self.dot.setFixedHeight(self.state.fontMetrics().lineSpacing())
        below.addWidget(self.dot)
        below.addWidget(self.state, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(top)
        layout.addLayout(below)

    def _on_model(self, index: int) -> None:
        chosen = self.chosen
        about = "No model is at hand; open a checkpoint folder" if chosen is None else chosen.about
        self.models.setToolTip(f"The model that is asked\n{about}")
        self.changed.emit()

    def _on_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a checkpoint folder")
        if path:
            self.folder_picked.emit(path)
