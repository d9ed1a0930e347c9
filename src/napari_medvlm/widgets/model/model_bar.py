"""Which model is asked, and in what state it is."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...asking.model.engine_words import StateTone, state_tone, state_words
from ...asking.model.offers import ModelOffer
from ...engine import EngineState
from ...models.contracts import InputContract
from ..parts.plain import PlainLabel, named, plain_tip, quiet

#: The only colours of our own: what state the model is in.
TONES: dict[StateTone, str] = {
    "idle": "#8a8f98",
    "busy": "#e0a63a",
    "ready": "#4caf6d",
    "failed": "#d9534f",
}


class ModelBar(QWidget):
    """The list of models, the state of the chosen one, and the way to the model manager."""

    #: Another model was chosen.
    changed = Signal()

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
        self.manage = QPushButton("models…")
        named(self.manage, "Models", "Get, load and remove models; use a folder on this computer")
        self.warning, self.work = quiet(PlainLabel()), quiet(PlainLabel())
        self.warning.setAccessibleName("Warning about the model")
        self.work.setAccessibleName("Work on models")
        self._arrange()
        self.models.currentIndexChanged.connect(self._on_model)
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

    def relist(self, labelled: Sequence[tuple[str, ModelOffer]]) -> None:
        """List models anew; the chosen one stays, though it may be listed no more.

        Parameters
        ----------
        labelled
            What people read, and the model.
        """
        chosen = self.chosen
        labels, wanted = [label for label, _ in labelled], [offer for _, offer in labelled]
        if chosen is not None:
            same = [item for item in wanted if item.choice.path == chosen.choice.path]
            if not same:
                wanted.append(chosen)
                labels.append(self.models.currentText())
                same = [chosen]
        if wanted == self._offers:
            return
        self._offers = wanted
        with QSignalBlocker(self.models):
            self.models.clear()
            self.models.addItems(labels)
            self.models.setCurrentIndex(0 if chosen is None else wanted.index(same[0]))
        self.models.setEnabled(bool(wanted))
        if self.chosen != chosen:
            self._on_model(self.models.currentIndex())

    def show_warning(self, gist: str, full: str) -> None:
        """Show a lasting warning about the chosen model, or none."""
        self.warning.show_text(f"! {gist}" if gist else "")
        tip = plain_tip(full) if full else ""
        if self.warning.toolTip() != tip:
            self.warning.setToolTip(tip)

    def show_work(self, words: str) -> None:
        """Show what is being downloaded, copied or checked, or nothing."""
        self.work.show_text(words)

    def show_state(self, state: EngineState, loading: str = "") -> None:
        """Show what the engine is doing with the model, and how far its loading is."""
        words = state_words(state)
        if loading:
            words += f" · {loading}"
        if self.state.text() != words:
            self.state.setText(words)
        # The theme is a style sheet, which a palette cannot overrule.
        style = f"color: {TONES[state_tone(state)]}"
        if self.dot.styleSheet() != style:
            self.dot.setStyleSheet(style)

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.models, 1)
        top.addWidget(self.manage)
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
        for label in (self.warning, self.work):
            label.hide()
            layout.addWidget(label)

    def _on_model(self, index: int) -> None:
        chosen = self.chosen
        about = "No model is at hand: get one under models…" if chosen is None else chosen.about
        self.models.setToolTip(f"The model that is asked\n{about}")
        self.changed.emit()
