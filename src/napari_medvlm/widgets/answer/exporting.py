"""Exporting the conversation on the screen: a button at its end, and the file dialog."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog, QWidget

from ...asking import Session
from ...asking.talk.exporting import account_of
from ...errors import MedvlmError
from ...imaging.progress import Cancelled, Progress
from ...records.exporting import TABLES, export
from ..parts.waiting import wait_for
from .conversation_view import ConversationView

#: Filters of the dialog, and the ending that each stands for.
_FILTERS = {
    "One HTML file, images inside (*.html)": ".html",
    "Markdown, images inside (*.md)": ".md",
    "JSON, all facts of each run (*.json)": ".json",
    "Table, one run a row (*.csv)": ".csv",
}


class Exporting(QObject):
    """Asks where to, and writes.

    Parameters
    ----------
    session
        Its conversation is written.
    view
        The conversation on the screen, which has the button.
    parent
        The panel.
    """

    #: A line for people.
    said = Signal(str)

    def __init__(self, session: Session, view: ConversationView, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._panel = parent
        self._view = view
        view.export.clicked.connect(self.ask)

    def ask(self) -> None:
        """Ask for a file, and export to it."""
        path, chosen = QFileDialog.getSaveFileName(
            self._panel, "Export the conversation", "conversation.html", ";;".join(_FILTERS)
        )
        if path:
            file = Path(path)
            if file.suffix.lower() not in _FILTERS.values():
                file = file.with_name(file.name + _FILTERS.get(chosen, ".html"))
            self.export(file)

    def export(self, file: Path) -> None:
        """Write the conversation, and say so."""
        numbers = {view.exchange.number for view in self._view.views}
        exported = self._session.exported(numbers)

        def work(_: Progress) -> None:
            export(file, [account_of(one.kept()) for one in exported])

        try:
            wait_for(work, "Exporting the conversation", self._panel.window())
        except Cancelled:
            self.said.emit("The export was cancelled.")
        except MedvlmError as error:
            self.said.emit(str(error))
        else:
            count = len(exported)
            noun = "question" if count == 1 else "questions"
            inside = "" if file.suffix.lower() in TABLES else ", with images inside,"
            self.said.emit(f"Exported {count} {noun}{inside} to {file.name}.")
