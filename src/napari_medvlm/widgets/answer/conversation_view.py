"""The conversation: one view for each question, the newest at the bottom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from qtpy.QtCore import QPoint, QSize, QTimer, Signal
from qtpy.QtWidgets import QToolButton, QVBoxLayout, QWidget

from ...asking.answer.placing import Grid
from ...asking.answer.searching import Hit
from ...asking.talk.exchange import Exchange
from ..parts.plain import Column, named, quiet
from .exchange_view import ExchangeView, hint
from .undo_line import UndoLine

#: Pixels that an answer can be read in; an empty conversation leaves them to what is chosen.
LEAST_HEIGHT, EMPTY_HEIGHT = 200, 50
EMPTY = "Choose what the model may look at, then ask.\nThe answer appears here."


class ConversationView(Column):
    """Questions and answers, scrolled along while they stream unless the user reads above."""

    #: (exchange, PlacedBox) of a box that was clicked.
    box_clicked = Signal(object, object)
    #: (exchange, number of the frame, whether in its window) of a frame to be shown again.
    frame_clicked = Signal(object, int, bool)
    #: The exchange that is to be asked again, put back into the question box, or deleted.
    again = Signal(object)
    edited = Signal(object)
    deleted = Signal(object)
    #: The exchange whose deletion is taken back.
    undone = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Conversation")
        self.setMinimumHeight(EMPTY_HEIGHT)
        self._views: dict[int, ExchangeView] = {}
        self._undo_lines: dict[int, UndoLine] = {}
        self._shown: frozenset[int] | None = None
        self._following = True
        self._fold_reasoning = True
        self.settled.connect(self._scroll_down)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self._inside = QWidget()
        self._layout = QVBoxLayout(self._inside)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._hint = hint(EMPTY)
        self._layout.addWidget(self._hint)
        self.export = quiet(QToolButton())
        self.export.setText("export conversation…")
        self.export.setAutoRaise(True)
        named(
            self.export,
            "Export the conversation",
            "Write the questions and answers of this conversation, with the images that were "
            "sent, to one HTML or Markdown file; or all facts of each run to JSON or a table",
        )
        self.export.hide()
        self._layout.addWidget(self.export)
        self._layout.addStretch(1)
        self.setWidget(self._inside)

    def sizeHint(self) -> QSize:
        """Small: it takes the room that the other parts of the panel leave."""
        return QSize(360, self.minimumHeight())

    def come_into_view(self) -> None:
        """Be seen, where a small window shows the panel in part: something was asked."""
        QTimer.singleShot(0, self._come)

    def _come(self) -> None:
        around = self.parentWidget()
        while around is not None and not isinstance(around, Column):
            around = around.parentWidget()
        if around is not None:
            around.ensureWidgetVisible(self, 0, 0)

    @property
    def views(self) -> tuple[ExchangeView, ...]:
        """The views on the screen, oldest first, without those that were put aside."""
        shown = self._shown
        return tuple(
            view
            for number, view in self._views.items()
            if number not in self._undo_lines and (shown is None or number in shown)
        )

    @property
    def fold_reasoning(self) -> bool:
        """Whether the reasoning folds when the answer begins."""
        return self._fold_reasoning

    @fold_reasoning.setter
    def fold_reasoning(self, on: bool) -> None:
        self._fold_reasoning = on
        for view in self._views.values():
            view.fold_reasoning = on

    def begin(self, exchange: Exchange, grids: Sequence[Grid]) -> ExchangeView:
        """Show a new question at the bottom; ``grids`` are those of the sources of its frames."""
        self._hint.hide()
        self.setMinimumHeight(LEAST_HEIGHT)
        view = ExchangeView(exchange, grids)
        view.fold_reasoning = self._fold_reasoning
        view.box_clicked.connect(lambda box, v=view: self.box_clicked.emit(v.exchange, box))
        view.frame_clicked.connect(
            lambda number, window, v=view: self.frame_clicked.emit(v.exchange, number, window)
        )
        view.again.connect(lambda v=view: self.again.emit(v.exchange))
        view.edited.connect(lambda v=view: self.edited.emit(v.exchange))
        view.deleted.connect(lambda v=view: self.deleted.emit(v.exchange))
        self._views[exchange.number] = view
        if self._shown is not None:
            self._shown |= {exchange.number}
        self._layout.insertWidget(self._layout.indexOf(self.export), view)
        self.export.show()
        self._following = True
        return view

    def show_only(self, numbers: Collection[int]) -> None:
        """Show these questions; the others stay where they are, out of sight."""
        before, self._shown = self._shown, frozenset(numbers)
        for number, view in self._views.items():
            view.setVisible(number in self._shown and number not in self._undo_lines)
        # A line that offers to undo stands wherever its question stood, until that is settled.
        some = any(number in self._shown for number in self._views) or bool(self._undo_lines)
        self._hint.setVisible(not some)
        self.setMinimumHeight(LEAST_HEIGHT if some else EMPTY_HEIGHT)
        self.export.setVisible(bool(self.views))
        if before != self._shown:
            self._following = True
            self.look_again()

    def put_aside(self, number: int) -> None:
        """Show a line with Undo instead of a question."""
        view = self._views[number]
        line = UndoLine(number)
        line.undone.connect(lambda: self.undone.emit(view.exchange))
        self._undo_lines[number] = line
        self._layout.insertWidget(self._layout.indexOf(view), line)
        view.hide()
        line.button.setFocus()

    def take_back(self, exchange: Exchange, now: float) -> None:
        """Show a question again that was put aside, as it is now."""
        self._drop(self._undo_lines.pop(exchange.number, None))
        view = self._views[exchange.number]
        view.update_from(exchange, now)
        view.show()
        self.look_again()

    def remove(self, number: int) -> None:
        """Take the view of a question away."""
        self._drop(self._undo_lines.pop(number, None))
        self._drop(self._views.pop(number, None))
        self._hint.setVisible(not self._views)
        self.setMinimumHeight(LEAST_HEIGHT if self._views else EMPTY_HEIGHT)
        self.export.setVisible(bool(self._views))
        self.look_again()

    def _drop(self, part: QWidget | None) -> None:
        if part is not None:
            self._layout.removeWidget(part)
            part.hide()
            part.deleteLater()

    def update_from(self, exchanges: Iterable[Exchange], now: float) -> None:
        """Show newer states of exchanges."""
        for exchange in exchanges:
            view = self._views.get(exchange.number)
            if view is not None:
                view.update_from(exchange, now)
        self.look_again()

    def show_hit(self, hit: Hit | None) -> None:
        """Select a hit of a search and bring it into view; None unselects the last one."""
        for number, view in self._views.items():
            found = view.show_hit(hit if hit is not None and hit.number == number else None)
            if found is not None:
                words, below = found
                at = words.mapTo(self._inside, QPoint(0, below))
                self.ensureVisible(at.x(), at.y(), 0, 40)
                self._following = False

    def tick(self, now: float) -> None:
        """Let the seconds of open questions run."""
        for view in self._views.values():
            view.tick(now)

    def _on_scrolled(self, value: int) -> None:
        # Text that grows leaves the value alone: only who scrolls changes it.
        self._following = value >= self.verticalScrollBar().maximum() - 8

    def _scroll_down(self) -> None:
        if self._following:
            bar = self.verticalScrollBar()
            bar.setValue(bar.maximum())
