"""A conversation as one HTML file that loads nothing and runs nothing."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from ..dialogue import Question, Reply
from ..imaging import BoxXYXY, Frame
from .captions import (
    NOT_FOR_DIAGNOSIS,
    box_caption,
    clean,
    facts,
    frame_caption,
    one_line,
    outcome,
    region_caption,
)
from .kept import Kept
from .png import to_png

#: Should markup ever come through, the browser still loads and runs nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff; }
.said { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
.question { font-weight: 600; }
.reasoning { color: #555; border-left: 3px solid #ccc; padding-left: 1rem; }
.facts, .outcome, figcaption { color: #666; font-size: 0.85rem; }
.strip { display: flex; flex-wrap: wrap; gap: 1rem; }
figure { margin: 0; width: 18rem; }
svg { width: 100%; height: auto; display: block; background: #000; }
rect { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
rect.box { stroke: #e69f00; }
rect.region { stroke: #56b4e9; stroke-dasharray: 6 4; }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #1b1b1b; }
  .reasoning, .facts, .outcome, figcaption { color: #999; }
}
"""


def html(title: str, exchanges: Sequence[Kept]) -> str:
    """Write a conversation as one HTML file with its frames inside, boxes drawn over them.

    Parameters
    ----------
    title
        The heading.
    exchanges
        Its questions, in order.

    Returns
    -------
    text
        HTML 5. All that people and models wrote is escaped, and a content security policy
        forbids scripts and whatever would be loaded from elsewhere.

    Raises
    ------
    RecordError
        If a frame is missing.
    """
    heading = escape(one_line(title))
    body = [_exchange(number, kept) for number, kept in enumerate(exchanges, start=1)]
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{heading}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{heading}</h1><p>{NOT_FOR_DIAGNOSIS}</p>",
            *body,
            "</body></html>\n",
        ]
    )


def _exchange(number: int, kept: Kept) -> str:
    question, state = kept.question, kept.progress
    parts = [f"<section><h2>Question {number}</h2>", _said("facts", facts(kept))]
    parts += [_said("question", question.text or question.task), _strip(question, state.reply)]
    if question.regions:
        lines = [region_caption(r.label, r.frame, r.box) for r in question.regions]
        parts += ["<h3>Regions drawn by the user</h3>", _said("", "\n".join(lines))]
    if state.reasoning.strip():
        parts += ["<h3>Reasoning</h3>", _said("reasoning", state.reasoning.strip())]
    if state.answer.strip():
        parts += ["<h3>Answer</h3>", _said("answer", state.answer.strip())]
    if state.reply is not None and state.reply.boxes:
        lines = [box_caption(box) for box in state.reply.boxes]
        parts += ["<h3>Boxes of the answer</h3>", _said("", "\n".join(lines))]
    if outcome(kept):
        parts.append(_said("outcome", outcome(kept)))
    return "\n".join([*parts, "</section>"])


def _said(kind: str, text: str) -> str:
    # dir=auto and isolation: text that runs from right to left turns nothing else around.
    return f'<div class="{f"said {kind}".strip()}" dir="auto">{escape(clean(text))}</div>'


def _strip(question: Question, reply: Reply | None) -> str:
    figures = []
    for number, frame in enumerate(question.frames):
        shapes = [_rect("region", r.box, r.label) for r in question.regions if r.frame == number]
        boxes = () if reply is None else reply.boxes
        shapes += [_rect("box", b.box, b.label or "box") for b in boxes if b.frame == number]
        figures.append(_figure(number, frame, shapes))
    return f'<div class="strip">{"".join(figures)}</div>' if figures else ""


def _figure(number: int, frame: Frame, shapes: Sequence[str]) -> str:
    width, height = frame.size_wh
    png = base64.b64encode(to_png(frame.pixels)).decode()
    caption = escape(frame_caption(number, frame))
    # The frame's own pixel-edge coordinates are the picture's: boxes are drawn as they are.
    return (
        f'<figure><svg viewBox="0 0 {width} {height}" role="img" aria-label="{caption}">'
        f'<image width="{width}" height="{height}" href="data:image/png;base64,{png}"/>'
        f"{''.join(shapes)}</svg><figcaption>{caption}</figcaption></figure>\n"
    )


def _rect(kind: str, box: BoxXYXY, label: str) -> str:
    x0, y0, x1, y1 = box
    return (
        f'<rect class="{kind}" x="{x0:g}" y="{y0:g}" width="{x1 - x0:g}" height="{y1 - y0:g}">'
        f"<title>{escape(one_line(label))}</title></rect>"
    )
