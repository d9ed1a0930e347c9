"""A question's words as the model was trained to read them. No torch.

``user_text`` gives the text of the user's turn, templates, options, regions and mode included. It
is called by :class:`napari_medvlm.models.wording.TurnWriter` alone, which keeps marks out of it.

Regions, by profile (``n`` counts the pictures of the conversation from 1):

======================  =========================================================================
demo                    `` Region: image n [x1, y1, x2, y2].`` in 0..999, as trained
CheXOne                 `` Look at this region of image n: <|box|>(x1,y1),(x2,y2)<|/box|>.`` in
                        percent, its own box form; not trained as input
MedVLM-R1, Qwen2-VL     `` Look at this region of image n: (x1,y1),(x2,y2).`` in 0..1000
Qwen2.5-VL              `` Look at this region of image n: [x1, y1, x2, y2].`` in pixels of the
                        resized image
======================  =========================================================================
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ...dialogue.question import Question, Region
from ...errors import QuestionError
from ...imaging.frame import BoxXYXY, Frame
from ..processing import image_processing
from ..profiles import Profile
from ..subject import subject_of
from ..tokens import GROUNDING_TOKENS
from .resize import PixelLimits, image_size

#: Special tokens that turns may hold: those of boxes, which users and answers write.
WRITTEN = GROUNDING_TOKENS
#: Marks of this family that no turn may hold, and those that only its own words may.
MARKS: tuple[str, ...] = ()
PLACES: tuple[str, ...] = ()

#: Options that are already in the user's words: a line that begins "A) " or "(A) ", then "B) ".
_OPTIONS = re.compile(r"^\s*\(?A[).:] .*^\s*\(?B[).:] ", re.MULTILINE | re.DOTALL)


def user_text(question: Question, profile: Profile, limits: PixelLimits | None = None) -> str:
    """Text of the question's turn.

    Parameters
    ----------
    question
        What is asked.
    profile
        How the checkpoint is talked to.
    limits
        Of the image processor; needed for regions in pixels of the resized image.

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
    words = question.text.strip() if task.key != "ask" else question.text
    if task.needs_text and not words.strip():
        raise QuestionError("Expected a question, found no words.", "Write what you want to know.")
    text = task.fill(words)
    text += "".join(_region(region, question, profile, limits) for region in question.regions)
    if question.choices:
        lines = [
            profile.choice_line.replace("{letter}", letter).replace("{option}", option)
            for letter, option in question.choices
        ]
        text += profile.choices_head + "\n".join(lines)
    if question.mode == "instruct":
        return profile.choice_instruct.replace("{text}", text) if question.choices else text
    has_options = bool(question.choices) or _OPTIONS.search(text) is not None
    if task.locates:
        text += profile.locate_format
    template = profile.reasoning
    if profile.reasoning_open is not None and not has_options:
        template = profile.reasoning_open
    before, _, after = template.partition("{text}")
    # Words that already end as the model was trained are left alone.
    return text if after.strip() and text.endswith(after) else before + text + after


def limits_of(profile: Profile, folder: Path | None = None) -> PixelLimits:
    """Bounds of an image's area: the checkpoint's, below the profile's."""
    return PixelLimits.of(image_processing(folder)).below(profile.max_pixels)


def with_places(text: str, pictures: Sequence[Frame]) -> str:
    """An earlier turn's words; the chat template writes the places of its pictures."""
    return text


def plain_reply(reply: str) -> str:
    """An earlier answer as it goes back to the model."""
    return reply


def _region(
    region: Region, question: Question, profile: Profile, limits: PixelLimits | None
) -> str:
    subject = subject_of(question)
    if not 0 <= region.frame < len(subject.frames):
        raise QuestionError(
            f"A region lies on frame {region.frame + 1}, the question has {len(subject.frames)}.",
            "Draw the region on one of the frames that are sent.",
        )
    width, height = subject.frames[region.frame].size_wh
    x0, y0, x1, y1 = _sorted(region.box)
    part = (x0 / width, y0 / height, x1 / width, y1 / height)
    number = subject.first_picture + region.frame + 1
    label = f" ({region.label.strip()})" if region.label.strip() else ""
    if profile.region_style == "demo":
        box = ", ".join(str(v) for v in _scaled(part, 1000, 999))
        return f" Region: image {number} [{box}]."
    head = f" Look at this region of image {number}{label}: "
    if profile.region_style == "percent":
        a, b, c, d = _scaled(part, 100, 100)
        return f"{head}<|box|>({a},{b}),({c},{d})<|/box|>."
    if profile.region_style == "norm_1000":
        a, b, c, d = _scaled(part, 1000, 1000)
        return f"{head}({a},{b}),({c},{d})."
    tall, wide = image_size((height, width), limits or PixelLimits())
    a, c = (round(part[i] * wide) for i in (0, 2))
    b, d = (round(part[i] * tall) for i in (1, 3))
    return f"{head}[{a}, {b}, {c}, {d}]."


def _sorted(box: BoxXYXY) -> BoxXYXY:
    x0, y0, x1, y1 = box
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _scaled(part: Sequence[float], scale: int, top: int) -> list[int]:
    return [min(top, max(0, round(float(v) * scale))) for v in part]
