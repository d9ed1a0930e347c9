"""The model manager: a window beside the viewer, with every model and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from qtpy.QtCore import QEvent, QSignalBlocker, Qt, QTimer
from qtpy.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...asking.model.engine_words import size_in_bytes
from ...engine import EngineState
from ...errors import MedvlmError
from ...fetching.acts import ActName, in_memory, possible
from ...fetching.desk import ModelDesk
from ...fetching.hub import why_unreachable
from ...fetching.jobs import JobState
from ...fetching.overview import ModelRow
from ...fetching.telling import access_words, ended_words, facts_of, machine_words, state_gist
from ..parts.plain import Column, PlainLabel, bold, flowing, named, quiet, rule
from .get_sheet import GetSheet
from .job_box import JobBox
from .loading_box import TIPS, LoadingBox
from .model_facts import FactGrid
from .models_table import ModelsTable

#: Milliseconds between two looks while the window is open.
LOOK_MS = 200
_BUTTONS: tuple[tuple[ActName, str, str], ...] = (
    (
        "download",
        "Download…",
        "Show size, licence and revision, and ask before anything is fetched",
    ),
    ("resume", "Resume", "Go on with the download at its last byte"),
    ("pause", "Pause", "Stop the download; what has come is kept"),
    ("cancel", "Cancel…", "Stop, and delete what has come of it"),
    ("check", "Check", "Compare every file with its checksum"),
    ("pack", "Make a pack…", "Copy it with checksums, for a machine without a network"),
    ("forget", "Remove from list", "Take the folder off this list; its files stay"),
    ("delete", "Delete files…", "Delete the model from the disk, after a question"),
)


class Holder(Protocol):
    """The panel's side: the model in memory."""

    @property
    def state(self) -> EngineState:
        """Of the engine."""

    @property
    def memory_words(self) -> str:
        """What came of the last load, or how far one is."""

    def load(self, row: ModelRow) -> None:
        """Choose a model and load it."""

    def unload(self) -> None:
        """Free its memory."""

    @property
    def cpu_words(self) -> str:
        """Why the chosen model runs on the CPU, and what to do; empty where it does not."""


