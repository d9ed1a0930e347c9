"""The words of a question as its model gets them, for whoever keeps a conversation. No torch."""

from __future__ import annotations

import importlib

from ..dialogue.question import Question
from .profiles import Profile

#: Family to the function that writes a question's words; imported when it is needed.
WRITERS = {
    "qwen_vl": "napari_medvlm.models.qwen_vl.wording:user_text",
    "internvl": "napari_medvlm.models.internvl.wording:user_text",
}


def sent_text(question: Question, profile: Profile) -> str:
    """Text of the question's turn: template, options, regions and mode included.

    Parameters
    ----------
    question
        What was asked.
    profile
        Of the model that was asked.

    Returns
    -------
    text
        Keep it as ``Turn.text``: earlier turns are sent as they are, so that the model sees the
        conversation that it had, and its cache stays good for all of it.

    Raises
    ------
    QuestionError
        If the model cannot take the question.
    """
    module, _, name = WRITERS[profile.family].partition(":")
    text: str = getattr(importlib.import_module(module), name)(question, profile)
    return text
