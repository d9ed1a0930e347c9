"""A model's words with links of ours in them; everything else in them stays data."""

from __future__ import annotations

import html
from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QToolTip, QWidget

from ..asking.linking import Link, pieces
from .plain import PlainLabel, plain_tip

#: The only addresses there are: a number into the label's own list of links.
_SCHEME = "medvlm-link:"
#: Readable on the dark theme and on the light one.
_COLOUR = "#3f8fdb"
_PROBLEM_COLOUR = "#b8860b"


class LinkedLabel(PlainLabel):
    """Plain text in which some places can be followed, by mouse or by Tab and Enter.

    `text` is always the plain words. What the model wrote is escaped, whatever it looks like:
    no tag, image or address of its own is ever taken for one.
    """

    #: Number of a link that leads somewhere and was clicked.
    followed = Signal(int)
    #: Number of the link that is pointed at; -1 when none is any more.
    pointed = Signal(int)

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        self._words = ""
        self._own_tip = ""
        self._tips: tuple[str, ...] = ()
        self.links: tuple[Link, ...] = ()
        super().__init__(text, parent)
        self.setOpenExternalLinks(False)
        self.setTextInteractionFlags(
            self.textInteractionFlags()
            | Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.linkActivated.connect(self._on_activated)
        self.linkHovered.connect(self._on_hovered)

    def text(self) -> str:
        """The words, without any markup."""
        return self._words

    def setText(self, text: str | None) -> None:
        """Show words without links."""
        self._words, self.links, self._tips = text or "", (), ()
        self.setTextFormat(Qt.TextFormat.PlainText)
        super().setText(self._words)

    def setToolTip(self, tip: str | None) -> None:
        """The tip that is shown where no link is pointed at."""
        self._own_tip = tip or ""
        super().setToolTip(self._own_tip)

    def show_links(self, links: Sequence[Link], tips: Sequence[str]) -> None:
        """Make places of the present text links.

        Parameters
        ----------
        links
            Of `asking.linking.find_links` for this very text.
        tips
            What each leads to, or why it does not, as plain words.
        """
        if tuple(links) == self.links:
            return
        self.links, self._tips = tuple(links), tuple(tips)
        self.setTextFormat(Qt.TextFormat.RichText)
        super().setText(self._markup())

    def select(self, start: int, stop: int) -> None:
        """Select characters [start, stop) of the words; an empty stretch selects nothing."""
        # Question marks of ours stand between the words on the screen.
        marks = [link.stop for link in self.links if link.problem]
        shift = sum(mark <= start for mark in marks)
        inside = sum(start < mark < stop for mark in marks)
        self.setSelection(start + shift, stop - start + inside)

    def _markup(self) -> str:
        out = []
        for words, number in pieces(self._words, self.links):
            escaped = html.escape(words)
            if number is None:
                out.append(escaped)
            elif self.links[number].problem:
                # QLabel knows no dotted lines: a small question mark says that it is unsure.
                style = f"color: {_PROBLEM_COLOUR}; text-decoration: none"
                out.append(f'<a href="{_SCHEME}{number}" style="{style}">{escaped}<sup>?</sup></a>')
            else:
                out.append(f'<a href="{_SCHEME}{number}" style="color: {_COLOUR}">{escaped}</a>')
        # Line breaks and runs of spaces are the model's and are kept.
        return f'<p style="white-space: pre-wrap; margin: 0">{"".join(out)}</p>'

    def _number(self, address: str) -> int:
        digits = address.removeprefix(_SCHEME)
        ours = address.startswith(_SCHEME) and digits.isdecimal() and int(digits) < len(self.links)
        return int(digits) if ours else -1

    def _on_activated(self, address: str) -> None:
        number = self._number(address)
        if number < 0:
            return
        if self.links[number].problem:
            below = self.mapToGlobal(self.rect().bottomLeft())
            QToolTip.showText(below, plain_tip(self._tips[number]), self)
        else:
            self.followed.emit(number)

    def _on_hovered(self, address: str) -> None:
        number = self._number(address)
        tip = self._own_tip if number < 0 else plain_tip(self._tips[number])
        super().setToolTip(tip)
        self.pointed.emit(number)
