"""What a parser has to know beside the text: which model wrote it, about which frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .question import Mode, Question
from .reply import BoxSystem, FinishReason

SizeWH = tuple[int, int]


@dataclass(frozen=True)
class FramePlace:
    """Where a frame lies in its source: index from 0, position, and its unit ("mm", "s", "")."""

    index: int
    position: float | None = None
    unit: str = ""


@dataclass(frozen=True)
class ParseContext:
    """The circumstances of a model's text.

    Parameters
    ----------
    family
        Who wrote it: "medvlm_r1", "chexone", "qwen2_5_vl", "qwen2_vl", "internvl" or "demo".
        It decides which box markup is native, and in which system that is read.
    mode
        "reasoning", "instruct", or None where it is not known.
    finish_reason
        "stop" for an end token, "length" for the token limit, "stopped" for the user.
    choices
        Option texts by capital letter; empty where the question was open.
    image_size_wh
        Width and height in pixels of each frame of the question.
    resized_size_wh
        Width and height of each frame as the model saw it, for boxes in those pixels.
    prompt_ends_with_think
        Whether the prompt itself opened the think block.
    box_system
        Overrides the system in which the family's native box markup is read. Which one a
        checkpoint uses is written in the catalog of models.
    places
        Where each frame lies in its source; empty where references need no resolving.
    """

    family: str = ""
    mode: Mode | None = None
    finish_reason: FinishReason = "stop"
    choices: Mapping[str, str] = field(default_factory=dict)
    image_size_wh: tuple[SizeWH, ...] = ()
    resized_size_wh: tuple[SizeWH, ...] = ()
    prompt_ends_with_think: bool = False
    box_system: BoxSystem | None = None
    places: tuple[FramePlace, ...] = ()

    @classmethod
    def of(
        cls,
        question: Question,
        *,
        family: str,
        finish_reason: FinishReason = "stop",
        resized_size_wh: Sequence[SizeWH] = (),
        prompt_ends_with_think: bool = False,
        box_system: BoxSystem | None = None,
    ) -> ParseContext:
        """Take from a question what the parser needs.

        Parameters
        ----------
        question
            What was asked; its frames, mode and choices are used.
        family, finish_reason, resized_size_wh, prompt_ends_with_think, box_system
            As in the class.

        Returns
        -------
        context
        """
        return cls(
            family=family,
            mode=question.mode,
            finish_reason=finish_reason,
            choices={letter.strip().upper(): text for letter, text in question.choices},
            image_size_wh=tuple(frame.size_wh for frame in question.frames),
            resized_size_wh=tuple((int(w), int(h)) for w, h in resized_size_wh),
            prompt_ends_with_think=prompt_ends_with_think,
            box_system=box_system,
            places=tuple(FramePlace(f.index, f.position, f.unit) for f in question.frames),
        )
