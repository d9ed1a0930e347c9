"""Text of others made safe to show: on a terminal, in a title, in a widget.

File names, header fields and what a model writes can hold characters that a reader never sees
but a terminal or a text layout obeys: escape sequences that rewrite the screen or its title,
overrides of the direction of writing that make ``gpj.exe`` read as ``exe.jpg``, characters of no
width that make two names look like one. Each is shown as a mark instead of being obeyed.
"""

from __future__ import annotations

import re

#: Stands for a character that has no picture of its own.
MARK = "\N{REPLACEMENT CHARACTER}"

#: Unicode's invisible letters and marks, which are no format characters by category: the
#: grapheme joiner, Hangul fillers, Khmer's inherent vowels, Mongolian and general variation
#: selectors. U+FE0E and U+FE0F stay: they only choose between text and emoji style.
_BLANK = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\uffa0"
    "\ufe00-\ufe0d\U000e0100-\U000e01ef"
)

#: Format characters (Cf) that act without being seen: soft hyphen, zero width, bidirectional
#: controls (U+061C, U+200E-200F, U+202A-202E, U+2066-2069), interlinear and musical controls, tags.
#: The category's other members, Arabic and Kaithi signs that stand before numbers, are seen.
_FORMAT = (
    "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)

#: Controls C0, DEL and C1, separators of lines and paragraphs, halves of surrogate pairs (as
#: they come from file names that are no UTF-8).
_CONTROL = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"

_UNSAFE = re.compile(f"[{_CONTROL}{_FORMAT}{_BLANK}]")
_LINE_END = re.compile("\r\n|[\r\x85\u2028\u2029]")


def visible(text: str, *, newlines: bool = False) -> str:
    r"""Text whose every character is seen, and none is obeyed.

    Parameters
    ----------
    text
        From a file, its name, or a model.
    newlines
        Keep line ends (all as ``\n``) and tabs, for text of several lines. Otherwise the result
        is one line: a tab is a space and a line end a mark.

    Returns
    -------
    text
        With C0 controls and DEL as their pictures (``␛``, ``␊``, ``␡``) and all other controls,
        bidirectional, zero-width, tag and further invisible characters as ``�``; always
        encodable as UTF-8. What holds none of them comes back unchanged.
    """
    if newlines:
        text = _LINE_END.sub("\n", text)
    return _UNSAFE.sub(lambda found: _picture(found[0], newlines), text)


def _picture(character: str, newlines: bool) -> str:
    if character in "\n\t" and newlines:
        return character
    if character == "\t":
        return " "
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else MARK
