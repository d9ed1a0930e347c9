"""What is known of one model, as lines that can be read and copied."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget
from superqt import QElidingLabel

from ...fetching.telling import Fact
from ..parts.plain import PlainLabel, flowing, plain_tip, quiet


class FactGrid(QWidget):
    """Labels on the left, words on the right; a warning has a sign before it.

    The middle of a path is left out where there is no room; its tip has all of it.

    Parameters
    ----------
    name
        What screen readers call it.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._name = name
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self._labels: list[QLabel] = []
        self._words: list[QLabel] = []
        self._paths: list[QElidingLabel] = []

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these facts in place of others."""
        while len(self._words) < len(facts):
            self._add()
        for number in range(len(self._words)):
            self._fill(number, facts[number] if number < len(facts) else None)

    def _fill(self, number: int, fact: Fact | None) -> None:
        label, words, path = self._labels[number], self._words[number], self._paths[number]
        label.setVisible(fact is not None)
        words.setVisible(fact is not None and not fact.path)
        path.setVisible(fact is not None and fact.path)
        if fact is None:
            return
        text = f"! {fact.words}" if fact.warning else fact.words
        if label.text() != fact.label:
            label.setText(fact.label)
        shown = path if fact.path else words
        if shown.text() != text:
            shown.setText(text)
        path.setToolTip(plain_tip(text) if fact.path else "")
        shown.setAccessibleName(fact.label or "warning")

    def texts(self) -> dict[str, str]:
        """What is shown, by label; warnings without one are under ""."""
        found = {}
        for label, words, path in zip(self._labels, self._words, self._paths, strict=True):
            if not label.isHidden():
                found[label.text()] = (words if path.isHidden() else path).text()
        return found

    def _add(self) -> None:
        number = len(self._words)
        label, words, path = QLabel(), flowing(PlainLabel()), QElidingLabel()
        path.setElideMode(Qt.TextElideMode.ElideMiddle)
        path.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        quiet(label)
        words.setAlignment(Qt.AlignmentFlag.AlignTop)
        for one in (label, words, path):
            one.setStyleSheet("padding: 0px; margin: 0px")  # the theme's are those of a form
        self._grid.addWidget(label, number, 0)
        self._grid.addWidget(words, number, 1)
        self._grid.addWidget(path, number, 1)
        self._labels.append(label)
        self._words.append(words)
        self._paths.append(path)
