"""The sheet before a download: what, from where, under which terms; and the question."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QVBoxLayout, QWidget

from ...asking.model.engine_words import size_in_bytes
from ...errors import MedvlmError
from ...fetching.desk import ModelDesk
from ...fetching.telling import ended_words
from ...safe_text import visible
from ..parts.plain import PlainLabel, bold, flowing, named
from .model_facts import FactGrid

LOOK_MS = 60
_BEFORE = (
    "Nothing has been fetched. Its exact size, revision and terms are asked of the hub first; "
    "that uses the network, and sends the model's name and nothing else."
)
_AFTER = "This is what the hub offers. Nothing of the model has been fetched yet."


class GetSheet(QDialog):
    """Shows the terms of a download and asks, first for the hub, then for the model.

    Parameters
    ----------
    desk
        Where the work is done.
    key
        Catalog name of the model.
    parent
        The window that it belongs to.
    """

    #: The download has begun.
    begun = Signal(str)

    def __init__(self, desk: ModelDesk, key: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._key = desk, key
        row = desk.row(key)
        label = key if row is None else row.label
        self.setWindowTitle(f"Download {visible(label)}")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setMinimumWidth(600)
        self.facts, title = FactGrid("Terms"), bold(flowing(PlainLabel(f"Download {label}?")))
        self.intro, self.line = PlainLabel(), PlainLabel()
        for part in (self.intro, self.line):
            flowing(part)
        self.line.setAccessibleName("What came of it")
        self.go = QPushButton()
        self.go.setDefault(True)
        self.buttons = QDialogButtonBox()
        self.buttons.addButton(self.go, QDialogButtonBox.ButtonRole.ActionRole)
        self.later = QPushButton("Not now")
        named(self.later, "Not now", "Close this; nothing is fetched (Esc)")
        self.buttons.addButton(self.later, QDialogButtonBox.ButtonRole.RejectRole)
        self.buttons.rejected.connect(self.reject)
        self.go.clicked.connect(self._on_go)
        column = QVBoxLayout(self)
        column.setSpacing(10)
        for part in (title, self.intro, self.facts, self.line):
            column.addWidget(part)
        column.addStretch(1)
        column.addWidget(self.buttons)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._show)
        self._show()
        self.finished.connect(self._timer.stop)

    def _show(self) -> None:
        asking = self._asking
        offer = self._desk.offer(self._key)
        terms = self._desk.terms(self._key)
        self.intro.show_text(_BEFORE if offer is None else _AFTER)
        self.facts.show_facts(terms.facts)
        job = self._desk.job(self._key)
        failed = ended_words(job) if job is not None and job.act == "ask" else ""
        self.line.show_text("Asking the hub …" if asking else failed or terms.refusal)
        self.go.setEnabled(not asking)
        if offer is None or terms.refusal:
            self.go.setText("Ask the hub" if offer is None and not failed else "Ask again")
            named(self.go, self.go.text(), "Ask what there is; nothing of the model is fetched")
        else:
            left = offer.size
            self.go.setText(f"Download {size_in_bytes(left)}")
            named(self.go, "Download", "Fetch the model; it can be paused at any time")
        if not asking:
            self._timer.stop()
        self._fit()

    def _fit(self) -> None:
        """As high as its words at its width: Qt's own guess is for the narrowest ones."""
        column = self.layout()
        column.activate()
        width = max(self.width(), self.minimumWidth())
        self.resize(width, column.totalHeightForWidth(width))

    @property
    def _asking(self) -> bool:
        job = self._desk.job(self._key)
        return job is not None and job.act == "ask" and not job.ended

    def _on_go(self) -> None:
        try:
            ready = self._desk.offer(self._key) is not None
            if ready and not self._desk.terms(self._key).refusal:
                self._desk.download(self._key)
                self.begun.emit(self._key)
                self.accept()
                return
            self._desk.ask_hub(self._key)
        except MedvlmError as error:
            self.line.show_text(str(error))
            return
        self._show()
        self._timer.start()
