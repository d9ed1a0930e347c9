"""The list of tasks: what the model was trained on, then general wordings."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from ...asking.ask.templates import Offered, Templates
from ...asking.ask.typed import ASK
from ...models.profiles import Profile
from ..parts.plain import named

#: The head of the second part of the list; it cannot be chosen.
GENERAL = "general wordings, not trained:"


class TaskBox(QWidget):
    """A list, and a button that opens the file behind it."""

    #: Another task was chosen by hand, or the chosen one has other words now.
    changed = Signal()
    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = QComboBox()
        self.list.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        named(self.list, "Task", "What is asked for")
        self.edit = QToolButton()
        self.edit.setText("✎")
        named(
            self.edit,
            "Edit the task templates",
            "Open the file of general wordings in the system's editor",
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.edit)
        self._offered: dict[str, Offered] = {}
        self.list.currentIndexChanged.connect(self._on_chosen)
        self.edit.clicked.connect(self.edited)
        self._name()

    @property
    def chosen(self) -> Offered:
        """The chosen task; asking anything where there is no model."""
        key: str | None = self.list.currentData()
        return self._offered.get(key or "", ASK)

    def choose(self, key: str) -> bool:
        """Choose a task; returns whether it is in the list."""
        place: int = self.list.findData(key)
        if place >= 0:
            self.list.setCurrentIndex(place)
        return place >= 0

    def offer(self, profile: Profile | None, templates: Templates) -> None:
        """List the tasks of a model; the chosen one stays where the model has it."""
        before = self.chosen
        offered = () if profile is None else templates.offered(profile)
        self._offered = {one.key: one for one in offered}
        with QSignalBlocker(self.list):
            self.list.clear()
            general = False
            for one in offered:
                if one.task == "ask" and one.key != "ask" and not general:
                    general = True
                    self._add_head()
                self.list.addItem(one.title, one.key)
                place = self.list.count() - 1
                self.list.setItemData(place, one.about, Qt.ItemDataRole.ToolTipRole)
                spoken = f"{one.title}, general wording" if general else one.title
                self.list.setItemData(place, spoken, Qt.ItemDataRole.AccessibleTextRole)
            self.list.setCurrentIndex(max(self.list.findData(before.key), 0) if offered else -1)
        self.list.setEnabled(self.list.count() > 1)
        if self.chosen != before:
            self._on_chosen()
        self._name()

    def _add_head(self) -> None:
        self.list.insertSeparator(self.list.count())
        self.list.addItem(GENERAL)
        item = self.list.model().item(self.list.count() - 1)
        item.setFlags(Qt.ItemFlag.NoItemFlags)

    def _on_chosen(self, _place: int = 0) -> None:
        self._name()
        self.changed.emit()

    def _name(self) -> None:
        self.list.setToolTip(f"What is asked for\n{self.chosen.about}")
