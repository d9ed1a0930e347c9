"""The legend: a sentence of the question that says which images come from which source."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...dialogue import Question
from ...imaging import Frame
from ...models.subject import subject_of

#: Longer names are cut: the sentence is read by a model, and by people beside small pictures.
_LONGEST = 60
_LINE = re.compile(r"\n?Images? \d[\d, -]*: [^;\n]*(?:; images? \d[\d, -]*: [^;\n]*)+\.$")


def legend(frames: Sequence[Frame], first: int = 1) -> str:
    """Say it: "Images 1-3: prior; images 4-6: current."

    Parameters
    ----------
    frames
        What is sent, with the labels of their sources.
    first
        Number of the first image in the conversation.

    Returns
    -------
    words
        Empty where the frames are of one source, which needs no name.
    """
    groups = label_groups(frames, first)
    if len(groups) < 2:
        return ""
    parts = [
        f"image{'' if len(numbers) == 1 else 's'} {ranges(numbers)}: "
        f"{plain_label(label) or 'unnamed'}"
        for label, numbers in groups.items()
    ]
    words = "; ".join(parts)
    return f"{words[0].upper()}{words[1:]}."


def with_legend(question: Question) -> str:
    """The words of a question and its legend, on a line of its own; of one source the words."""
    return "\n".join(part for part in (question.text, legend_of(question)) if part)


def without_legend(question: Question) -> str:
    """The words of a question as they were typed, should its legend stand below them."""
    words = legend_of(question)
    if not words or not question.text.endswith(words):
        return question.text
    return question.text.removesuffix(words).removesuffix("\n")


def without_legend_line(text: str) -> str:
    """Words without the line that reads like a legend, where the images are not at hand."""
    return _LINE.sub("", text)


def legend_of(question: Question) -> str:
    """The legend of a question, its images counted as its conversation counts them."""
    subject = subject_of(question)
    return legend(question.frames, subject.first_picture + 1)


def plain_label(label: str) -> str:
    """A label as one short line that the legend can hold: "; " and ": " divide its parts."""
    words = " ".join(label.replace(";", ",").replace(":", " ").split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1].rstrip()}…"


def label_groups(frames: Sequence[Frame], first: int = 1) -> dict[str, list[int]]:
    """Numbers of the frames of each source by its label, counted from ``first``."""
    groups: dict[str, list[int]] = {}
    for number, frame in enumerate(frames, start=first):
        groups.setdefault(frame.label, []).append(number)
    return groups


def ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers in short: "1-3, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
