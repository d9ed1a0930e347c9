r"""Reasoning and final answer of a model's text: ``<think>``, ``<answer>`` and ``\boxed``.

The rules, in the order in which they are applied:

1. Text up to ``</think>`` is reasoning, also where the opening tag stood in the prompt. A
   think block that is never closed ends at the first ``<answer>`` after it. Tags are read in
   any letter case.
2. ``<answer>...</answer>`` outside of closed think blocks is the final container, else
   ``\boxed{...}``. The last complete one wins. (The authors of MedVLM-R1 and CheXOne score
   the first; the two differ only where ``conflict`` is reported.)
3. An open container counts only where no complete one exists: after an end token its text is
   the answer, after a cut it is the partial answer.
4. Without a container the text is the answer; in reasoning mode, cut, it is reasoning.
5. Whatever else holds words (between the reasoning and the container, between two containers,
   behind the last one) is ``outside``: nothing that a model wrote is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .braces import Boxed, find_boxed, peel
from .context import ParseContext

# ASCII: with Unicode folding the Kelvin sign would pass for the k of think.
_TAG = re.compile(r"<(/?)(think|answer)>", re.IGNORECASE | re.ASCII)
_FENCE = re.compile(r"```[A-Za-z]{0,12}|</?s>")
_WORD = re.compile(r"\w")
_HEADER = re.compile(r"[#*_ \t]*(?:the[ \t]+)?final[ \t]+answer[#*_:. \t]*", re.IGNORECASE)


@dataclass(frozen=True)
class Parts:
    """A text taken apart; every string is trimmed and otherwise verbatim.

    Parameters
    ----------
    reasoning, answer
        None where there is none.
    complete
        The final container was closed, or plain text ended with an end token.
    partial_answer
        What a cut left of a container or of a plain answer.
    finals
        Texts of all complete containers of the kind that was used, in order.
    outside
        Words that are neither reasoning nor answer; None where there are none.
    """

    reasoning: str | None = None
    answer: str | None = None
    complete: bool = False
    partial_answer: str | None = None
    finals: tuple[str, ...] = ()
    outside: str | None = None


@dataclass(frozen=True)
class _Thought:
    reasoning: str | None
    body: str
    closed: bool
    still_open: bool


def split_containers(text: str, context: ParseContext) -> Parts:
    """Take a model's text apart.

    Parameters
    ----------
    text
        As decoded.
    context
        ``mode``, ``finish_reason`` and ``prompt_ends_with_think`` are used.

    Returns
    -------
    parts
    """
    thought = _split_think(text, context.prompt_ends_with_think)
    answers, open_answer = _find_answers(thought.body)
    if answers:
        finals = tuple(answer.inner.strip() for answer in answers)
        first = answers[0].start
        before = None if thought.closed else thought.body[:first]
        reasoning = _joined(thought.reasoning, before)
        between = _between(thought.body, answers, 0 if thought.closed else first)
        return Parts(reasoning, finals[-1] or None, True, None, finals, _outside(between))
    boxed = find_boxed(thought.body)
    closed = [item for item in boxed if item.closed]
    if closed:
        finals = tuple(peel(item.inner) for item in closed)
        reasoning = _joined(thought.reasoning, _before_box(thought.body, closed[-1]))
        behind = thought.body[closed[-1].stop :]
        return Parts(reasoning, finals[-1] or None, True, None, finals, _outside([behind]))
    if open_answer is not None:
        before = thought.body[: open_answer.start]
        lost = _outside([before]) if thought.closed else None
        reasoning = _joined(thought.reasoning, None if thought.closed else before)
        return replace(_unclosed(reasoning, open_answer.inner.strip(), context), outside=lost)
    if boxed:
        reasoning = _joined(thought.reasoning, _before_box(thought.body, boxed[0]))
        return _unclosed(reasoning, peel(boxed[0].inner), context)
    return _plain(thought, context)


def _unclosed(reasoning: str | None, inner: str, context: ParseContext) -> Parts:
    if context.finish_reason == "stop":
        return Parts(reasoning, answer=inner or None)
    return Parts(reasoning, partial_answer=inner or None)


def _plain(thought: _Thought, context: ParseContext) -> Parts:
    if thought.still_open:
        return Parts(_joined(thought.reasoning, thought.body))
    body = thought.body.strip() or None
    if context.finish_reason == "stop":
        return Parts(thought.reasoning, body, complete=body is not None)
    if context.mode == "reasoning" and not thought.closed:
        return Parts(_joined(thought.reasoning, body))
    return Parts(thought.reasoning, partial_answer=body)


def _split_think(text: str, opened_by_prompt: bool) -> _Thought:
    """Cut the think blocks out of a text; ``body`` is what remains."""
    tags = [m for m in _TAG.finditer(text) if m.group(2).lower() == "think"]
    closing = [m.start() for m in tags if m.group(1)]
    first_is_closing = bool(tags) and bool(tags[0].group(1))
    inside: int | None = 0 if opened_by_prompt or first_is_closing else None
    reasoning: list[str] = []
    body: list[str] = []
    done = 0
    for tag in tags:
        if tag.group(1):
            if inside is not None:
                reasoning.append(text[inside : tag.start()])
                inside = None
            else:
                body.append(text[done : tag.start()])
        elif inside is None:
            body.append(text[done : tag.start()])
            inside = tag.end()
        else:
            # A second opening tag inside a block: only the tag itself is dropped.
            reasoning.append(text[inside : tag.start()])
            inside = tag.end()
        done = tag.end()
    still_open = inside is not None
    if inside is not None:
        answer = _first_answer(text, inside)
        if answer is not None:
            reasoning.append(text[inside:answer])
            inside, still_open = answer, False
        body.append(text[inside:])
    else:
        body.append(text[done:])
    lead = body[0] if len(body) > 1 and not _TAG.search(body[0]) else ""
    if lead.strip() and not find_boxed(lead):
        # Words before the opening tag belong to the reasoning: all up to the closing tag does.
        reasoning.insert(0, lead)
        body[0] = ""
    return _Thought(_joined(*reasoning), "".join(body), bool(closing), still_open)


def _first_answer(text: str, start: int) -> int | None:
    for tag in _TAG.finditer(text, start):
        if tag.group(2).lower() == "answer" and not tag.group(1):
            return tag.start()
    return None


@dataclass(frozen=True)
class _Answer:
    """An answer container: where its tags begin and end, and what stands between them."""

    start: int
    stop: int
    inner: str


def _find_answers(body: str) -> tuple[list[_Answer], _Answer | None]:
    """Complete answer containers, and the last open one."""
    complete: list[_Answer] = []
    opening: re.Match[str] | None = None
    for tag in _TAG.finditer(body):
        if tag.group(2).lower() != "answer":
            continue
        if not tag.group(1):
            opening = tag
        elif opening is not None:
            inner = body[opening.end() : tag.start()]
            complete.append(_Answer(opening.start(), tag.end(), inner))
            opening = None
    if opening is None:
        return complete, None
    return complete, _Answer(opening.start(), len(body), body[opening.end() :])


def _between(body: str, answers: Sequence[_Answer], start: int) -> list[str]:
    """What stands around complete containers, from ``start`` on."""
    starts = [start, *(answer.stop for answer in answers)]
    stops = [*(answer.start for answer in answers), len(body)]
    return [body[a:b] for a, b in zip(starts, stops, strict=True)]


def _outside(pieces: Iterable[str]) -> str | None:
    """Pieces that hold words; tags, fences, delimiters and a lone header are none."""
    kept = []
    for piece in pieces:
        bare = _FENCE.sub("", _TAG.sub("", piece))
        if _WORD.search(_HEADER.sub("", bare) if _HEADER.fullmatch(bare.strip()) else bare):
            kept.append(_TAG.sub("", piece))
    return _joined(*kept)


def _before_box(body: str, boxed: Boxed) -> str:
    """Text before a box, without the mathematics delimiters and header that lead to it."""
    before = _without_delimiters(_TAG.sub("", body[: boxed.start]))
    line = before.rfind("\n") + 1
    if _HEADER.fullmatch(before, line):
        before = _without_delimiters(before[:line])
    return before


def _without_delimiters(text: str) -> str:
    stop = len(text)
    while stop:
        if text[stop - 1].isspace() or text[stop - 1] == "$":
            stop -= 1
        elif text.endswith((r"\[", r"\("), 0, stop):
            stop -= 2
        else:
            break
    return text[:stop]


def _joined(*texts: str | None) -> str | None:
    """Trimmed texts with a blank line between them; None where nothing is left."""
    kept = [text.strip() for text in texts if text is not None]
    return "\n\n".join(text for text in kept if text) or None
