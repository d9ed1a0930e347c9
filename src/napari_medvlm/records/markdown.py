"""A conversation as Markdown: what people and models wrote stays text, whatever it holds."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

from ..dialogue import Question
from .captions import (
    NOT_FOR_DIAGNOSIS,
    box_caption,
    clean,
    facts,
    frame_caption,
    outcome,
    region_caption,
)
from .kept import Kept
from .png import to_png

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def markdown(title: str, exchanges: Sequence[Kept]) -> str:
    """Write a conversation as Markdown with its frames inside, as PNG in data URIs.

    Parameters
    ----------
    title
        The heading.
    exchanges
        Its questions, in order.

    Returns
    -------
    text
        CommonMark. Questions, reasoning, answers and labels are in code fences that they cannot
        close, so that nothing in them becomes a link, an image or HTML.

    Raises
    ------
    RecordError
        If a frame is missing.
    """
    parts = [f"# {escaped(title)}", NOT_FOR_DIAGNOSIS]
    for number, kept in enumerate(exchanges, start=1):
        parts += _exchange(number, kept)
    return "\n\n".join(part for part in parts if part) + "\n"


def fenced(text: str) -> str:
    """A code fence around a text that holds no fence as long (CommonMark 0.31, 4.5)."""
    inside = clean(text).strip("\n")
    longest = max((len(run) for run in re.findall(r"`+", inside)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{inside}\n{fence}"


def escaped(text: str) -> str:
    """One line without any markup: all ASCII punctuation escaped (CommonMark 0.31, 2.4)."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(clean(text).split()))


def _exchange(number: int, kept: Kept) -> list[str]:
    question, state = kept.question, kept.progress
    parts = [f"## Question {number}", escaped(facts(kept))]
    parts.append(fenced(question.text or question.task))
    parts += _frames(question)
    regions = [region_caption(r.label, r.frame, r.box) for r in question.regions]
    parts += _listed("Regions drawn by the user", regions)
    if state.reasoning.strip():
        parts += ["### Reasoning", fenced(state.reasoning)]
    if state.answer.strip():
        parts += ["### Answer", fenced(state.answer)]
    boxes = () if state.reply is None else state.reply.boxes
    parts += _listed("Boxes of the answer", [box_caption(box) for box in boxes])
    return [*parts, escaped(outcome(kept))]


def _listed(heading: str, lines: Sequence[str]) -> list[str]:
    return [f"### {heading}", fenced("\n".join(lines))] if lines else []


def _frames(question: Question) -> list[str]:
    parts = []
    for number, frame in enumerate(question.frames):
        png = base64.b64encode(to_png(frame.pixels)).decode()
        caption = escaped(frame_caption(number, frame))
        parts.append(f"![{caption}](data:image/png;base64,{png})\n\n{caption}")
    return parts
