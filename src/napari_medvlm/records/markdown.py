"""A conversation as Markdown: what people and models wrote stays text, whatever it holds."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

from ..dialogue import Question
from .account import Account
from .captions import (
    NOT_FOR_DIAGNOSIS,
    box_caption,
    clean,
    facts,
    frame_caption,
    how_asked,
    option_lines,
    outcome,
    region_caption,
    same_images_words,
)
from .png import to_png
from .shown import Shown

#: What means something within a line of CommonMark (0.31) or of GitHub's Markdown, and HTML.
_INLINE = re.compile(r"([\\`*_\[\]<>&|~!])")
#: What means something at the beginning of a line: headings, lists, rules, numbers.
_LEADING = re.compile(r"^(\d{1,9}(?=[.)])|)([#+\-=.)])")
#: What GitHub's Markdown turns into links without any mark.
_ADDRESS = re.compile(r"(?i)(www)\.|(https?|ftp|mailto|xmpp):|@")


def markdown(title: str, accounts: Sequence[Account]) -> str:
    """Write a conversation as Markdown with its frames inside, as PNG in data URIs.

    Parameters
    ----------
    title
        The heading.
    accounts
        Its questions, in order. An image that several of them show is there once.

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
    parts, shown = [f"# {escaped(title)}", NOT_FOR_DIAGNOSIS], Shown()
    for number, account in enumerate(accounts, start=1):
        parts += _exchange(number, account, shown)
    return "\n\n".join(part for part in parts if part) + "\n"


def fenced(text: str) -> str:
    """A code fence around a text that holds no fence as long (CommonMark 0.31, 4.5)."""
    inside = clean(text).strip("\n")
    longest = max((len(run) for run in re.findall(r"`+", inside)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{inside}\n{fence}"


def escaped(text: str) -> str:
    """One line without any markup: a backslash stands where a mark would mean something."""
    line = _INLINE.sub(r"\\\1", " ".join(clean(text).split()))
    line = _ADDRESS.sub(_broken, line)
    return _LEADING.sub(r"\1\\\2", line)


def _broken(match: re.Match[str]) -> str:
    return match.group()[:-1] + "\\" + match.group()[-1]


def _exchange(number: int, account: Account, shown: Shown) -> list[str]:
    question, state = account.question, account.kept.progress
    parts = [f"## Question {number}", escaped(facts(account))]
    parts.append(fenced("\n".join([account.asked_words, *option_lines(account)])))
    parts += _frames(number, question, shown)
    regions = [region_caption(r.label, r.frame, r.box, question.frames) for r in question.regions]
    parts += _listed("Regions drawn by the user", regions)
    if state.reasoning.strip():
        parts += ["### Reasoning", fenced(state.reasoning)]
    if account.answer_words or account.choice:
        words = "\n".join(part for part in (account.choice, account.answer_words) if part)
        parts += ["### Answer", fenced(words)]
    if account.outside:
        parts += ["### Outside of the answer", fenced(account.outside)]
    boxes = [box_caption(box, question.frames) for box in account.boxes]
    parts += _listed("Boxes of the answer", boxes)
    parts += [escaped(remark) for remark in account.remarks]
    parts.append(escaped(outcome(account.kept)))
    parts += _listed("How it was asked", how_asked(account))
    for heading, text in (
        ("Exact words sent", account.kept.capsule.prompt),
        ("Answer as the model wrote it", account.raw),
    ):
        parts += [f"### {heading}", fenced(text)] if text.strip() else []
    return parts


def _listed(heading: str, lines: Sequence[str]) -> list[str]:
    return [f"### {heading}", fenced("\n".join(lines))] if lines else []


def _frames(number: int, question: Question, shown: Shown) -> list[str]:
    parts = []
    for place, frame in enumerate(question.frames):
        _, new = shown.name(frame, number, place + 1)
        if new:
            png = base64.b64encode(to_png(frame.pixels)).decode()
            caption = escaped(frame_caption(place, frame))
            parts.append(f"![{caption}](data:image/png;base64,{png})\n\n{caption}")
    return parts + [same_images_words(n, first) for first, n in shown.repeated(number)]
