r"""The letters that an answer chooses from the options of a question.

An answer is read in the writings that models use: ``B``, ``(B)``, ``（B）``, ``B。``, ``**B**``,
``\text{B}``, ``B) no``, "The answer is B", the text of an option, lists of letters. What can be
read in two ways is not read at all: whoever shows the answer says so.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping

_MACRO = re.compile(r"\\(?:text|mathrm|textbf|mathbf|boxed)\s?\{([^{}]*)\}")
# Macros inside macros are unwrapped from the inside; more levels than these are no letter.
_MACRO_LEVELS = 4
_MARKED = re.compile(r"(?<![A-Za-z])([A-Z])[).:]|\(([A-Za-z])\)")
_WHOLE = re.compile(r"[(\[]?([A-Za-z])[)\].:]?[).:,;]?")
_LIST = re.compile(r"[A-Z](?:(?:\s*[,;/&+]\s*|\s+)(?:(?:and|or)\s+)?[A-Z])+")
#: A letter that its sentence calls the answer, an option or a choice. A lower-case one counts
#: where nothing but a mark follows it: "a" and "i" are words of any sentence.
_STOP = r"(?=\s*(?:$|[).,:;!?\]\n]))"
_GOES_ON = r"(?=\s*(?:$|[).,:;!?\]\n]|(?i:because|since|as|and|or)\b))"
_LETTER = rf"[(\[]?(?:([A-Z])\b[)\]]?{_GOES_ON}|([a-z])\b[)\]]?{_STOP})"
_NAMED = re.compile(
    r"\b(?i:answer|choice|option|selection)s?(?:\s+(?i:is|are|would\s+be|should\s+be))?\s*[:=]?\s*"
    rf"(?:(?i:option|choice|letter)\s+)?{_LETTER}"
    rf"|\b(?i:choose|chose|select|selected|pick|picked)\s+(?:(?i:option)\s+)?{_LETTER}"
    r"|\b(?i:option|choice)s?\s+[(\[]?([A-Z])\b"
    r"|^\W*([A-Z])\s+(?i:is)\s+(?:(?i:the)\s+)?(?i:correct|right|best)\b"
    r"|(?:答案|选择|故选|应选|选)\s*(?:是|为)?\s*[:]?\s*[(\[]?([A-Za-z])(?![A-Za-z])",
    re.MULTILINE,
)
_AND_MORE = re.compile(
    r"[)\]]?\s*(?:,|/|&|\b(?i:and|or)\b)\s*(?:(?i:and|or)\s+)?[(\[]?([A-Z])(?![A-Za-z'])"
)
_SENTENCE_END = re.compile(r"[.!?;\n](?=\s|$)|[!?;\n]")
#: Words that turn a sentence round: a letter near them may be the one that is not chosen.
_TURNED = re.compile(
    r"\b(?:not|neither|nor|never|cannot|except|excludes?d?|incorrect|wrong|unlikely|ruled?\s+out|"
    r"instead|rather)\b|n't\b|不是|不|错",
    re.IGNORECASE,
)
_LEADING = re.compile(
    r"[(\[]?([A-Za-z])(?:[)\].:]+\s+|\s{1,9}[-\u2013\u2014]\s+|\s{0,9}\n\s*)(\S.*)", re.DOTALL
)
_LETTER_AND_WORDS = re.compile(r"([A-Z])\s+(\S.*)", re.DOTALL)
_STOPS = str.maketrans({"。": ".", "、": ",", "「": "(", "」": ")", "【": "[", "】": "]"})
_EMPHASIS = re.compile(r"[*_`]{1,3}")
_QUOTES = "\"'“”‘’«»"
# Letters that are accepted where the options are not known; MedVLM-R1 was rewarded for A to J.
_USUAL = "ABCDEFGHIJ"
_LONGEST_LIST = 200
#: How far around a letter its sentence is looked at.
_SENTENCE = 200
#: An answer with more letters than these chooses nothing that more of them would change.
_MOST_LETTERS = 100


def chosen_letters(answer: str | None, choices: Mapping[str, str]) -> tuple[str, ...]:
    """Read which options an answer names.

    Parameters
    ----------
    answer
        The final answer, or None.
    choices
        Option texts by capital letter. Where empty, only an answer that is nothing but a
        letter counts.

    Returns
    -------
    letters
        Capital letters of existing options, in the order of the text, without repeats. Several
        mean that the answer chooses several, or says one letter with the words of another.

    Notes
    -----
    A capital letter followed by a blank is a word ("A mass is visible"), never a choice, unless
    the sentence calls it one.
    """
    if answer is None:
        return ()
    text = plain_writing(answer)
    whole = _WHOLE.fullmatch(text)
    if whole:
        letter = whole.group(1).upper()
        return (letter,) if letter in (choices or _USUAL) else ()
    if not choices:
        return ()
    same = _same_as(text, choices)
    if same:
        return same
    if len(text) <= _LONGEST_LIST and _LIST.fullmatch(text):
        found = re.findall(r"\b[A-Z]\b", text)
    elif (said := _LETTER_AND_WORDS.fullmatch(text)) and said.group(1) in _same_as(
        said.group(2), choices
    ):
        found = [said.group(1)]
    elif (leading := _LEADING.fullmatch(text)) and leading.group(1).upper() in choices:
        found = _led_by(leading.group(1), leading.group(2), choices)
    else:
        found = _marked(text, _MARKED) or _marked(text, _NAMED)
    return tuple(dict.fromkeys(letter for letter in found if letter in choices))


def mentions_option(answer: str, choices: Mapping[str, str]) -> bool:
    """Whether an answer holds a letter of an option, or its words, anywhere.

    Parameters
    ----------
    answer, choices
        As in `chosen_letters`.
    """
    text = plain_writing(answer)
    alone = {letter.upper() for letter in re.findall(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])", text)}
    folded = text.casefold()
    return bool(alone & set(choices)) or any(
        _plain(option) and _plain(option) in folded for option in choices.values()
    )


def plain_writing(text: str) -> str:
    r"""A text without macros, emphasis and quotes around it, wide marks as plain ones."""
    plain = unicodedata.normalize("NFKC", unwrap_macros(text)).translate(_STOPS)
    return _EMPHASIS.sub("", plain).strip().strip(_QUOTES).strip()


def unwrap_macros(text: str) -> str:
    r"""Replace ``\text{B}`` and its relatives by ``B``."""
    for _ in range(_MACRO_LEVELS):
        unwrapped = _MACRO.sub(r"\1", text)
        if unwrapped == text:
            break
        text = unwrapped
    return text


def _marked(text: str, pattern: re.Pattern[str]) -> list[str]:
    """Letters that a pattern finds; none where a sentence may mean the contrary of one."""
    found: list[str] = []
    for match in itertools.islice(pattern.finditer(text), _MOST_LETTERS):
        if _is_turned(text, match):
            return []
        found.append(next(group for group in match.groups() if group).upper())
        at = match.end()
        while more := _AND_MORE.match(text, at):
            found.append(more.group(1))
            at = more.end()
    return found


def _is_turned(text: str, match: re.Match[str]) -> bool:
    """Whether the sentence around a letter holds a "not" or the like."""
    first = max(match.start() - _SENTENCE, 0)
    ends = [end.end() for end in _SENTENCE_END.finditer(text, first, match.start())]
    start = ends[-1] if ends else first
    stop = match.end()
    if not match.group().endswith("."):
        end = _SENTENCE_END.search(text, stop, stop + _SENTENCE)
        stop = end.start() if end else stop + _SENTENCE
    return _TURNED.search(text, start, stop) is not None


def _led_by(letter: str, rest: str, choices: Mapping[str, str]) -> list[str]:
    """Letters of "B) no": its own, and that of another option whose words follow it."""
    others = _same_as(rest.strip(), choices)
    more = [a or b.upper() for a, b in _MARKED.findall(rest)]
    if _TURNED.search(rest) and not others:
        # "B) is wrong, C) is right" and the like; the words of an option may hold a "no" or "not".
        own = _plain(choices[letter.upper()])
        return [letter.upper(), *more] if own and _plain(rest).startswith(own) else []
    return [letter.upper(), *others, *more]


def _same_as(text: str, choices: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(letter for letter, option in choices.items() if _plain(option) == _plain(text))


def _plain(text: str) -> str:
    return text.strip().removesuffix(".").rstrip().casefold()
