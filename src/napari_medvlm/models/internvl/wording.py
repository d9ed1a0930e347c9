"""A question's words as InternVL models are trained to read them. No torch.

``user_text`` gives the text of the user's turn, with one ``<image>`` for each picture that is
sent with it. Keep it as ``Turn.text`` when the question becomes part of a conversation.

Words that hold one ``<image>`` for each frame already are in the authors' own form (what their
``chat`` takes): they are sent as they are, with no template around them.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...dialogue.question import Question, Region, Turn
from ...errors import QuestionError
from ...imaging.frame import Frame
from ..profiles import Profile
from ..subject import sent_with, subject_of
from .template import PLACE


def user_text(question: Question, profile: Profile) -> str:
    """Text of the question's turn.

    Parameters
    ----------
    question
        What is asked.
    profile
        How the checkpoint is talked to.

    Returns
    -------
    text

    Raises
    ------
    QuestionError
        For an unknown task or mode, a missing text, a region outside the frames, or places for
        more or fewer pictures than are sent.
    """
    task = profile.task(question.task)
    if question.mode not in profile.modes:
        raise QuestionError(
            f"{profile.title} has no {question.mode} mode.", f"It has: {', '.join(profile.modes)}."
        )
    if task.needs_text and not question.text.strip():
        raise QuestionError("Expected a question, found no words.", "Write what you want to know.")
    if is_own_form(question):
        return question.text
    text = task.fill(question.text if task.key == "ask" else question.text.strip())
    if PLACE in text:
        raise QuestionError(
            f"The question has {text.count(PLACE)} places {PLACE} for "
            f"{len(question.frames)} images.",
            f"Write one {PLACE} for each image, or none at all.",
        )
    text += "".join(_region(region, question) for region in question.regions)
    if question.choices:
        listed = [
            profile.choice_line.replace("{letter}", letter).replace("{option}", _bare(option))
            for letter, option in question.choices
        ]
        text += profile.choices_head + " ".join(listed)
    count = len(question.frames) if subject_of(question).sent else 0
    text = f"{PLACE}\n" * count + text
    template = profile.reasoning if question.mode == "reasoning" else "{text}"
    return template.replace("{text}", text)


def is_own_form(question: Question) -> bool:
    """Whether a question's words say themselves where its pictures stand."""
    return 0 < len(question.frames) == question.text.count(PLACE)


def pictures_sent(question: Question) -> tuple[Frame, ...]:
    """Frames that go with the question; those that the conversation holds are not sent again."""
    return question.frames if is_own_form(question) or subject_of(question).sent else ()


def turn_pictures(turns: Sequence[Turn], index: int) -> tuple[Frame, ...]:
    """Frames that went with an earlier turn.

    A turn that names its places sent them. One without any sent its frames, unless they are
    those of a turn before it: then it was a follow-up question about them.
    """
    turn = turns[index]
    return turn.frames if PLACE in turn.text else sent_with(turns, index)


def turn_text(turn: Turn, pictures: Sequence[Frame]) -> str:
    """An earlier turn's words; pictures without places go in front, as the authors' chat does."""
    if not pictures or PLACE in turn.text:
        return turn.text
    return f"{PLACE}\n" * len(pictures) + turn.text


def _bare(option: str) -> str:
    return option.strip().removesuffix(".")


def _region(region: Region, question: Question) -> str:
    """Write a region as the models write boxes: thousandths of the image's sides."""
    frames = subject_of(question).frames
    if not 0 <= region.frame < len(frames):
        raise QuestionError(
            f"A region lies on frame {region.frame + 1}, the question has {len(frames)}.",
            "Draw the region on one of the frames that are sent.",
        )
    width, height = frames[region.frame].size_wh
    x0, y0, x1, y1 = region.box
    corners = (min(x0, x1) / width, min(y0, y1) / height, max(x0, x1) / width, max(y0, y1) / height)
    box = ", ".join(str(min(1000, max(0, round(part * 1000)))) for part in corners)
    label = region.label.strip() or "region"
    where = f" of image {region.frame + 1}" if len(frames) > 1 else ""
    return f" Look at this region{where}: <ref>{label}</ref><box>[[{box}]]</box>."
