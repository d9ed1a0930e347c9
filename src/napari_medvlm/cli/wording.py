"""What is asked on the command line: words, task, options, and how the answer is generated."""

from __future__ import annotations

import argparse
from dataclasses import replace

from ..asking.ask.generating import bounded, of_authors
from ..asking.ask.options import LETTERS
from ..asking.ask.options import problem as options_problem
from ..asking.ask.templates import read_templates
from ..asking.ask.typed import Typed
from ..dialogue import Generation
from ..errors import QuestionError
from ..models.profiles import Profile


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is asked to a command's arguments."""
    parser.add_argument("question", help="the question; may be empty for a task with its own")
    parser.add_argument(
        "--task", default="ask", help="a task the model was trained on, or a task template"
    )
    parser.add_argument("--mode", choices=["reasoning", "instruct"], default=None)
    parser.add_argument(
        "--choice",
        action="append",
        default=[],
        metavar="OPTION",
        help="an option of a multiple-choice question; once for each, at most ten",
    )
    settings = parser.add_argument_group("generation", "without these, as the authors run it")
    settings.add_argument("--max-new-tokens", type=int, default=None, help="the longest answer")
    settings.add_argument("--temperature", type=float, default=None, help="0 is greedy")
    settings.add_argument("--top-p", type=float, default=None, help="used with a temperature")
    settings.add_argument("--repetition-penalty", type=float, default=None, help="1 is none")
    settings.add_argument("--seed", type=int, default=None, help="used with a temperature")


def typed_of(options: argparse.Namespace, profile: Profile) -> Typed:
    """What these arguments ask of a model.

    Raises
    ------
    QuestionError
        For an unknown task, options or settings that cannot be, or a mistake in the file of task
        templates when one of them is asked for.
    """
    templates = read_templates()
    try:
        offered = templates.find(profile, options.task)
    except QuestionError as error:
        # The task may stand in the very part of the file that could not be read.
        raise QuestionError(error.message, templates.problem or error.advice) from error
    rows = tuple(options.choice) or offered.choices or None
    if len(rows or ()) > len(LETTERS):
        raise QuestionError(f"Expected at most {len(LETTERS)} options, got {len(rows or ())}.")
    if rows is not None and (wrong := options_problem(rows)):
        raise QuestionError(f"{wrong}.", "Give --choice once for each.")
    return Typed(
        options.question,
        offered,
        options.mode or offered.mode or profile.default_mode,
        generation_of(options, profile),
        rows,
    )


def generation_of(options: argparse.Namespace, profile: Profile) -> Generation:
    """The settings of generation, the authors' where nothing is said.

    Raises
    ------
    QuestionError
        For one that is out of its bounds.
    """
    given = {
        name: value
        for name in ("max_new_tokens", "temperature", "top_p", "repetition_penalty", "seed")
        if (value := getattr(options, name)) is not None
    }
    return bounded(replace(of_authors(profile), **given))
