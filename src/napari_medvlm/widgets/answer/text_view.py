"""A model's words in blocks, with links of ours in them; everything else in them stays data."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QSize, Qt, QUrl, Signal
from qtpy.QtGui import (
    QBrush,
    QColor,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
    QWheelEvent,
)
from qtpy.QtWidgets import QFrame, QSizePolicy, QTextBrowser, QToolTip, QWidget

from ...asking.answer.formatting import Block, Formatter, words_of
from ...asking.answer.linking import Link
from ..parts.plain import plain_tip
from .text_formats import block_format, char_format, table_format

#: The only addresses there are: a number into the view's own list of links.
_SCHEME = "medvlm-link:"
#: Readable on the dark theme and on the light one.
_COLOUR = "#3f8fdb"
_PROBLEM_COLOUR = "#b8860b"
_PLAIN = "border: none; padding: 0 0 0 5px"
#: Half-transparent grey recedes on dark and light ground alike.
_ASIDE = (
    "border: none; border-left: 2px solid rgba(128, 128, 128, 80);"
    " margin: 0 0 0 7px; padding: 0 0 0 6px"
)


class TextView(QTextBrowser):
    """Text that may grow, as high as it is, in which some places can be followed.

    The document is put together block by block and never read from markup, so that no tag,
    image or address in a model's text can be taken for one; and it has no way to load anything.
    Text that grows changes the last lines alone. Links are followed by mouse, or by Tab and
    Enter.

    Parameters
    ----------
    aside
        Whether a line at its left sets it apart from what matters more.
    """

    #: Number of a link that leads somewhere and was clicked.
    followed = Signal(int)
    #: Number of the link that is pointed at; -1 when none is any more.
    pointed = Signal(int)

    def __init__(self, *, aside: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.links: tuple[Link, ...] = ()
        self._tips: tuple[str, ...] = ()
        self._written = ""
        self._words: str | None = ""
        self._formatter = Formatter()
        # Of each block: where it begins in the words, where in the document, and where the
        # document was cut open to put it in.
        self._offsets: list[int] = []
        self._starts: list[int] = []
        self._cuts: list[int] = []
        self._own_tip = ""
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        # The ground of what it lies on, in any theme; the words stand below those of labels.
        self.setStyleSheet(
            f"QTextBrowser {{ background: transparent; {_ASIDE if aside else _PLAIN} }}"
        )
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDocumentMargin(0)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.anchorClicked.connect(self._on_activated)
        self.highlighted.connect(self._on_hovered)

    # ------------------------------------------------------------------ text

    def text(self) -> str:
        """The words as they are read, without any markup."""
        if self._words is None:
            self._words = words_of(self._formatter.blocks)
        return self._words

    def show_text(self, text: str) -> None:
        """Show a text as it is written by now; hide the view where there is none."""
        if text != self._written:
            self._written, self._words = text, None
            self.links = self._tips = ()
            self._show_from(self._formatter.show(text))
        self.setVisible(bool(text))

    def show_written(self, text: str) -> None:
        """Show a text exactly as it is, marks and all; it has no links."""
        self.setPlainText(text)
        self._fit()

    def _show_from(self, same: int) -> None:
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        blocks = self._formatter.blocks
        if same < len(self._starts):
            cursor.setPosition(self._cuts[same])
            cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
            cursor.removeSelectedText()
            # What is left of a block there has taken the form of what was behind it.
            left = same > 0 and blocks[same - 1].kind != "cell"
            cursor.setBlockFormat(block_format(blocks[same - 1] if left else None))
            cursor.setBlockCharFormat(QTextCharFormat())
            del self._offsets[same:], self._starts[same:], self._cuts[same:]
        cursor.movePosition(QTextCursor.MoveOperation.End)
        at = same
        while at < len(blocks):
            if blocks[at].kind == "cell":
                at = self._add_table(cursor, at)
            else:
                self._add_block(cursor, at)
                at += 1
        cursor.endEditBlock()
        self._fit()

    def _add_block(self, cursor: QTextCursor, number: int) -> None:
        blocks = self._formatter.blocks
        block = blocks[number]
        cut = cursor.position()
        # The document begins with an empty block, and has one after a table.
        if number == 0 or blocks[number - 1].kind == "cell":
            cursor.setBlockFormat(block_format(block))
        else:
            cursor.insertBlock(block_format(block), QTextCharFormat())
        self._place(number, cut, cursor.position())
        _write(cursor, block)

    def _add_table(self, cursor: QTextCursor, first: int) -> int:
        """Put a table in; returns the number of the block behind it."""
        blocks = self._formatter.blocks
        stop = first + 1
        while stop < len(blocks) and blocks[stop].kind == "cell" and blocks[stop].place > (0, 0):
            stop += 1
        cut = cursor.position()
        last = blocks[stop - 1]
        table = cursor.insertTable(last.row + 1, last.columns, table_format())
        for number in range(first, stop):
            cell = table.cellAt(blocks[number].row, blocks[number].column)
            inside = cell.firstCursorPosition()
            self._place(number, cut, inside.position())
            _write(inside, blocks[number])
        cursor.movePosition(QTextCursor.MoveOperation.End)
        return stop

    def _place(self, number: int, cut: int, start: int) -> None:
        offset = 0
        if number:
            offset = self._offsets[-1] + len(self._formatter.blocks[number - 1].text) + 1
        self._offsets.append(offset)
        self._starts.append(start)
        self._cuts.append(cut)

    # ------------------------------------------------------------------ places in it

    def select(self, start: int, stop: int) -> None:
        """Select characters [start, stop) of `text`; an empty stretch selects nothing."""
        cursor = self.textCursor()
        if stop <= start or not self._starts:
            cursor.clearSelection()
        else:
            cursor = self._stretch(start, stop)
        self.setTextCursor(cursor)

    def top_of_selection(self) -> int:
        """How far below the top of the view the selection begins, in pixels."""
        cursor = self.textCursor()
        cursor.setPosition(cursor.selectionStart())
        return int(self.cursorRect(cursor).top())

    def _stretch(self, start: int, stop: int) -> QTextCursor:
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._position(start))
        cursor.setPosition(self._position(stop), QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _position(self, offset: int) -> int:
        number = max(bisect_right(self._offsets, offset) - 1, 0)
        inside = self._formatter.blocks[number].text[: offset - self._offsets[number]]
        # Qt counts characters beyond U+FFFF twice.
        return self._starts[number] + len(inside.encode("utf-16-le")) // 2

    # ------------------------------------------------------------------ links

    def show_links(self, links: Sequence[Link], tips: Sequence[str]) -> None:
        """Make places of the present text links.

        Parameters
        ----------
        links
            Of `asking.linking.find_links` for this very `text`.
        tips
            What each leads to, or why it does not, as plain words.
        """
        if tuple(links) == self.links:
            return
        if self.links:
            self._show_from(0)  # without the old ones
        self.links, self._tips = tuple(links), tuple(tips)
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        for number, link in enumerate(self.links):
            place = self._stretch(link.start, link.stop)
            place.mergeCharFormat(_link_format(number, link))
        cursor.endEditBlock()

    def follow(self, number: int) -> None:
        """As if a link was clicked."""
        self._on_activated(QUrl(f"{_SCHEME}{number}"))

    def _number(self, address: QUrl) -> int:
        written = address.toString()
        digits = written.removeprefix(_SCHEME)
        ours = written.startswith(_SCHEME) and digits.isdecimal() and int(digits) < len(self.links)
        return int(digits) if ours else -1

    def _on_activated(self, address: QUrl) -> None:
        number = self._number(address)
        if number < 0:
            return
        if self.links[number].problem:
            below = self.mapToGlobal(self.cursorRect().bottomLeft())
            QToolTip.showText(below, plain_tip(self._tips[number]), self)
        else:
            self.followed.emit(number)

    def _on_hovered(self, address: QUrl) -> None:
        number = self._number(address)
        tip = self._own_tip if number < 0 else plain_tip(self._tips[number])
        super().setToolTip(tip)
        self.pointed.emit(number)

    # ------------------------------------------------------------------ as a widget

    def setToolTip(self, tip: str | None) -> None:
        """The tip that is shown where no link is pointed at."""
        self._own_tip = tip or ""
        super().setToolTip(self._own_tip)

    def loadResource(self, kind: int, address: QUrl) -> Any:
        """Nothing: neither a file nor an address is ever opened."""
        return None

    def minimumSizeHint(self) -> QSize:
        """As wide as the panel makes it."""
        return QSize(1, self.height())

    def sizeHint(self) -> QSize:
        """As high as the text is at the present width."""
        return QSize(1, self.height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Break the lines anew."""
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        """The conversation scrolls, not the text in it."""
        if event is not None:
            event.ignore()

    def _fit(self, _size: Any = None) -> None:
        height = max(int(self.document().size().height() + 0.99), self.fontMetrics().height())
        if height != self.maximumHeight() or height != self.minimumHeight():
            self.setFixedHeight(height)


def _write(cursor: QTextCursor, block: Block) -> None:
    for run in block.runs:
        cursor.insertText(run.text, char_format(run))


def _link_format(number: int, link: Link) -> QTextCharFormat:
    shown = QTextCharFormat()
    shown.setAnchor(True)
    shown.setAnchorHref(f"{_SCHEME}{number}")
    shown.setForeground(QBrush(QColor(_PROBLEM_COLOUR if link.problem else _COLOUR)))
    # Told apart without colour too.
    styles = QTextCharFormat.UnderlineStyle
    shown.setUnderlineStyle(styles.DotLine if link.problem else styles.SingleUnderline)
    return shown