class ModelsWindow(QDialog):
    """Every model, and what can be done with it; it may be closed while works go on.

    Parameters
    ----------
    desk
        What is known and done.
    holder
        Loads and unloads.
    parent
        The viewer's window, whose theme it takes.
    """

    def __init__(self, desk: ModelDesk, holder: Holder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("medvlm models")
        self.setModal(False)
        self._desk, self._holder = desk, holder
        self.network, self.machine = PlainLabel(), quiet(PlainLabel())
        self.network.setAccessibleName("Network")
        self.machine.setAccessibleName("This machine")
        self.table = ModelsTable()
        self.title, self.purpose = bold(PlainLabel()), quiet(PlainLabel())
        self.facts = FactGrid("About the model")
        self.loading = LoadingBox()
        self.job = JobBox()
        self.line = PlainLabel()
        self.line.setAccessibleName("What came of it")
        for label in (self.network, self.machine, self.title, self.purpose, self.line):
            flowing(label)
        self.buttons = {act: _button(words, tip) for act, words, tip in _BUTTONS}
        self.folder = _button("Use a folder…", "Add a checkpoint folder to this list, where it is")
        self.pack = _button("Use a pack…", "Copy a pack to its place, comparing checksums")
        self.again = _button("Look again", "Look at the disk and the memory again (F5)")
        self.again.setShortcut("F5")
        self.shut = _button("Close", "Close this window; downloads go on (Esc)")
        self._said: dict[str, str] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.refresh)
        self._arrange()
        self._connect()
        self.resize(1040, 640)

    @property
    def row(self) -> ModelRow | None:
        """The selected model."""
        return self._desk.row(self.table.key)

    def select(self, key: str) -> None:
        """Select a model."""
        self.table.select(key)

    def end(self) -> None:
        """Look no more, and go: the panel whose models these are is gone."""
        self._timer.stop()
        self.deleteLater()

    # ------------------------------------------------------------------ building

    def _arrange(self) -> None:
        details = QWidget()
        left = QVBoxLayout(details)
        left.setContentsMargins(0, 0, 8, 0)
        for part in (self.title, self.purpose, self.facts):
            left.addWidget(part)
        left.addStretch(1)
        area = Column()
        area.setWidget(details)
        self.loading.setFixedWidth(310)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(area, 1)
        middle.addWidget(self.loading)
        acts, foot = QHBoxLayout(), QHBoxLayout()
        for button in self.buttons.values():
            acts.addWidget(button)
        acts.addStretch(1)
        for button in (self.folder, self.pack, self.again):
            foot.addWidget(button)
        foot.addStretch(1)
        foot.addWidget(self.shut)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addWidget(self.network)
        column.addWidget(self.machine)
        column.addWidget(self.table)
        column.addLayout(middle, 1)
        column.addWidget(self.job)
        column.addWidget(self.line)
        column.addLayout(acts)
        column.addWidget(rule())
        column.addLayout(foot)

    def _connect(self) -> None:
        acts: dict[ActName, Callable[[str], object]] = {
            "download": self._on_download,
            "resume": self._on_download,
            "pause": self._desk.stop,
            "cancel": self._on_cancel,
            "check": self._desk.check,
            "pack": self._on_make_pack,
            "forget": self._desk.forget,
            "delete": self._on_delete,
        }
        for name, act in acts.items():
            self.buttons[name].clicked.connect(lambda _=False, act=act: self._do(act))
        self.table.chosen.connect(self.refresh)
        self.loading.wished.connect(lambda wish: self._do(lambda key: self._desk.wish(key, wish)))
        self.loading.load.clicked.connect(self._on_load)
        self.loading.unload.clicked.connect(self._holder.unload)
        self.folder.clicked.connect(self._on_folder)
        self.pack.clicked.connect(self._on_pack)
        self.again.clicked.connect(self._desk.look)
        self.shut.clicked.connect(self.close)

    def showEvent(self, event: QEvent | None) -> None:
        """Look at everything anew, and often."""
        super().showEvent(event)
        self._desk.look()
        self.refresh()
        self._timer.start()

    def hideEvent(self, event: QEvent | None) -> None:
        """Look at nothing while nobody does."""
        self._timer.stop()
        super().hideEvent(event)

    # ------------------------------------------------------------------ showing

    def refresh(self, *_: object) -> None:
        """Show how everything stands now."""
        desk, state = self._desk, self._holder.state
        online, words = desk.network()
        self.network.show_text(f"{'▲' if online else '●'} {words}")
        about = machine_words(desk.machine)
        cpu = self._holder.cpu_words
        self.machine.show_text(f"{about}\n! {cpu}" if cpu else about)
        shown = []
        for row in desk.rows:
            held = ""
            if in_memory(row, state):
                held = "loading" if state.status == "loading" else "in memory"
            access = access_words(row, desk.offer(row.key))
            shown.append((row, access, state_gist(row, desk.job(row.key), held)))
        with QSignalBlocker(self.table):
            self.table.show_rows(shown)
        self._show_details()

    def _show_details(self) -> None:
        row = self.row
        if row is None:
            self.title.show_text("Looking at the models …")
            return
        job = self._desk.job(row.key)
        self.title.show_text(row.label)
        self.purpose.show_text(row.purpose)
        self.facts.show_facts(facts_of(row))
        self.job.show_job(job)
        ended = "" if job is None or job.act == "ask" else ended_words(job)
        self.line.show_text(self._said.get(row.key) or ended)
        acts = possible(
            row,
            job,
            self._holder.state,
            self._desk.machine,
            unreachable=why_unreachable(),
        )
        for name, _, tip in _BUTTONS:
            _show_button(self.buttons[name], acts.get(name), tip)
        self.buttons["cancel"].setText("Cancel…" if _deletes(row, job) else "Cancel")
        self.loading.show_choices(self._desk.machine, row.wish, self._desk.default)
        self.loading.setEnabled(row.state.kind in ("ready", "absent", "partial"))
        loading: tuple[tuple[QPushButton, ActName, str], ...] = (
            (self.loading.load, "load", _NOT_HERE),
            (self.loading.unload, "unload", "It is not in memory."),
        )
        for button, name, otherwise in loading:
            reason = acts.get(name, otherwise)
            button.setEnabled(not reason)
            button.setToolTip(reason or TIPS[name])
        self.loading.show_words(self._holder.memory_words)

    # ------------------------------------------------------------------ doing

    def _do(self, act: Callable[[str], object]) -> None:
        """Do something with the selected model; what is refused is said."""
        key = self.table.key
        self._said.pop(key, None)
        try:
            act(key)
        except MedvlmError as error:
            self._said[key] = str(error)
        self.refresh()

    def _on_download(self, key: str) -> None:
        row, offer = self.row, self._desk.offer(key)
        if row is not None and row.state.kind == "partial" and offer is not None:
            self._desk.download(key)  # agreed to in this sitting
            return
        sheet = GetSheet(self._desk, key, self)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.finished.connect(self.refresh)
        sheet.open()

    def _on_cancel(self, key: str) -> None:
        row, job = self.row, self._desk.job(key)
        if row is None or not _deletes(row, job):
            self._desk.stop(key)
            return
        here = row.state.held
        if job is not None and job.step is not None and not job.ended:
            here = job.step.done
        if self._sure(
            f"Stop the download of {row.label}, and delete the {size_in_bytes(here)} that have "
            "come? Pause keeps them.",
            "Delete",
        ):
            self._desk.discard(key)

    def _on_delete(self, key: str) -> None:
        row = self.row
        if row is not None and self._sure(
            f"Delete the files of {row.label} ({size_in_bytes(row.state.held)}) from this "
            f"computer?\n\n{row.folder}\n\nOther files in that folder stay.",
            "Delete",
        ):
            self._desk.delete(key)

    def _on_make_pack(self, key: str) -> None:
        row = self.row
        place = _folder_of_user(self, "Where the pack's folder is made")
        if row is not None and place:
            self._desk.make_pack(key, Path(place) / f"{row.folder.name}-pack")

    def _on_load(self) -> None:
        row = self.row
        if row is not None:
            self._do(lambda _: self._holder.load(row))

    def _on_folder(self) -> None:
        path = _folder_of_user(self, "A checkpoint folder")
        if path:
            self.add_folder(path)

    def add_folder(self, path: str) -> None:
        """Add a checkpoint folder, and select it when it has been looked at."""
        self._do(lambda _: self._select_later(self._desk.add_folder(Path(path))))

    def _on_pack(self) -> None:
        path = _folder_of_user(self, "A pack: a folder with manifest.json")
        if path:
            self._do(lambda _: self._select_later(self._desk.use_pack(Path(path)).key))

    def _select_later(self, key: str) -> None:
        def look() -> None:
            self.refresh()
            self.table.select(key)
            if self.table.key == key or not self.isVisible():
                timer.stop()
                timer.deleteLater()

        timer = QTimer(self)
        timer.timeout.connect(look)
        timer.start(50)

    def _sure(self, question: str, yes: str) -> bool:
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("medvlm models")
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(question)
        agree = box.addButton(yes, QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is agree


_NOT_HERE = "It is not on this computer yet."


def _deletes(row: ModelRow, job: JobState | None) -> bool:
    """Whether cancelling deletes a part of a download."""
    if job is None or job.ended:
        return row.state.kind == "partial"
    return job.act == "download"


def _button(words: str, tip: str) -> QPushButton:
    button = QPushButton(words)
    button.setAutoDefault(False)
    named(button, words.rstrip("…"), tip)
    return button


def _show_button(button: QPushButton, reason: str | None, tip: str) -> None:
    button.setVisible(reason is not None)
    button.setEnabled(not reason)
    button.setToolTip(reason or tip)


def _folder_of_user(parent: QWidget, title: str) -> str:
    return str(QFileDialog.getExistingDirectory(parent, title))
