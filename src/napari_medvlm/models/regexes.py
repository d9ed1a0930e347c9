"""Whether a regular expression of a tokenizer can take for ever. No engine is run for it.

Tokenizers cut text by regular expressions of an engine that goes back and tries again (Oniguruma).
A repetition inside a repetition lets it try exponentially many ways, and several in a row
polynomially many. Published patterns (GPT-2's and all that came of it) have neither, so those
that do are refused.
"""

from __future__ import annotations

import re

#: Longer ones are generated lists of words, which nobody publishes here.
MOST_CHARACTERS = 5000
#: Open repetitions in one alternative: two in a row cost the square of a text's length.
MOST_IN_A_ROW = 3
#: A repetition with a bound up to this many is as good as written out.
_FEW = 8

_TOKEN = re.compile(
    r"\\(?:[pPxuh]\{[^}]*\}|[kg](?:<[^>]*>|'[^']*')|.)"  # an escape, a property, a reference
    r"|\[\^?\]?(?:\\.|\[:\w+:\]|\[(?:\\.|[^\]\\])*\]|[^\]\\])*\]"  # a class of characters
    r"|\((?:\?(?:<?[=!]|<\w+>|[a-zA-Z-]*:|[a-zA-Z-]+\)|>|#[^)]*\)))?"  # a group begins
    r"|\)|\||[*+?][?+]?|\{\d*,?\d*\}[?+]?|.",
    re.DOTALL,
)
_REFERENCE = re.compile(r"\\(?:[1-9]|[kg][<'])")


def why_slow(pattern: str) -> str | None:
    """Say in a few words why a pattern can take for ever; None where it cannot."""
    if len(pattern) > MOST_CHARACTERS:
        return f"more than {MOST_CHARACTERS:,} characters"
    # For each open group: open repetitions of the alternative so far, the most of any before,
    # and whether it can match in more than one way (alternatives, optional parts).
    stack: list[list[int]] = [[0, 0, 0]]
    inside = 0  # ways of what the next repetition would repeat
    for token in _TOKEN.findall(pattern):
        if _REFERENCE.match(token):
            return "it refers back to what it matched"
        top = stack[-1]
        if token.startswith("(") and not token.endswith(")"):
            stack.append([0, 0, 0])
        elif token == ")" and len(stack) > 1:
            now, most, loose = stack.pop()
            stack[-1][0] += max(now, most)
            inside = max(now, most, loose)
            stack[-1][2] |= loose
        elif token == "|":
            stack[-1] = [0, max(top[:2]), 1]
            inside = 0
        elif token[0] == "?":
            top[2] = 1
        elif repeats := _repeats(token):
            if inside:
                return "a repetition of what can match in several ways"
            top[0] += repeats > _FEW
            top[2] |= repeats > _FEW
        else:
            inside = 0
        if max(stack[-1][:2]) > MOST_IN_A_ROW:
            return "many repetitions in a row"
    return None


def _repeats(token: str) -> int:
    """How often at most a token repeats what stands before it; 0 where it is no repetition."""
    if token[0] in "*+":
        return 1 << 30
    if token[0] == "{" and len(token) > 1:
        numbers = [int(n) for n in re.findall(r"\d{1,9}", token)]
        return 1 << 30 if token.rstrip("?+").endswith(",}") else max(numbers, default=0)
    return 0
