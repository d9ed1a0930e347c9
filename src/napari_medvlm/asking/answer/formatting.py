"""A model's text as blocks to be shown: a small, strict part of Markdown, and nothing else.

Lines, headings, lists, tables, code, bold and italic are read. Links, images, HTML, addresses
and entities are not: they are text, shown as they were written. Nothing here is markup for
whoever shows it: blocks are plain values, and no letter or digit of the text is ever lost.

Text may grow: what is before its last lines is not looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from .inline import Run, styled

Kind = Literal["text", "heading", "item", "code", "cell", "rule", "gap"]

#: A line longer than this is shown in parts, broken after a sentence: laying out one paragraph
#: anew at every token must stay cheap however long it grows.
LONG = 1500
_DEEPEST = 4
_MOST_COLUMNS = 16
_MOST_ROWS = 200

_SENTENCE_END = re.compile(r"[.!?;:] ")
_FENCE = re.compile(r"[ \t]{0,3}(`{3,}|~{3,})([^`]*)$")
_ITEM = re.compile(r"([ \t]*)([-*+•]|\d{1,3}[.)])[ \t]+(?=\S)")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?=\S)")
_RULE = re.compile(r"[ \t]*(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
_DASHES = re.compile(r":?-+:?")
#: Characters that would end a line or stand for an object where they are shown, and halves of
#: characters: none of them can be seen anyway.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x85\u2028\u2029\ufdd0-\ufdef\ufffc\ud800-\udfff]")


@dataclass(frozen=True)
class Block:
    """One line as it is shown, or one cell of a table.

    Parameters
    ----------
    kind
        "gap" is the blank between paragraphs, "rule" a line across; both have no text.
    runs
        Its text, in stretches of one style.
    depth
        How far it is indented, from 0.
    row, column, columns
        Of a cell in its table, from 0, and how many columns that has.
    """

    kind: Kind
    runs: tuple[Run, ...] = ()
    depth: int = 0
    row: int = 0
    column: int = 0
    columns: int = 0

    @property
    def text(self) -> str:
        """Its words, without any mark."""
        return "".join(run.text for run in self.runs)

    @property
    def place(self) -> tuple[int, int]:
        """Row and column of a cell; (0, 0) begins a table."""
        return self.row, self.column


@dataclass(frozen=True)
class _State:
    """What a line means beside what stands in it.

    ``fence`` is what opened a block of code; ``item`` the depth of the list item that an
    indented line goes on with, -1 without one; ``inside`` whether the line goes on with one
    that was broken for its length.
    """

    fence: str = ""
    item: int = -1
    inside: bool = False


class Formatter:
    """A text that grows, as blocks."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._forget()

    def show(self, text: str) -> int:
        """Take the text as it is now.

        Parameters
        ----------
        text
            All of it; it costs little where it only grew.

        Returns
        -------
        same
            How many of the first blocks are as before; `blocks` has all of them.
        """
        if not text.startswith(self._settled_text):
            self._forget()
        same = self._settled
        del self.blocks[same:]
        self._read(text, len(self._settled_text))
        return same

    def _forget(self) -> None:
        # Text, blocks and state up to where more text can change nothing.
        self._settled_text = ""
        self._settled = 0
        self._settled_state = _State()

    def _read(self, text: str, offset: int) -> None:
        lines = text[offset:].split("\n")
        state = self._settled_state
        at, settled_at = 0, offset
        while at < len(lines):
            # A last line that is still being written may turn the one before it into the head
            # of a table, or go on with one.
            if at < len(lines) - 1 or state.inside or (at and "|" not in lines[at - 1]):
                self._settled, self._settled_state = len(self.blocks), state
                settled_at = offset
            rows = [] if state.fence or state.inside else _table(lines, at)
            if rows:
                offset += sum(len(line) + 1 for line in lines[at : at + len(rows) + 1])
                at += len(rows) + 1  # and the row of dashes below the head
                self.blocks += _cells(rows)
                state = _State()
                continue
            stop = _break(lines[at])
            if stop is None:
                offset += len(lines[at]) + 1
                state = self._line(lines[at], state)
                at += 1
            else:
                offset += stop
                state = replace(self._line(lines[at][:stop], state), inside=True)
                lines[at] = lines[at][stop:]
        self._settled_text = text[:settled_at]

    def _line(self, line: str, state: _State) -> _State:
        """Add what a line shows; returns the state of the next one."""
        line = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", line.removesuffix("\r"))
        if state.fence:
            if not state.inside and _closes(line, state.fence):
                return _State()
            self.blocks.append(Block("code", (Run(line, code=True),) if line else ()))
            return replace(state, inside=False)
        indented = line[:2].isspace() or line[:1] == "\t"
        if state.inside:
            self.blocks.append(Block("text", styled(line), max(state.item + 1, 0)))
        elif not line.strip():
            if self.blocks and self.blocks[-1].kind != "gap":
                self.blocks.append(Block("gap"))
            return replace(state, inside=False)  # an item may go on behind a blank line
        elif fence := _FENCE.match(line):
            # What stands behind the fence is mostly a language; it is text all the same.
            words = fence.group(2).strip()
            if words:
                self.blocks.append(Block("code", (Run(words, code=True),)))
            return _State(fence.group(1))
        elif _RULE.match(line):
            self.blocks.append(Block("rule"))
            return _State()
        elif heading := _HEADING.match(line):
            runs = tuple(replace(run, bold=True) for run in styled(line[heading.end() :]))
            self.blocks.append(Block("heading", runs))
            return _State()
        elif item := _ITEM.match(line):
            depth = min(len(item.group(1).expandtabs(4)) // 2, _DEEPEST)
            words = line[item.end() :]
            mark = Run(f"{_mark(item.group(2), words)} ")
            self.blocks.append(Block("item", (mark, *styled(words)), depth))
            return _State(item=depth)
        elif indented and state.item >= 0:
            self.blocks.append(Block("text", styled(line.strip()), state.item + 1))
        else:
            self.blocks.append(Block("text", styled(line.rstrip())))
            return _State()
        return _State(item=state.item)


def formatted(text: str) -> tuple[Block, ...]:
    """A whole text as blocks."""
    formatter = Formatter()
    formatter.show(text)
    return tuple(formatter.blocks)


def words_of(blocks: Sequence[Block]) -> str:
    """What is read on the screen: a line for each block, the cells of a row parted by tabs."""
    parts: list[str] = []
    for number, block in enumerate(blocks):
        if number:
            parts.append("\t" if block.kind == "cell" and block.column else "\n")
        parts.append(block.text)
    return "".join(parts)


@lru_cache(maxsize=64)
def shown_words(text: str) -> str:
    """The words that are read on the screen where this text is shown."""
    return words_of(formatted(text))


def _mark(written: str, words: str) -> str:
    # Numbers stay as written. So does a hyphen before a number, which may be a minus sign.
    if written[0].isdecimal() or (written == "-" and words[:1].isdecimal()):
        return written
    return "•"


def _closes(line: str, fence: str) -> bool:
    bare = line.strip()
    return len(bare) >= len(fence) and not bare.strip(fence[0])


def _break(line: str) -> int | None:
    """Where a line is broken for its length; decided by what stands before that place."""
    if len(line) <= LONG:
        return None
    end = _SENTENCE_END.search(line, LONG, 2 * LONG)
    if end is not None:
        return end.end() if end.end() < len(line) else None
    if len(line) <= 2 * LONG:
        return None
    return (line.rfind(" ", LONG, 2 * LONG) + 1) or 2 * LONG


def _table(lines: Sequence[str], at: int) -> list[str]:
    """The rows of the table that begins here, without that of dashes; none where none begins."""
    if at + 1 >= len(lines) or "|" not in lines[at] or "|" not in lines[at + 1]:
        return []
    below = _split(lines[at + 1])
    if len(below) > _MOST_COLUMNS or len(below) != len(_split(lines[at])):
        return []
    if not all(_DASHES.fullmatch(cell) for cell in below):
        return []
    stop = at + 2
    while stop < min(len(lines), at + _MOST_ROWS) and "|" in lines[stop]:
        stop += 1
    return [lines[at], *lines[at + 2 : stop]]


def _split(row: str) -> list[str]:
    bare = row.strip()
    return [cell.strip() for cell in bare.removeprefix("|").removesuffix("|").split("|")]


def _cells(rows: Sequence[str]) -> Iterator[Block]:
    split = [_split(_UNSEEN.sub("\N{REPLACEMENT CHARACTER}", row)) for row in rows]
    columns = min(max(len(cells) for cells in split), _MOST_COLUMNS)
    for row, cells in enumerate(split):
        # Cells beyond the last column are not lost.
        cells[columns - 1 :] = [" | ".join(cells[columns - 1 :])]
        for column in range(columns):
            runs = styled(cells[column]) if column < len(cells) else ()
            if row == 0:
                runs = tuple(replace(run, bold=True) for run in runs)
            yield Block("cell", runs, 0, row, column, columns)
