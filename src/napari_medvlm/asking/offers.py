"""Which models and tasks are offered, as plain values that a panel can list."""

from __future__ import annotations

from dataclasses import dataclass

from ..dialogue.question import Mode
from ..engine import ModelChoice


@dataclass(frozen=True)
class TaskOffer:
    """A task of a model.

    Parameters
    ----------
    key
        Of the prompt template; "ask" sends the words as they are.
    label
        For people.
    template
        The words it brings, for the tip.
    needs_text
        Whether the user has to type something.
    """

    key: str
    label: str
    template: str = ""
    needs_text: bool = False


ASK_TASK = TaskOffer("ask", "ask", needs_text=True)


@dataclass(frozen=True)
class ModelOffer:
    """A model that can be asked.

    Parameters
    ----------
    label
        For people, "demo (toy)" where it is one.
    choice
        What the engine is to load.
    purpose, licence
        One sentence each.
    modes, tasks
        What it knows.
    """

    label: str
    choice: ModelChoice
    purpose: str = ""
    licence: str = ""
    modes: tuple[Mode, ...] = ("reasoning", "instruct")
    tasks: tuple[TaskOffer, ...] = (ASK_TASK,)
