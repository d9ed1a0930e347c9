"""From what is chosen to the frozen Question that crosses to the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...dialogue import Generation, Question, Turn
from ...dialogue.question import FrameKind, Mode
from ...errors import QuestionError
from ...imaging import Frame
from .legend import with_legend
from .parts import Part, Parts, as_video, gather
from .regions import FrameBox, LeftOut, SourceBox, place_regions


@dataclass(frozen=True, eq=False)
class Composed:
    """A question, the user's boxes that could not become part of it, and what was taken."""

    question: Question
    left_out: tuple[LeftOut, ...] = ()
    parts: Parts = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """One sentence for each thing that was left out."""
        return tuple(item.reason for item in self.left_out)


def compose(
    parts: Sequence[Part],
    text: str,
    *,
    mode: Mode = "reasoning",
    task: str = "ask",
    regions: Sequence[SourceBox | FrameBox] = (),
    history: Sequence[Turn] = (),
    choices: Sequence[tuple[str, str]] = (),
    generation: Generation | None = None,
    frames: Sequence[Frame] | None = None,
    needs_text: bool | None = None,
    tiles: bool = False,
    legend: bool = True,
) -> Composed:
    """Take the frames and write the question.

    Parameters
    ----------
    parts
        What is wanted of each source: which slices, of which plane, in which window.
    text
        The user's words; may be empty only for a task that brings its own.
    mode, task, choices, history, generation
        As in `Question`.
    regions
        The user's boxes; those on slices that are not sent come back in ``left_out``.
    frames
        Frames of these very parts, where they are already at hand.
    needs_text
        Whether the task asks nothing by itself; None knows it of the task "ask" alone.
    tiles
        Whether each image is cut into tiles for more detail.
    legend
        Whether the words end by saying which images come from which source, where there are
        several; of one source nothing is ever said.

    Returns
    -------
    composed

    Raises
    ------
    QuestionError
        If nothing is asked, or nothing is sent.
    SelectionError
        If a source cannot give what is wanted of it.
    """
    words = text.strip()
    needs_text = task == "ask" if needs_text is None else needs_text
    if not words and needs_text:
        raise QuestionError("There is no question yet.", "Type one, or choose a task.")
    sent = gather(parts) if frames is None else tuple(frames)
    if not sent:
        raise QuestionError(
            "A question needs at least one image, and none is chosen.",
            "Choose the current slice, picked slices or evenly spaced ones.",
        )
    placed, left_out = place_regions(regions, sent)
    video = as_video(parts)
    kind: FrameKind = "video" if video else "images"
    question = Question(
        text=words,
        frames=sent,
        frame_kind=kind,
        seconds_per_frame=seconds_between(sent) if video else None,
        regions=placed,
        task=task,
        mode=mode,
        choices=tuple(choices),
        history=tuple(history),
        generation=generation or Generation(),
        tiles=tiles,
    )
    if legend:
        question = replace(question, text=with_legend(question))
    return Composed(question, left_out, tuple(parts))


def seconds_between(frames: Sequence[Frame]) -> float | None:
    """Mean time between the frames of a clip, in seconds; None where it is not known."""
    first, last = frames[0], frames[-1]
    if len(frames) < 2 or first.unit != "s" or first.position is None or last.position is None:
        return None
    step = abs(last.position - first.position) / (len(frames) - 1)
    return step or None
