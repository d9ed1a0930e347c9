"""A question's words as InternVL models are trained to read them. No torch.

``user_text`` gives the text of the user's turn, with one ``<image>`` for each picture that is
sent with it. It is called by :class:`napari_medvlm.models.wording.TurnWriter` alone, which keeps
marks out of it: an ``<image>`` that a user types is no place of a picture. (The authors' own form,
in which the words say where pictures stand, is taken by ``InternVL.encode_chat``.)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...dialogue.question import Question, Region, Turn
from ...errors import QuestionError
from ...imaging.frame import Frame
from ..profiles import Profile
from ..subject import sent_with, subject_of
from .template import CLOSE, CONTEXT, OPEN, PLACE

#: Special tokens that turns may hold: those of boxes, which users and answers write.
WRITTEN = ("<quad>", "</quad>", "<ref>", "</ref>", "<box>", "</box>")
#: Marks of this family that no turn may hold, and those that only its own words may.
MARKS = (OPEN, CLOSE, CONTEXT)
PLACES = (PLACE,)


def user_text(question: Question, profile: Profile, limits: object = None) -> str:
    """Text of the question's turn.

    Parameters
    ----------
    question
        What is asked.
    profile
        How the checkpoint is talked to.
    limits
        Not used: regions are written in thousandths.

    Returns
    -------
    text

    Raises
    ------
    QuestionError
        For an unknown task or mode, a missing text, or a region outside the frames.
    """
    task = profile.task(question.task)
    if question.mode not in profile.modes:
        raise QuestionError(
            f"{profile.title} has no {question.mode} mode.", f"It has: {', '.join(profile.modes)}."
        )
    if task.needs_text and not question.text.strip():
        raise QuestionError("Expected a question, found no words.", "Write what you want to know.")
    text = task.fill(question.text if task.key == "ask" else question.text.strip())
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


def limits_of(profile: Profile, folder: Path | None = None) -> None:
    """Nothing: regions are written in thousandths, whatever the size of an image."""


def plain_reply(reply: str) -> str:
    """An earlier answer as it goes back to the model."""
    return reply.strip()


def pictures_sent(question: Question) -> tuple[Frame, ...]:
    """Frames that go with the question; those that were sent last are not sent again."""
    return question.frames if subject_of(question).sent else ()


def turn_pictures(turns: Sequence[Turn], index: int) -> tuple[Frame, ...]:
    """Frames that went with an earlier turn.

    A turn that names the places of all its frames sent them. Any other sent them unless they are
    those of the turn before it: then it was a follow-up question about them.
    """
    turn = turns[index]
    places = turn.text.count(PLACE)
    return turn.frames if 0 < places == len(turn.frames) else sent_with(turns, index)


def with_places(text: str, pictures: Sequence[Frame]) -> str:
    """An earlier turn's words; pictures without places go in front, as the authors' chat does."""
    if text.count(PLACE) == len(pictures):
        return text
    return f"{PLACE}\n" * len(pictures) + text.replace(PLACE, "")


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
