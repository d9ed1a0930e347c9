"""How each kind of block and run looks; native fonts and the theme's own colours."""

from __future__ import annotations

from functools import lru_cache

from qtpy.QtGui import (
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextFormat,
    QTextLength,
    QTextTableFormat,
)

from ...asking.answer.formatting import Block
from ...asking.answer.inline import Run

#: Pixels.
_STEP = 14
#: Per cent of a line.
_GAP = 55


def block_format(block: Block | None) -> QTextBlockFormat:
    """Indents, and the blank between paragraphs; None is the empty block around tables."""
    shown = QTextBlockFormat()
    if block is None:
        return shown
    if block.kind == "item":
        # The lines of an item stand below its first word.
        shown.setLeftMargin(_STEP * (block.depth + 1))
        shown.setTextIndent(-_STEP)
    elif block.depth:
        shown.setLeftMargin(_STEP * block.depth)
    elif block.kind == "code":
        shown.setLeftMargin(_STEP)
    if block.kind == "gap":
        proportional = QTextBlockFormat.LineHeightTypes.ProportionalHeight
        shown.setLineHeight(_GAP, int(proportional.value))
    if block.kind == "rule":
        whole = QTextLength(QTextLength.Type.PercentageLength, 100)
        shown.setProperty(int(QTextFormat.Property.BlockTrailingHorizontalRulerWidth.value), whole)
    return shown


def char_format(run: Run) -> QTextCharFormat:
    """Bold, italic, or of one width as code is."""
    return _char_format(run.bold, run.italic, run.code)


@lru_cache(maxsize=8)
def _char_format(bold: bool, italic: bool, code: bool) -> QTextCharFormat:
    shown = QTextCharFormat()
    if bold:
        shown.setFontWeight(QFont.Weight.Bold)
    if italic:
        shown.setFontItalic(True)
    if code:
        shown.setFontFamilies(["monospace"])
        shown.setFontFixedPitch(True)
    return shown


def table_format() -> QTextTableFormat:
    """Thin lines around the cells."""
    shown = QTextTableFormat()
    shown.setBorder(1)
    shown.setBorderCollapse(True)
    shown.setCellPadding(3)
    shown.setTopMargin(3)
    shown.setBottomMargin(3)
    return shown
