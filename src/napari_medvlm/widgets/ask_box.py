"""What is asked: task, mode, the words, and the two buttons."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from ..dialogue.question import Mode, Question
from ..models.profiles import Profile
from .keys import asks, stops
from .plain import PlainLabel, named, quiet

ASK_TIP = "Ask the model (Ctrl+Enter)"


class WordsEdit(QTextEdit):
    """Plain words in the theme's own text field; Ctrl+Enter is left to the panel."""

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptRichText(False)
        self.setTabChangesFocus(True)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * 3 + 22)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Type, unless the key is one of the panel's."""
        if event is not None and (asks(event) or stops(event)):
            event.ignore()
        else:
            super().keyPressEvent(event)


class AskBox(QWidget):
    """The question's words and how they are asked.

    ``asked`` and ``stopped`` are emitted by the buttons; ``draw`` asks for a layer to draw
    regions on.
    """

    asked = Signal()
    stopped = Signal()
    draw = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profile: Profile | None = None
        self._note = ""
        self._build()
        self._arrange()
        self.button.clicked.connect(self.asked)
        self.stop.clicked.connect(self.stopped)
        self.region.clicked.connect(self.draw)
        self.tasks.currentIndexChanged.connect(self._on_task)

    # ------------------------------------------------------------------ what is asked

    @property
    def words(self) -> str:
        """The question as typed."""
        return str(self.text.toPlainText())

    @property
    def task(self) -> str:
        """Key of the chosen task."""
        key: str | None = self.tasks.currentData()
        return key or "ask"

    @property
    def mode(self) -> Mode:
        """Reasoning or instruct."""
        return "instruct" if self.instruct.isChecked() else "reasoning"

    @property
    def follows(self) -> bool:
        """Whether earlier answers are part of the question."""
        return bool(self.follow.isEnabled() and self.follow.isChecked())

    def put_back(self, question: Question) -> None:
        """Show the words, the task and the mode of an earlier question, to be changed."""
        task = self.tasks.findData(question.task)
        if task >= 0:
            self.tasks.setCurrentIndex(task)
        button = {mode: button for button, mode in self._by_mode()}[question.mode]
        if button.isEnabled():
            button.setChecked(True)
        self.text.setPlainText(question.text)
        self.text.selectAll()
        self.text.setFocus()

    # ------------------------------------------------------------------ what may be asked

    def offer(self, profile: Profile | None) -> None:
        """Show the tasks and modes that the chosen model knows; None means that there is none."""
        before = self.task
        self._profile = profile
        with QSignalBlocker(self.tasks):
            self.tasks.clear()
            for task in profile.tasks if profile else ():
                self.tasks.addItem(task.title, task.key)
                number = self.tasks.count() - 1
                self.tasks.setItemData(number, task.template, Qt.ItemDataRole.ToolTipRole)
            self.tasks.setCurrentIndex(max(self.tasks.findData(before), 0) if profile else -1)
        self.tasks.setEnabled(self.tasks.count() > 1)
        modes = profile.modes if profile else ()
        for button, mode in self._by_mode():
            button.setEnabled(mode in modes)
        if profile and self.mode not in modes:
            {mode: button for button, mode in self._by_mode()}[modes[0]].setChecked(True)
        self._on_task()

    @property
    def needs_text(self) -> bool:
        """Whether the chosen task asks nothing by itself."""
        return self._profile is None or self._profile.task(self.task).needs_text

    def show_state(self, *, busy: bool, reason: str, can_follow: bool) -> None:
        """Enable what makes sense.

        Parameters
        ----------
        busy
            Whether an answer is on its way.
        reason
            Why nothing can be asked, "" where it can; shown as the button's tip.
        can_follow
            Whether there is an earlier answer to follow.
        """
        self.button.setEnabled(not busy and not reason)
        self.button.setToolTip(reason or ("An answer is on its way" if busy else ASK_TIP))
        self.stop.setEnabled(busy)
        self.follow.setEnabled(can_follow)

    def show_line(self, words: str) -> None:
        """One line for people: what is missing, or what was left out."""
        self.line.show_text(words)

    def show_note(self, words: str) -> None:
        """A line about what is chosen; "" takes the last one away, and no other line."""
        if words or self.line.text() == self._note:
            self.show_line(words)
        self._note = words

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        self.tasks = QComboBox()
        self.tasks.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        named(self.tasks, "Task", "What is asked for; a task brings the words it was trained with")
        self.reasoning = QRadioButton("reasoning")
        named(self.reasoning, "Reasoning mode", "The model thinks aloud before it answers")
        self.instruct = QRadioButton("instruct")
        named(self.instruct, "Instruct mode", "The model answers at once")
        self._modes = QButtonGroup(self)
        self._modes.addButton(self.reasoning)
        self._modes.addButton(self.instruct)
        self.reasoning.setChecked(True)
        self.text = WordsEdit()
        named(self.text, "Question", "Type a question; Ctrl+Enter asks it")
        self.region = QPushButton("▣ region")
        named(
            self.region,
            "Draw a region",
            "Draw a rectangle on the image; it goes into the question with its slice",
        )
        self.follow = QCheckBox("follow up")
        named(
            self.follow,
            "Follow up",
            "Send the earlier questions and answers along. Off: every question stands alone",
        )
        self.button = QPushButton("Ask")
        self.button.setDefault(True)
        named(self.button, "Ask", ASK_TIP)
        self.stop = QPushButton("Stop")
        named(self.stop, "Stop", "Stop the answer; what has come is kept (Esc)")
        self.line = quiet(PlainLabel())
        self.line.setAccessibleName("Notice")
        self.line.hide()

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.tasks, 1)
        top.addWidget(self.reasoning)
        top.addWidget(self.instruct)
        bottom = QHBoxLayout()
        bottom.addWidget(self.region)
        bottom.addWidget(self.follow)
        bottom.addStretch(1)
        bottom.addWidget(self.button)
        bottom.addWidget(self.stop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.text)
        layout.addLayout(bottom)
        layout.addWidget(self.line)

    def _by_mode(self) -> tuple[tuple[QRadioButton, Mode], ...]:
        return (self.reasoning, "reasoning"), (self.instruct, "instruct")

    def _on_task(self, index: int = 0) -> None:
        template = self.tasks.currentData(Qt.ItemDataRole.ToolTipRole)
        own = template and "{text}" not in template
        self.text.setPlaceholderText(
            f"optional; asks: {template}" if own else "ask about what is shown …"
        )
