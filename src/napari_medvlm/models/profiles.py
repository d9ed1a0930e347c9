"""How one kind of checkpoint is talked to: its templates, its boxes, its defaults. No torch.

The strings are the ones that the models were trained with, to the letter, blanks included.
``{text}`` stands for the user's words; it is replaced, never formatted, because some templates
hold braces of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..dialogue.question import Mode
from ..dialogue.reply import BoxSystem
from ..errors import QuestionError
from .contracts import InputContract

#: How a region drawn by the user is written into the question.
RegionStyle = Literal["demo", "percent", "norm_1000", "abs_resized"]


@dataclass(frozen=True)
class Task:
    """One prompt template.

    Parameters
    ----------
    key
        What ``Question.task`` says.
    title
        What people read.
    template
        With ``{text}`` where the user's words go; without it the words may be left out.
    locates
        Whether it asks for boxes.
    """

    key: str
    title: str
    template: str = "{text}"
    locates: bool = False

    @property
    def needs_text(self) -> bool:
        """Whether the user has to say something."""
        return "{text}" in self.template

    def fill(self, text: str) -> str:
        """Put the user's words in."""
        if self.needs_text:
            return self.template.replace("{text}", text)
        extra = text.strip()
        return self.template if not extra or extra == self.template else f"{self.template} {extra}"


ASK = Task("ask", "Ask anything")


@dataclass(frozen=True)
class Profile:
    """Everything about a kind of checkpoint that is not in its files.

    Parameters
    ----------
    name
        Catalog name, or the layout's name for checkpoints that are not in the catalog.
    title
        What people read; a toy says so here.
    family
        The module that runs it.
    parser
        Whose habits the reply is read by (``dialogue.ParseContext.family``).
    box_system
        What numbers its boxes are in.
    contract
        What it was trained on.
    tasks
        Prompt templates, "ask" first.
    modes, default_mode
        What can be chosen.
    reasoning
        Template of the reasoning mode around the whole question.
    reasoning_open
        The same for a question without options, where it differs.
    choice_instruct
        Template of the instruct mode around a question with options.
    choices_head, choice_line
        How options follow the question.
    locate_format
        Block between a question for boxes and the reasoning template.
    region_style
        How a user's region is written.
    add_vision_id
        Whether the chat template numbers the pictures ("Picture 1: ").
    max_pixels, video_max_pixels
        Upper bounds of an image's and a frame's area, below the checkpoint's own.
    video_fps
        Frames of a video count as taken at this rate, whatever their real times.
    repetition_penalty
        Of the authors' runs; None takes the checkpoint's ``generation_config.json``.
    max_new_tokens
        Of the authors' runs.
    kv_bytes_per_token
        Of the key-value cache in 16 bit; None where the size is not known.
    tokens_per_image
        Visual tokens of an image or a tile; None where they depend on its size.
    """

    name: str
    title: str
    family: str
    parser: str
    box_system: BoxSystem
    contract: InputContract
    tasks: tuple[Task, ...] = (ASK,)
    modes: tuple[Mode, ...] = ("reasoning", "instruct")
    default_mode: Mode = "reasoning"
    reasoning: str = "{text}"
    reasoning_open: str | None = None
    choice_instruct: str = "{text}"
    choices_head: str = "\n"
    choice_line: str = "{letter}. {option}"
    locate_format: str = ""
    region_style: RegionStyle = "abs_resized"
    add_vision_id: bool = False
    max_pixels: int | None = None
    video_max_pixels: int | None = None
    video_fps: float | None = None
    repetition_penalty: float | None = None
    max_new_tokens: int = 1024
    kv_bytes_per_token: int | None = None
    tokens_per_image: int | None = None

    def task(self, key: str) -> Task:
        """Find a template.

        Raises
        ------
        QuestionError
            If there is none of that key.
        """
        for task in self.tasks:
            if task.key == key:
                return task
        known = ", ".join(task.key for task in self.tasks)
        raise QuestionError(f"{self.title} has no task named {key!r}.", f"It knows these: {known}.")
