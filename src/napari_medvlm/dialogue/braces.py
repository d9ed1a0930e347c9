r"""Braces of LaTeX-like text: ``\boxed{...}`` found by depth, in one pass over the text.

An escaped brace (``\{``, ``\}``) does not count for the depth. Every function is linear in
the length of the text, because that text comes from a model and may be anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# The doubled backslash appears where a model writes its answer as if inside a JSON string.
_BRACE = re.compile(r"\\{1,2}boxed[ \t]*\{|\\.|[{}]", re.DOTALL)
_WHOLE_BOXED = re.compile(r"\\{1,2}boxed[ \t]*(?=\{)")


@dataclass(frozen=True)
class Boxed:
    r"""One ``\boxed{``: where its macro starts, its inner text, and whether it was closed."""

    start: int
    stop: int
    inner: str
    closed: bool


def find_boxed(text: str) -> list[Boxed]:
    r"""Find the outermost ``\boxed{...}`` of a text, and the first one left open.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    boxed
        In order of their start. Closed ones inside another closed one are left out; of those
        never closed only the first is given.
    """
    if r"\boxed" not in text:
        return []  # most texts, and they are looked at again at every token
    stack: list[tuple[int, int, bool]] = []
    closed: list[Boxed] = []
    for match in _BRACE.finditer(text):
        token = match.group()
        if token.endswith("{") and token != r"\{":
            stack.append((match.start(), match.end(), token != "{"))
        elif token == "}" and stack:
            start, inner, is_boxed = stack.pop()
            if is_boxed:
                while closed and closed[-1].start > start:
                    closed.pop()
                closed.append(Boxed(start, match.end(), text[inner : match.start()], True))
    for start, inner, is_boxed in stack:
        if is_boxed:
            closed.append(Boxed(start, len(text), text[inner:], False))
            break
    return sorted(closed, key=lambda boxed: boxed.start)


def _matching(text: str) -> dict[int, int]:
    """Index of the closing brace of each opening one."""
    pairs: dict[int, int] = {}
    stack: list[int] = []
    for match in _BRACE.finditer(text):
        token = match.group()
        if token.endswith("{") and token != r"\{":
            stack.append(match.end() - 1)
        elif token == "}" and stack:
            pairs[stack.pop()] = match.start()
    return pairs


def peel(text: str) -> str:
    r"""Remove braces that wrap the whole text: ``{{B}}`` and ``{B}`` become ``B``.

    A macro ``\boxed`` around the whole is peeled as well. An opening brace at the start that
    nothing closes (the text was cut) goes too.

    Parameters
    ----------
    text
        Inner text of a container.

    Returns
    -------
    peeled
        Trimmed.
    """
    pairs = _matching(text)
    first, last = _trim(text, 0, len(text))
    while first < last:
        macro = _WHOLE_BOXED.match(text, first, last)
        brace = macro.end() if macro else first
        if text[brace] != "{":
            break
        if brace not in pairs:
            first, last = _trim(text, brace + 1, last)
        elif pairs[brace] == last - 1:
            first, last = _trim(text, brace + 1, last - 1)
        else:
            break
    return text[first:last]


def _trim(text: str, first: int, last: int) -> tuple[int, int]:
    while first < last and text[first].isspace():
        first += 1
    while first < last and text[last - 1].isspace():
        last -= 1
    return first, last
