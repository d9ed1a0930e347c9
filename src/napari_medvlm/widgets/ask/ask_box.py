"""What is asked: task, mode, the words, options, settings, and the two buttons."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from ...asking.ask.recall import Recall
from ...asking.ask.templates import Templates
from ...asking.ask.typed import Typed
from ...dialogue.question import Mode, Question
from ...models.profiles import Profile
from ..parts.fold import FoldHead
from ..parts.plain import PlainLabel, named, quiet
from .generation_box import GenerationBox
from .options_box import OptionsBox
from .task_box import TaskBox
from .waiting_row import WaitingRow
from .words_edit import WordsEdit

ASK_TIP = "Ask the model (Ctrl+Enter)"
WAIT_TIP = "An answer is on its way; this question will wait for it (Ctrl+Enter)"
STOP_TIP = "Stop the answer; what has come is kept (Esc)"
SETTINGS_TIP = "How the answer is generated: its length, temperature, penalty, seed"
#: As high as five lines: a template of many lines scrolls.
_SENT_LINES = 5


class AskBox(QWidget):
    """The question's words and how they are asked.

    ``asked`` and ``stopped`` are emitted by the buttons; ``draw`` asks for a layer to draw
    regions on; ``edited`` whenever something of the question is other than before.
    """

    asked = Signal()
    stopped = Signal()
    draw = Signal()
    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._note = ""
        self._model = ""
        self._mode_of: dict[str, Mode] = {}
        self.recall = Recall()
        self._build()
        self._arrange()
        self._connect()

    # ------------------------------------------------------------------ what is asked

    @property
    def words(self) -> str:
        """The question as typed."""
        return str(self.text.toPlainText())

    @property
    def mode(self) -> Mode:
        """Reasoning or instruct."""
        return "instruct" if self.instruct.isChecked() else "reasoning"

    @property
    def follows(self) -> bool:
        """Whether earlier answers are part of the question."""
        return bool(self.follow.isEnabled() and self.follow.isChecked())

    @property
    def typed(self) -> Typed:
        """All of the question but its images."""
        return Typed(
            self.words,
            self.task_box.chosen,
            self.mode,
            self.generation.generation,
            self.options.rows if self.options_button.isChecked() else None,
        )

    def put(self, words: str) -> None:
        """Show other words; those that stand there are remembered."""
        if words != self.words:
            self.recall.add(self.words)
            self.text.show_words(words)

    def put_back(self, question: Question) -> None:
        """Show the words, the task and the mode of an earlier question, to be changed."""
        # A general wording is part of its words by now.
        if not self.task_box.choose(question.task):
            self.task_box.choose("ask")
        self._choose_mode(question.mode)
        self.show_options([text for _, text in question.choices])
        self.put(question.text)
        self.text.selectAll()
        self.text.setFocus()

    def show_options(self, rows: Sequence[str]) -> None:
        """Show options; without any their rows are closed."""
        if rows:
            self.options.show_rows(rows)
        self.options_button.setChecked(bool(rows))

    def sent(self) -> None:
        """The question was asked: its words are remembered, and the field is free."""
        self.recall.add(self.words)
        self.text.clear()

    # ------------------------------------------------------------------ what may be asked

    def offer(self, profile: Profile | None, templates: Templates) -> None:
        """Show the tasks and modes that the chosen model knows; None means that there is none."""
        modes = profile.modes if profile else ()
        for button, mode in self._by_mode():
            button.setEnabled(mode in modes)
        if profile and profile.name != self._model:
            # Each model has its own, at first as its authors run it.
            self._mode_of[self._model] = self.mode
            self._model = profile.name
            self._choose_mode(self._mode_of.get(profile.name, profile.default_mode))
        self.generation.offer(profile)
        self.task_box.offer(profile, templates)
        self._show_task()
        self.edited.emit()

    def show_state(self, *, busy: bool, reason: str, can_follow: bool) -> None:
        """Enable what makes sense.

        Parameters
        ----------
        busy
            Whether an answer is on its way: another question will wait for it.
        reason
            Why nothing can be asked, "" where it can; shown as the button's tip.
        can_follow
            Whether there is, or will be, an earlier answer to follow.
        """
        reason = reason or self.typed.missing
        self.button.setEnabled(not reason)
        self.button.setToolTip(reason or (WAIT_TIP if busy else ASK_TIP))
        self.stop.setEnabled(busy)
        self.follow.setEnabled(can_follow)

    def show_follow_up(self, words: str) -> None:
        """Say what a follow-up sends along, while it is chosen."""
        self.follow_words.show_text(words if self.follows else "")

    def show_line(self, words: str) -> None:
        """One line for people: what is missing, or what was left out."""
        self.line.show_text(words)

    def show_note(self, words: str) -> None:
        """A line about what is chosen; "" takes the last one away, and no other line."""
        if words or self.line.text() == self._note:
            self.show_line(words)
        self._note = words

    def show_sent(self, words: str, remark: str = "") -> None:
        """Show the question's turn as the model would get it, and what to know about that."""
        if self.as_sent.toPlainText() != words:
            self.as_sent.setPlainText(words)
        self.sent_remark.show_text(remark)

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        self.waiting = WaitingRow()
        self.task_box = TaskBox()
        self.tasks = self.task_box.list
        self.reasoning = QRadioButton("reasoning")
        named(self.reasoning, "Reasoning mode", "The model thinks aloud before it answers")
        self.instruct = QRadioButton("instruct")
        named(self.instruct, "Instruct mode", "The model answers at once")
        self._modes = QButtonGroup(self)
        self._modes.addButton(self.reasoning)
        self._modes.addButton(self.instruct)
        self.reasoning.setChecked(True)
        self.text = WordsEdit()
        named(
            self.text,
            "Question",
            "Type a question; Ctrl+Enter asks it. Up and Down bring back earlier ones",
        )
        self.options = OptionsBox()
        self.options.hide()
        self.options_button = QPushButton("options")
        self.options_button.setCheckable(True)
        named(
            self.options_button,
            "Options",
            "Multiple choice: rows for the options A, B, C … that the model is to choose from",
        )
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
            "Send the earlier questions and answers of this conversation along, as far as the "
            "chosen model gave them. Off: every question stands alone",
        )
        self.button = QPushButton("Ask")
        self.button.setDefault(True)
        named(self.button, "Ask", ASK_TIP)
        self.stop = QPushButton("Stop")
        named(self.stop, "Stop", STOP_TIP)
        self.follow_words = quiet(PlainLabel())
        self.follow_words.setAccessibleName("What a follow-up sends")
        self.follow_words.hide()
        self._build_folded()
        self.line = quiet(PlainLabel())
        self.line.setAccessibleName("Notice")
        self.line.hide()

    def _build_folded(self) -> None:
        self.generation = GenerationBox()
        self.settings_head = FoldHead(
            "settings", "Generation settings", SETTINGS_TIP, self.generation
        )
        self.as_sent = QPlainTextEdit()
        self.as_sent.setReadOnly(True)
        self.as_sent.setTabChangesFocus(True)
        self.as_sent.setFixedHeight(self.as_sent.fontMetrics().lineSpacing() * _SENT_LINES + 16)
        named(
            self.as_sent,
            "As sent",
            "Your turn as the model gets it, template and options included; its images, and the "
            "marks of its chat around all turns, are added to this",
        )
        self.sent_remark = quiet(PlainLabel())
        self.sent_remark.setAccessibleName("What was taken out of your words")
        self.sent_remark.hide()
        self.sent_head = FoldHead(
            "as sent", "Show as sent", "The question's exact words as the model gets them",
            self.as_sent,
        )  # fmt: skip

    def _arrange(self) -> None:
        top, bottom, heads = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.task_box, 1)
        top.addWidget(self.reasoning)
        top.addWidget(self.instruct)
        for part in (self.region, self.options_button, self.follow):
            bottom.addWidget(part)
        bottom.addStretch(1)
        bottom.addWidget(self.button)
        bottom.addWidget(self.stop)
        for part in (self.settings_head, self.sent_head):
            heads.addWidget(part)
        heads.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.waiting)
        layout.addLayout(top)
        layout.addWidget(self.text)
        layout.addWidget(self.options)
        layout.addLayout(bottom)
        layout.addWidget(self.follow_words)
        layout.addWidget(self.line)
        layout.addLayout(heads)
        layout.addWidget(self.generation)
        layout.addWidget(self.as_sent)
        layout.addWidget(self.sent_remark)

    def _connect(self) -> None:
        self.button.clicked.connect(self.asked)
        self.stop.clicked.connect(self.stopped)
        self.region.clicked.connect(self.draw)
        self.task_box.changed.connect(self._on_task)
        self.options_button.toggled.connect(self.options.setVisible)
        self.text.earlier.connect(lambda: self._recall(self.recall.back(self.words), True))
        self.text.later.connect(lambda: self._recall(self.recall.forth(self.words), False))
        self.generation.changed.connect(self._on_settings)
        for signal in (
            self.text.textChanged,
            self.options.changed,
            self.options_button.toggled,
            self.reasoning.toggled,
            self.follow.toggled,
            self.task_box.changed,
            self.generation.changed,
        ):
            signal.connect(lambda *_: self.edited.emit())

    def _by_mode(self) -> tuple[tuple[QRadioButton, Mode], ...]:
        return (self.reasoning, "reasoning"), (self.instruct, "instruct")

    def _choose_mode(self, wanted: Mode) -> None:
        for button, mode in self._by_mode():
            if mode == wanted and button.isEnabled():
                button.setChecked(True)

    def _recall(self, words: str | None, at_start: bool) -> None:
        if words is not None:
            self.text.show_words(words, at_start=at_start)

    def _on_settings(self) -> None:
        words = self.generation.remark
        self.settings_head.setText("settings (changed)" if words else "settings")
        self.settings_head.setToolTip(words or SETTINGS_TIP)

    def _on_task(self) -> None:
        chosen = self.task_box.chosen
        if chosen.mode is not None:
            self._choose_mode(chosen.mode)
        if chosen.choices is None:
            self._close_empty_options()
        elif chosen.choices:
            self.show_options(chosen.choices)
        else:
            with QSignalBlocker(self.options):
                self.options_button.setChecked(True)
        self._show_task()

    def _close_empty_options(self) -> None:
        # What was filled in stays, whatever task is chosen next.
        if not any(row.strip() for row in self.options.rows):
            self.options_button.setChecked(False)

    def _show_task(self) -> None:
        chosen = self.task_box.chosen
        if not chosen.needs_text:
            self.text.setPlaceholderText(f"optional; asks: {chosen.wording}")
        else:
            self.text.setPlaceholderText(chosen.hint or "ask about what is shown …")
