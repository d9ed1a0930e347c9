"""The user's file of task templates: opened in the system's editor, read again when it changes."""

from __future__ import annotations

from qtpy.QtCore import QFileSystemWatcher, QObject, QTimer, QUrl, Signal
from qtpy.QtGui import QDesktopServices

from ...asking.ask.templates import make_file, read_templates, templates_path
from ...errors import MedvlmError

#: Milliseconds: editors write a file in several steps.
SETTLE_MS = 200


class TemplateFile(QObject):
    """Holds the templates as they stand in the file."""

    #: What is offered is other than before.
    changed = Signal()
    #: A line for people: what is wrong with the file.
    said = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = templates_path()
        self.now = read_templates(self.path)
        self._watcher = QFileSystemWatcher(self)
        self._soon = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._soon.timeout.connect(self.read)
        for signal in (self._watcher.fileChanged, self._watcher.directoryChanged):
            signal.connect(lambda _path: self._soon.start())
        self._watch()

    def open(self) -> None:
        """Open the file in the system's editor; it is made where there is none."""
        try:
            make_file(self.path)
        except MedvlmError as error:
            self.said.emit(str(error))
            return
        self._watch()
        if QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.path))):
            self.said.emit(f"Saved changes of {self.path} are seen at once.")
        else:
            self.said.emit(f"No editor opened; the templates are in {self.path}.")

    def read(self) -> None:
        """Read the file again."""
        self._watch()
        before, self.now = self.now, read_templates(self.path)
        if self.now.problem:
            self.said.emit(self.now.problem)
        elif before.problem:
            self.said.emit("The task templates are read again.")
        if self.now.entries != before.entries:
            self.changed.emit()

    def _watch(self) -> None:
        # The folder too: many editors replace a file by another one of its name.
        for path in (self.path.parent, self.path):
            known = (*self._watcher.files(), *self._watcher.directories())
            if path.exists() and str(path) not in known:
                self._watcher.addPath(str(path))
