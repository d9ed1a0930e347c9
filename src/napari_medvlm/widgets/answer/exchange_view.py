"""One question with its reasoning, answer and boxes, as they stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QLabel, QToolButton, QVBoxLayout, QWidget

from ...asking.answer.ending import choice_words, is_bare_choice, outside_words, remarks
from ...asking.answer.linking import find_links, link_words
from ...asking.answer.placing import Grid, PlacedBox
from ...asking.answer.searching import Hit
from ...asking.answer.wording import answer_words, asked_words, sent_words
from ...asking.talk.exchange import Exchange, Stage
from ..parts.plain import PlainLabel, bold, named, plain_tip, quiet
from .answer_actions import AnswerActions, copy_answer
from .box_row import BoxRow
from .frozen_strip import FrozenStrip
from .long_question import WholeQuestion, beginning
from .mask_row import MaskRow
from .text_view import TextView

#: Characters of a folded reasoning whose links are made at once; those of a longer one are made
#: when it is opened, so that no answer begins with a hitch.
LINKED_UNSEEN = 8000


class ExchangeView(QFrame):
    """A turn of the conversation; `update_from` shows a newer state of the same exchange.

    Parameters
    ----------
    exchange
        The question.
    grid
        Of the source that it is about.
    """

    #: A box or mask of the answer was clicked.
    box_clicked = Signal(object)
    #: A frame is to be shown again: its number from 0, and whether in its window too.
    frame_clicked = Signal(int, bool)
    #: The turn is to be asked again, put back into the question box, or deleted.
    again = Signal()
    edited = Signal()
    deleted = Signal()

    def __init__(
        self, exchange: Exchange, grids: Sequence[Grid], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.exchange = exchange
        self._grids = tuple(grids)
        #: Whether the reasoning folds when the answer begins; the user's clicks come first.
        self.fold_reasoning = True
        self._folded_by_hand = False
        self._box_row: BoxRow | None = None
        self._linked: dict[TextView, tuple[str, int]] = {}
        self._build(exchange)
        self.update_from(exchange, exchange.asked_at)

    def update_from(self, exchange: Exchange, now: float) -> None:
        """Show a state.

        Parameters
        ----------
        exchange
            The same exchange, later.
        now
            Seconds of the conversation's clock.
        """
        self.exchange = exchange
        self._show_reasoning(exchange, now)
        words = answer_words(exchange.answer, exchange.boxes)
        self.answer.show_text(words)
        # What was put into words can still be read as it was written.
        written = exchange.answer.strip()
        self.answer.setToolTip(plain_tip(f"As written: {written}") if written != words else "")
        self.meta.show_text(exchange.status_words(now))
        # Words that still grow have no links: finding them anew at every token would cost more
        # than it gives.
        self._link_reasoning()
        self.actions.follow(exchange)
        if exchange.ended:
            self._link(self.answer)
            self._show_reply(exchange)
            if self.actions.as_written.isChecked():
                self._show_written(True)
            if self._box_row is None:
                self._show_boxes(exchange.boxes)
                self._show_masks(exchange)

    def tick(self, now: float) -> None:
        """Let the seconds run."""
        if not self.exchange.ended:
            self.meta.show_text(self.exchange.status_words(now))
            self.head.setText(self.exchange.reasoning_words(now))

    # ------------------------------------------------------------------ building

    def _build(self, exchange: Exchange) -> None:
        asked = asked_words(exchange.question, exchange.model)
        self.asked = bold(PlainLabel(beginning(asked)))
        self.whole = WholeQuestion(asked)
        self.asked.setAccessibleName("Your question")
        sent = f"{exchange.number} · {sent_words(exchange.question, exchange.model)}"
        if exchange.instead_of is not None:
            sent += f" · instead of question {exchange.instead_of}"
        self.sent = quiet(PlainLabel(sent))
        self.head = QToolButton()
        self.head.setAutoRaise(True)
        self.head.setCheckable(True)
        self.head.setChecked(True)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setArrowType(Qt.ArrowType.DownArrow)
        named(self.head, "Reasoning", "Show or hide how the model came to its answer")
        self.head.toggled.connect(self._on_toggled)
        self.head.clicked.connect(self._on_clicked)
        self.reasoning = quiet(TextView(aside=True))
        self.reasoning.setAccessibleName("The model's reasoning")
        self.answer = TextView()
        self.answer.setAccessibleName("The model's answer")
        self.choice = bold(PlainLabel())
        self.choice.setAccessibleName("The chosen option")
        self.choice.hide()
        self.outside = quiet(TextView(aside=True))
        self.outside.setAccessibleName("Words outside of the answer")
        self.outside.hide()
        self.raw = TextView(aside=True)
        self.raw.setAccessibleName("The text as the model wrote it")
        self.raw.hide()
        self.remarks = quiet(PlainLabel())
        self.remarks.setAccessibleName("What to know about this answer")
        self.remarks.hide()
        self.meta = quiet(PlainLabel())
        self.meta.setAccessibleName("Progress")
        for label in (self.reasoning, self.answer):
            label.followed.connect(lambda number, at=label: self._on_link(at, number))
            label.pointed.connect(lambda number, at=label: self._on_pointed(at, number))
        self.strip = FrozenStrip(exchange.question.frames, exchange.question.regions)
        self.strip.clicked.connect(lambda number: self.frame_clicked.emit(number, True))
        self.actions = AnswerActions(exchange.number)
        self.actions.written.connect(self._show_written)
        self.actions.copied.connect(lambda: copy_answer(self.exchange))
        for signal, of_view in (
            (self.actions.again, self.again),
            (self.actions.edited, self.edited),
            (self.actions.deleted, self.deleted),
        ):
            signal.connect(of_view)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 4, 0, 6)
        self._layout.setSpacing(3)
        for widget in (
            self.asked,
            self.whole,
            self.sent,
            self.strip,
            self.head,
            self.reasoning,
            self.choice,
            self.answer,
            self.outside,
            self.raw,
            self.remarks,
            self.meta,
            self.actions,
        ):
            self._layout.addWidget(widget)

    def _show_reasoning(self, exchange: Exchange, now: float) -> None:
        has = bool(exchange.reasoning.strip())
        self.head.setVisible(has)
        self.head.setText(exchange.reasoning_words(now))
        if not self._folded_by_hand:
            # Open while it streams, folded once there is something better to read.
            failed = exchange.stage in (Stage.STOPPED, Stage.FAILED) and not exchange.answer
            unfolded = exchange.answer_at is None or failed or not self.fold_reasoning
            self.head.setChecked(unfolded)
        self.reasoning.show_text(exchange.reasoning.strip())
        self.reasoning.setVisible(has and self.head.isChecked())

    def _show_reply(self, exchange: Exchange) -> None:
        reply, question = exchange.reply, exchange.question
        if reply is None:
            self.remarks.show_text("\n".join(f"! {said}" for said in exchange.damage))
            return
        choice = choice_words(reply, question.choices)
        self.choice.show_text(choice)
        # "B" below "B: pneumothorax" would say nothing more.
        self.answer.setVisible(bool(self.answer.text()) and not (choice and is_bare_choice(reply)))
        self.outside.show_text(outside_words(reply))
        self.outside.setVisible(bool(self.outside.text()))
        said = (*exchange.damage, *remarks(reply, question))
        self.remarks.show_text("\n".join(f"! {one}" for one in said))

    def _link_reasoning(self) -> None:
        exchange = self.exchange
        shown = self.head.isChecked() or len(exchange.reasoning) <= LINKED_UNSEEN
        if shown and (exchange.ended or exchange.answer_at is not None):
            self._link(self.reasoning)

    def _link(self, label: TextView) -> None:
        frames, boxes = self.exchange.question.frames, self.exchange.boxes
        # The reasoning stands still while the answer comes: it is searched once, and not at
        # every token of the answer.
        now = (label.text(), len(boxes))
        if self._linked.get(label) == now:
            return
        self._linked[label] = now
        links = find_links(label.text(), frames, boxes)
        label.show_links(links, [link_words(link, frames, boxes) for link in links])

    def _on_link(self, label: TextView, number: int) -> None:
        link = label.links[number]
        if link.box is not None:
            self.box_clicked.emit(self.exchange.boxes[link.box])
        else:
            self.frame_clicked.emit(link.frames[0], False)

    def _on_pointed(self, label: TextView, number: int) -> None:
        self.strip.outline(label.links[number].frames if number >= 0 else ())

    def show_hit(self, hit: Hit | None) -> tuple[QWidget, int] | None:
        """Select a hit of a search in this turn; None unselects.

        Returns
        -------
        where
            The words it is in, and how far below their top it begins, in pixels.
        """
        self.asked.setSelection(0, 0)
        views = {"reasoning": self.reasoning, "answer": self.answer}
        for view in views.values():
            view.select(0, 0)
        if hit is None:
            return None
        if hit.field == "question":
            if hit.stop > len(self.asked.text()):
                self.whole.button.setChecked(True)
                return self.whole, 0
            self.asked.setSelection(hit.start, hit.stop - hit.start)
            return self.asked, 0
        self.actions.as_written.setChecked(False)
        if hit.field == "reasoning" and not self.head.isChecked():
            self.head.click()  # as by hand: it stays open
        views[hit.field].select(hit.start, hit.stop)
        return views[hit.field], views[hit.field].top_of_selection()

    def show_overlaps(self, words: Mapping[int, str]) -> None:
        """Say beside each box how well it agrees with what the user drew.

        Parameters
        ----------
        words
            By number of the box among the answer's, from 0; a missing one says nothing.
        """
        if self._box_row is not None:
            self._box_row.show_overlaps(words)

    def _show_boxes(self, boxes: Sequence[PlacedBox]) -> None:
        self._box_row = BoxRow(boxes, self._grids)
        self._box_row.clicked.connect(self.box_clicked)
        if boxes:
            self._layout.insertWidget(self._layout.indexOf(self.meta), self._box_row)
            self._box_row.show()

    def _show_written(self, on: bool) -> None:
        reply = self.exchange.reply
        if on and reply is not None:
            self.raw.show_written(reply.raw)
            for part in (self.head, self.reasoning, self.choice, self.answer, self.outside):
                part.hide()
        self.raw.setVisible(on)
        if not on:
            self.update_from(self.exchange, self.exchange.ended_at or 0.0)

    def _show_masks(self, exchange: Exchange) -> None:
        if exchange.masks:
            row = MaskRow(exchange.masks, exchange.question.frames, self._grids)
            row.clicked.connect(self.box_clicked)
            self._layout.insertWidget(self._layout.indexOf(self.meta), row)
            row.show()

    def _on_toggled(self, on: bool) -> None:
        self.head.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self.reasoning.setVisible(on and bool(self.reasoning.text()))
        self._link_reasoning()

    def _on_clicked(self) -> None:
        self._folded_by_hand = True


def hint(text: str) -> QLabel:
    """What stands in an empty conversation."""
    label = quiet(PlainLabel(text))
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return label
