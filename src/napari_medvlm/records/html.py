"""A conversation as one HTML file that loads nothing and runs nothing."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from ..dialogue import Question
from ..imaging import BoxXYXY, Frame
from .account import Account, edge_letters
from .captions import (
    NOT_FOR_DIAGNOSIS,
    box_caption,
    clean,
    facts,
    frame_caption,
    how_asked,
    one_line,
    option_lines,
    outcome,
    region_caption,
    same_images_words,
)
from .png import to_png
from .shown import Shown

#: Should markup ever come through, the browser still loads and runs nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff; }
.said { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
.question { font-weight: 600; }
.reasoning { color: #555; border-left: 3px solid #ccc; padding-left: 1rem; }
.facts, .outcome, figcaption, details { color: #666; font-size: 0.85rem; }
.strip { display: flex; flex-wrap: wrap; gap: 0.75rem; }
figure { margin: 0; width: 10rem; }
figure.marked { width: 18rem; }
svg { width: 100%; height: auto; display: block; background: #000; }
rect { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
rect.box { stroke: #e69f00; }
rect.region { stroke: #56b4e9; stroke-dasharray: 6 4; }
text { fill: #fff; text-anchor: middle; dominant-baseline: middle; font-family: sans-serif;
  font-weight: bold; paint-order: stroke; stroke: #000; }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #1b1b1b; }
  .reasoning, .facts, .outcome, figcaption, details { color: #999; }
}
"""


def html(title: str, accounts: Sequence[Account]) -> str:
    """Write a conversation as one HTML file with its frames inside, boxes drawn over them.

    Parameters
    ----------
    title
        The heading.
    accounts
        Its questions, in order. An image that several of them show is there once.

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
    heading, shown = escape(one_line(title)), Shown()
    body = [_exchange(number, account, shown) for number, account in enumerate(accounts, start=1)]
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


def _exchange(number: int, account: Account, shown: Shown) -> str:
    question, state = account.question, account.kept.progress
    parts = [f"<section><h2>Question {number}</h2>", _said("facts", facts(account))]
    parts.append(_said("question", "\n".join([account.asked_words, *option_lines(account)])))
    parts += _strip(number, question, account, shown)
    regions = [region_caption(r.label, r.frame, r.box, question.frames) for r in question.regions]
    parts += _listed("Regions drawn by the user", regions)
    if state.reasoning.strip():
        parts += ["<h3>Reasoning</h3>", _said("reasoning", state.reasoning.strip())]
    if account.answer_words or account.choice:
        words = "\n".join(part for part in (account.choice, account.answer_words) if part)
        parts += ["<h3>Answer</h3>", _said("answer", words)]
    if account.outside:
        parts += ["<h3>Outside of the answer</h3>", _said("", account.outside)]
    boxes = [box_caption(box, question.frames) for box in account.boxes]
    parts += _listed("Boxes of the answer", boxes)
    parts += _listed("To know about this answer", account.remarks)
    if outcome(account.kept):
        parts.append(_said("outcome", outcome(account.kept)))
    parts += _details("How it was asked", ["\n".join(how_asked(account))])
    parts += _details("Exact words sent", [account.kept.capsule.prompt])
    parts += _details("Answer as the model wrote it", [account.raw])
    return "\n".join([*parts, "</section>"])


def _said(kind: str, text: str) -> str:
    # dir=auto and isolation: text that runs from right to left turns nothing else around.
    return f'<div class="{f"said {kind}".strip()}" dir="auto">{escape(clean(text))}</div>'


def _listed(heading: str, lines: Sequence[str]) -> list[str]:
    return [f"<h3>{heading}</h3>", _said("", "\n".join(lines))] if lines else []


def _details(heading: str, texts: Sequence[str]) -> list[str]:
    said = [_said("", text) for text in texts if text.strip()]
    return ["<details><summary>" + heading + "</summary>", *said, "</details>"] if said else []


def _strip(number: int, question: Question, account: Account, shown: Shown) -> list[str]:
    figures = []
    boxes = account.boxes
    for place, frame in enumerate(question.frames):
        shapes = [_rect("region", r.box, r.label) for r in question.regions if r.frame == place]
        shapes += [_rect("box", b.box, b.label or "box") for b in boxes if b.frame == place]
        name, new = shown.name(frame, number, place + 1)
        if new or shapes:
            figures.append(_figure(place, frame, name, new, shapes))
    said = [_said("facts", same_images_words(n, first)) for first, n in shown.repeated(number)]
    return [f'<div class="strip">{"".join(figures)}</div>' if figures else "", *said]


def _figure(number: int, frame: Frame, name: str, new: bool, shapes: Sequence[str]) -> str:
    width, height = frame.size_wh
    caption = escape(frame_caption(number, frame))
    if new:
        png = base64.b64encode(to_png(frame.pixels)).decode()
        picture = (
            f'<image id="{name}" width="{width}" height="{height}" '
            f'href="data:image/png;base64,{png}"/>'
        )
    else:
        picture = f'<use href="#{name}"/>'
    # The frame's own pixel-edge coordinates are the picture's: boxes are drawn as they are.
    return (
        f'<figure class="{"marked" if shapes else "plain"}">'
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{caption}">'
        f"{picture}{_edges(frame)}{''.join(shapes)}</svg>"
        f"<figcaption>{caption}</figcaption></figure>\n"
    )


def _edges(frame: Frame) -> str:
    letters = edge_letters(frame)
    if letters is None:
        return ""
    width, height = frame.size_wh
    size = min(width, height) / 14
    places = (
        (size * 0.8, height / 2),
        (width - size * 0.8, height / 2),
        (width / 2, size * 0.8),
        (width / 2, height - size * 0.8),
    )
    style = f'font-size="{size:g}" stroke-width="{size / 6:g}"'
    return "".join(
        f'<text x="{x:g}" y="{y:g}" {style}>{letter}</text>'
        for letter, (x, y) in zip(letters, places, strict=True)
    )


def _rect(kind: str, box: BoxXYXY, label: str) -> str:
    x0, y0, x1, y1 = box
    return (
        f'<rect class="{kind}" x="{x0:g}" y="{y0:g}" width="{x1 - x0:g}" height="{y1 - y0:g}">'
        f"<title>{escape(one_line(label))}</title></rect>"
    )
