"""Which frames a question is about, and where they stand in the conversation. No torch.

A follow-up question usually names the same frames again. Where they are the last ones that were
sent, they are not sent a second time: the question is about those. Once other frames came in
between, the same frames are sent again, so that they stand where they are asked about: a model
reads "the image" as the one before the question. A question without frames is about the last ones
that were sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..dialogue.question import FrameKind, Question, Turn
from ..imaging.frame import Frame


@dataclass(frozen=True, eq=False)
class Subject:
    """The frames of a question.

    Parameters
    ----------
    frames
        What regions and boxes of the question count, from 0.
    kind
        "images" or "video".
    first_picture
        Pictures of the conversation before them: the first is "image" ``first_picture + 1``.
    first_visual
        Pictures and clips of the conversation before them.
    sent
        Whether they go with the question, or were sent before.
    """

    frames: tuple[Frame, ...] = ()
    kind: FrameKind = "images"
    first_picture: int = 0
    first_visual: int = 0
    sent: bool = False


def subject_of(question: Question) -> Subject:
    """Find what a question is about.

    Parameters
    ----------
    question
        With its earlier turns.
    """
    last: tuple[Turn, Subject] | None = None
    pictures = visuals = 0
    for index, turn in enumerate(question.history):
        frames = sent_with(question.history, index)
        if frames:
            last = turn, Subject(frames, turn.frame_kind, pictures, visuals)
        pictures += len(frames) if turn.frame_kind == "images" else 0
        visuals += visual_count(turn.frame_kind, frames)
    if last is not None and (not question.frames or _alike(last[0], question)):
        return last[1]
    sent = bool(question.frames)
    return Subject(question.frames, question.frame_kind, pictures, visuals, sent)


def sent_with(turns: Sequence[Turn], index: int) -> tuple[Frame, ...]:
    """Frames that went with an earlier turn: none where they are those that were sent last."""
    turn = turns[index]
    before = next((one for one in reversed(turns[:index]) if one.frames), None)
    return () if before is not None and _alike(before, turn) else turn.frames


def pictures_before(question: Question, subject: Subject) -> tuple[Frame, ...]:
    """Pictures of the conversation that are counted before the subject."""
    earlier = [
        frame
        for index, turn in enumerate(question.history)
        if turn.frame_kind == "images"
        for frame in sent_with(question.history, index)
    ]
    return tuple(earlier[: subject.first_picture])


def visual_count(kind: FrameKind, frames: Sequence[Frame]) -> int:
    """How many pictures and clips these frames are."""
    return len(frames) if kind == "images" else min(1, len(frames))


def same(one: Sequence[Frame], other: Sequence[Frame]) -> bool:
    """Whether two lists of frames hold the same pixels."""
    return len(one) == len(other) and all(
        a.pixels is b.pixels or a.digest == b.digest for a, b in zip(one, other, strict=True)
    )


def _alike(one: Question | Turn, other: Question | Turn) -> bool:
    kinds = (one.frame_kind, one.tiles) == (other.frame_kind, other.tiles)
    return kinds and same(one.frames, other.frames)
