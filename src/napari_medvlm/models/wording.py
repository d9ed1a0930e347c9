"""The words of a question as its model gets them: one author for model, screen and records.

A :class:`TurnWriter` is made from a profile and the few facts of a checkpoint that its words depend
on. The loaded model has one, and writes its prompts with it; who shows or keeps a question without
loading the model makes an equal one from the same folder. No torch.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..dialogue.question import Question, Turn
from ..imaging.frame import Frame
from .foreign import own_words
from .marks import CHAT_MARKS, special_tokens, without_marks
from .profiles import Profile

#: Family to the module that words its turns; imported when it is needed.
WRITERS = {
    "qwen_vl": "napari_medvlm.models.qwen_vl.wording",
    "internvl": "napari_medvlm.models.internvl.wording",
}


@dataclass(frozen=True)
class TurnWriter:
    """Writes the turns of one checkpoint.

    Parameters
    ----------
    profile
        How it is talked to.
    special
        Special tokens of its tokenizer. They never stand in a turn, but for those that its family
        writes itself.
    limits
        Bounds of an image's area, where the family writes regions in pixels of the resized image
        (``qwen_vl.resize.PixelLimits``); None where that does not matter.
    """

    profile: Profile
    special: frozenset[str] = field(default_factory=frozenset)
    limits: Any = None

    @classmethod
    def of_folder(cls, profile: Profile, folder: str | Path | None = None) -> TurnWriter:
        """The writer of a checkpoint that is not loaded; without a folder, of its family alone."""
        special = frozenset() if folder is None else special_tokens(folder)
        family = _family(profile)
        limits = family.limits_of(profile, None if folder is None else Path(folder))
        return cls(profile, special, limits)

    def write(self, question: Question) -> str:
        """Text of a question's turn: template, options, regions and mode included.

        Parameters
        ----------
        question
            What is asked.

        Returns
        -------
        text
            Keep it as ``Turn.text``: earlier turns are sent as they are, so that the model sees
            the conversation that it had, and its cache stays good for all of it.

        Raises
        ------
        QuestionError
            If the model cannot take the question.
        """
        text: str = _family(self.profile).user_text(
            self._plain(question), self.profile, self.limits
        )
        return without_marks(text, self._marks)

    def taken_out(self, question: Question) -> tuple[str, ...]:
        """Marks in a question's words that are not sent, each once, in the order of the words."""
        words = "\n".join(self._user_parts(question))
        found = [mark for mark in self._typed_marks if mark in words]
        return tuple(sorted(found, key=words.index))

    def earlier(self, turn: Turn, pictures: tuple[Frame, ...]) -> str:
        """Text of an earlier turn, as the model gets it again.

        Parameters
        ----------
        turn
            The turn; words around it that another family wrote are left out.
        pictures
            The frames that go with it.
        """
        text = own_words(turn.text, self.profile, len(turn.frames))
        text = _family(self.profile).with_places(text, pictures)
        return without_marks(text, self._marks)

    def earlier_reply(self, turn: Turn) -> str:
        """The answer to an earlier turn, as the model gets it again."""
        text: str = _family(self.profile).plain_reply(turn.reply)
        return without_marks(text, self._typed_marks)

    @property
    def _marks(self) -> tuple[str, ...]:
        written = _family(self.profile).WRITTEN
        always = {*CHAT_MARKS, *_family(self.profile).MARKS}
        return tuple(sorted((always | self.special) - set(written)))

    @property
    def _typed_marks(self) -> tuple[str, ...]:
        family = _family(self.profile)
        return tuple(sorted({*self._marks, *family.PLACES}))

    def _plain(self, question: Question) -> Question:
        def plain(text: str) -> str:
            return without_marks(text, marks)

        marks = self._typed_marks
        return replace(
            question,
            text=plain(question.text),
            choices=tuple((letter, plain(option)) for letter, option in question.choices),
            regions=tuple(replace(r, label=plain(r.label)) for r in question.regions),
        )

    @staticmethod
    def _user_parts(question: Question) -> Iterable[str]:
        yield question.text
        yield from (option for _, option in question.choices)
        yield from (region.label for region in question.regions)


def sent_text(question: Question, profile: Profile, folder: str | Path | None = None) -> str:
    """Text of the question's turn as its model gets it; see :meth:`TurnWriter.write`.

    Parameters
    ----------
    question
        What was asked.
    profile
        Of the model that was asked.
    folder
        Its checkpoint. Without one the words are those of its family: regions in pixels and
        marks that a tokenizer adds may differ.

    Raises
    ------
    QuestionError
        If the model cannot take the question.
    """
    return TurnWriter.of_folder(profile, folder).write(question)


def taken_out_words(question: Question, profile: Profile, folder: str | Path | None = None) -> str:
    """A sentence about marks in the words that are not sent; "" where there are none."""
    marks = TurnWriter.of_folder(profile, folder).taken_out(question)
    if not marks:
        return ""
    listed = " and ".join(f"“{mark}”" for mark in marks)
    what = "is a mark" if len(marks) == 1 else "are marks"
    pronoun = "it was" if len(marks) == 1 else "they were"
    return f"{listed} {what} of the model's own prompt: {pronoun} taken out of your words."


def _family(profile: Profile) -> Any:
    return importlib.import_module(WRITERS[profile.family])
