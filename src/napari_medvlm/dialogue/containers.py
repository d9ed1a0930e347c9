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
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .braces import Boxed, find_boxed, peel
from .context import ParseContext

# ASCII: with Unicode folding the Kelvin sign would pass for the k of think.
_TAG = re.compile(r"<(/?)(think|answer)>", re.IGNORECASE | re.ASCII)
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
    """

    reasoning: str | None = None
    answer: str | None = None
    complete: bool = False
    partial_answer: str | None = None
    finals: tuple[str, ...] = ()


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
        finals = tuple(inner.strip() for _, inner in answers)
        before = None if thought.closed else thought.body[: answers[0][0]]
        reasoning = _joined(thought.reasoning, before)
        return Parts(reasoning, finals[-1] or None, True, None, finals)
    boxed = find_boxed(thought.body)
    closed = [item for item in boxed if item.closed]
    if closed:
        finals = tuple(peel(item.inner) for item in closed)
        reasoning = _joined(thought.reasoning, _before_box(thought.body, closed[-1]))
        return Parts(reasoning, finals[-1] or None, True, None, finals)
    if open_answer is not None:
        start, inner = open_answer
        before = None if thought.closed else thought.body[:start]
        return _unclosed(_joined(thought.reasoning, before), inner.strip(), context)
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


def _find_answers(body: str) -> tuple[list[tuple[int, str]], tuple[int, str] | None]:
    """Complete answer containers as (start, inner), and the last open one."""
    complete: list[tuple[int, str]] = []
    opening: re.Match[str] | None = None
    for tag in _TAG.finditer(body):
        if tag.group(2).lower() != "answer":
            continue
        if not tag.group(1):
            opening = tag
        elif opening is not None:
            complete.append((opening.start(), body[opening.end() : tag.start()]))
            opening = None
    if opening is None:
        return complete, None
    return complete, (opening.start(), body[opening.end() :])


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
