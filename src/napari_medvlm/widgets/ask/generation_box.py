"""How an answer is generated: bounds, sampling, penalty; each model has its own."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QWidget,
)

from ...asking.ask.generating import (
    HIGHEST_SEED,
    HIGHEST_TEMPERATURE,
    MOST_TOKENS,
    PENALTIES,
    of_authors,
    remark,
)
from ...dialogue import Generation
from ...models.profiles import Profile
from ..parts.plain import PlainLabel, named, quiet

#: Below the lowest penalty stands what leaves it to the authors.
_AS_AUTHORS = PENALTIES[0] - 0.01


class GenerationBox(QWidget):
    """Fields for what decides an answer besides the question; they begin as the authors run it."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profile: Profile | None = None
        self._of: dict[str, Generation] = {}
        self._build()
        self._arrange()
        for field in (self.tokens, self.temperature, self.top_p, self.penalty, self.seed):
            field.valueChanged.connect(self._on_changed)
        self.reset.clicked.connect(lambda: self._put(of_authors(self._profile)))
        self.offer(None)

    @property
    def generation(self) -> Generation:
        """What is set."""
        penalty = self.penalty.value()
        return Generation(
            max_new_tokens=self.tokens.value(),
            temperature=round(self.temperature.value(), 2),
            top_p=round(self.top_p.value(), 2),
            repetition_penalty=None if penalty < PENALTIES[0] - 0.005 else round(penalty, 2),
            seed=self.seed.value(),
        )

    @property
    def remark(self) -> str:
        """How it differs from what the authors run; "" where it does not."""
        return remark(self.generation, self._profile)

    def offer(self, profile: Profile | None) -> None:
        """Show what was set for a model, at first what its authors run."""
        if self._profile is not None:
            self._of[self._profile.name] = self.generation
        self._profile = profile
        known = None if profile is None else self._of.get(profile.name)
        self._put(of_authors(profile) if known is None else known)

    def _put(self, generation: Generation) -> None:
        penalty = generation.repetition_penalty
        for field, value in (
            (self.tokens, generation.max_new_tokens),
            (self.temperature, generation.temperature),
            (self.top_p, generation.top_p),
            (self.penalty, _AS_AUTHORS if penalty is None else penalty),
            (self.seed, generation.seed),
        ):
            with QSignalBlocker(field):
                field.setValue(value)
        self._on_changed()

    def _on_changed(self) -> None:
        # The likeliest token is taken without a temperature: neither of them has a say then.
        samples = self.temperature.value() > 0
        self.top_p.setEnabled(samples)
        self.seed.setEnabled(samples)
        words = self.remark
        self.note.show_text(words)
        self.reset.setEnabled(self.generation != of_authors(self._profile))
        self.changed.emit()

    def _build(self) -> None:
        self.tokens = QSpinBox()
        self.tokens.setRange(1, MOST_TOKENS)
        self.tokens.setSingleStep(128)
        named(self.tokens, "Longest answer in tokens", "The answer is cut after so many tokens")
        self.temperature = QDoubleSpinBox()
        self.temperature.setRange(0.0, HIGHEST_TEMPERATURE)
        self.temperature.setSingleStep(0.1)
        named(
            self.temperature,
            "Temperature",
            "0 takes the likeliest token each time; more than 0 draws, and answers vary",
        )
        self.top_p = QDoubleSpinBox()
        self.top_p.setRange(0.01, 1.0)
        self.top_p.setSingleStep(0.05)
        named(self.top_p, "Top-p", "Draw among the likeliest tokens that hold this probability")
        self.penalty = QDoubleSpinBox()
        self.penalty.setRange(_AS_AUTHORS, PENALTIES[1])
        self.penalty.setSingleStep(0.01)
        self.penalty.setSpecialValueText("authors'")
        named(
            self.penalty,
            "Repetition penalty",
            "1 is none; the lowest value leaves it as the model's authors run it",
        )
        self.seed = QSpinBox()
        self.seed.setRange(0, HIGHEST_SEED)
        named(self.seed, "Seed", "The same seed draws the same answer on the same machine")
        self.reset = QPushButton("reset")
        named(self.reset, "Reset the settings", "As the model's authors run it")
        self.note = quiet(PlainLabel())
        self.note.setAccessibleName("About these settings")

    def _arrange(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(4, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(3)
        cells = (
            (0, 0, "tokens", self.tokens),
            (0, 2, "temperature", self.temperature),
            (1, 0, "penalty", self.penalty),
            (1, 2, "top-p", self.top_p),
            (2, 2, "seed", self.seed),
        )
        for row, column, words, field in cells:
            label = quiet(QLabel(words))
            label.setBuddy(field)
            label.setToolTip(field.toolTip())
            # As wide as the panel leaves it: with buttons two columns are too much. The arrow
            # keys and the wheel do what buttons do.
            field.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
            field.setMinimumWidth(56)
            field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            grid.addWidget(label, row, column)
            grid.addWidget(field, row, column + 1)
        grid.addWidget(self.reset, 2, 1)
        grid.addWidget(self.note, 3, 0, 1, 4)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
