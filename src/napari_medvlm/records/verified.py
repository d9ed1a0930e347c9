"""Rows of the journal, checked as they are read: what does not match says so, and is shown.

A record stands for an answer that somebody may rely on. Each question is kept with the hash of its
capsule and each image with the hash of its pixels: a row that was changed or damaged since is
found here, in one place, and nowhere taken for what was sent. A row that cannot be read costs
itself and not its conversation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..dialogue import Question
from ..errors import RecordError
from ..imaging import Frame
from .capsule import Capsule, ModelRecord, read_capsule
from .kept import STATES, Kept, Progress
from .plain import sha256
from .png import from_png
from .replies import reply_from_json

#: Columns of a question, in the order that `read_row` takes them.
COLUMNS = (
    "number, conversation, asked_at, question, capsule, digest, state, reasoning, answer, tokens,"
    " reasoning_tokens, seconds, reply, message, advice"
)

CHANGED = (
    "What is kept of this question was changed after it was asked: it does not match its hash."
)
UNREADABLE = "What is kept of this question is damaged: only its words can be shown."
ANSWER = "What is kept of its answer is damaged: it is shown as far as it can be read."
IMAGE = "An image of this question is not the one that was sent: it does not match its hash."
NO_IMAGE = "An image of this question is damaged; it is shown black."

Pixels = Mapping[str, npt.NDArray[np.uint8]]


def read_row(row: Sequence[Any], pngs: Mapping[str, Any] | None) -> Kept:
    """A question of the journal.

    Parameters
    ----------
    row
        Values of `COLUMNS`.
    pngs
        Its images by the hash that they are kept under; None where none were asked for.
    """
    number, conversation, asked_at, words, text, digest, *state = row
    damage: list[str] = []
    capsule = _capsule(text, digest, words, damage)
    progress = _progress(state, damage)
    pixels = {} if pngs is None else _images(capsule, pngs, damage)
    asked = (
        float(asked_at) if isinstance(asked_at, int | float) and math.isfinite(asked_at) else 0.0
    )
    if asked != asked_at:
        damage.append("When it was asked is damaged.")
    return Kept(
        int(number), int(conversation), asked, capsule, progress, pixels,
        tuple(dict.fromkeys(damage)),
    )  # fmt: skip


def _capsule(text: Any, digest: Any, words: Any, damage: list[str]) -> Capsule:
    try:
        found = read_capsule(str(text))
        found.without_pixels()  # every part of it has the form that readers rely on
    except RecordError as error:
        if "version" in error.message:
            raise  # a newer program wrote it: nothing is wrong with it
        damage.append(UNREADABLE)
        return Capsule.of(Question(text=str(words)), ModelRecord("an unknown model"))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        damage.append(UNREADABLE)
        return Capsule.of(Question(text=str(words)), ModelRecord("an unknown model"))
    if sha256(str(text)) != digest:
        damage.append(CHANGED)
    return found


def _progress(state: Sequence[Any], damage: list[str]) -> Progress:
    stage, reasoning, answer, tokens, thought, seconds, text, message, advice = state
    reply = None
    if text is not None:
        try:
            reply = reply_from_json(str(text))
        except RecordError:
            damage.append(ANSWER)
    texts = [_text(value, damage) for value in (reasoning, answer, message, advice)]
    counts = [_number(value, damage) for value in (tokens, thought, seconds)]
    known = next((one for one in STATES if one == stage), None)
    if known is None:
        damage.append(ANSWER)
    return Progress(
        known or ("replied" if reply is not None else "failed"), texts[0], texts[1],
        int(counts[0]), int(counts[1]), counts[2], reply, texts[2], texts[3],
    )  # fmt: skip


def _text(value: Any, damage: list[str]) -> str:
    if not isinstance(value, str):
        damage.append(ANSWER)
    return str(value)


def _number(value: Any, damage: list[str]) -> float:
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    damage.append(ANSWER)
    return 0


def _images(capsule: Capsule, pngs: Mapping[str, Any], damage: list[str]) -> Pixels:
    sizes = {
        frame["digest"]: frame["size"]
        for turn in (*capsule.question["history"], capsule.question)
        for frame in turn["frames"]
    }
    found: dict[str, npt.NDArray[np.uint8]] = {}
    for digest, (wide, high) in sizes.items():
        if digest not in pngs:
            continue  # whoever needs it says that it is missing
        try:
            found[digest] = from_png(pngs[digest])
        except (OSError, TypeError, ValueError, SyntaxError):
            found[digest] = np.zeros((int(high), int(wide), 3), np.uint8)
            damage.append(NO_IMAGE)
            continue
        if Frame.from_pixels(found[digest]).digest != digest:
            damage.append(IMAGE)
    return found
