"""A model's text read: reasoning, answer, choice, boxes on their frames, references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .boxes import fits, to_frame, units_per_image
from .containers import split_containers
from .context import FramePlace, ParseContext
from .letters import chosen_letters
from .markup import Written, count_unread, find_boxes
from .references import find_mentions, find_references, resolve
from .reply import Box, Reply, Timings


@dataclass(frozen=True)
class Parsed:
    """What a text says; None where it says nothing of the kind.

    Parameters
    ----------
    reasoning, answer
        Trimmed, otherwise verbatim.
    choice
        The option, where exactly one is named.
    choices
        All options named.
    complete
        The final container was closed, or plain text ended with an end token.
    partial_answer
        What a cut left of the answer.
    conflict
        Complete containers disagree.
    boxes
        Of the answer (or of what a cut left of it), on their frames.
    dropped_boxes
        Boxes without area on the frame, or for an image that was not sent.
    misfit_boxes
        Boxes whose numbers cannot be of the system that they are read in; they are nowhere drawn.
    unread_boxes
        Boxes in a writing that is not read here.
    outside
        Words that are neither reasoning nor answer.
    """

    reasoning: str | None
    answer: str | None
    choice: str | None
    choices: tuple[str, ...]
    complete: bool
    partial_answer: str | None
    conflict: bool
    boxes: tuple[Box, ...]
    dropped_boxes: int
    misfit_boxes: int = 0
    unread_boxes: int = 0
    outside: str | None = None


@dataclass
class _Boxes:
    """Boxes of a text, and how many have no place for which reason."""

    placed: list[Box] = field(default_factory=list)
    dropped: int = 0
    misfit: int = 0
    unread: int = 0


def parse(text: str, context: ParseContext) -> Parsed:
    """Read a model's text. Never raises, whatever the text is.

    Parameters
    ----------
    text
        As decoded.
    context
        Who wrote it, about which frames, and why it ended.

    Returns
    -------
    parsed
    """
    parts = split_containers(text, context)
    letters = chosen_letters(parts.answer, context.choices)
    boxes = _place(parts.answer or parts.partial_answer or "", context)
    return Parsed(
        reasoning=parts.reasoning,
        answer=parts.answer,
        choice=letters[0] if len(letters) == 1 else None,
        choices=letters,
        complete=parts.complete,
        partial_answer=parts.partial_answer,
        conflict=len({_meaning(final, context) for final in parts.finals}) > 1,
        boxes=tuple(boxes.placed),
        dropped_boxes=boxes.dropped,
        misfit_boxes=boxes.misfit,
        unread_boxes=boxes.unread,
        outside=parts.outside,
    )


def read_reply(
    raw: str,
    context: ParseContext,
    *,
    prompt_tokens: int = 0,
    reused_tokens: int = 0,
    timings: Timings | None = None,
    token_ids: Sequence[int] = (),
) -> Reply:
    """Make the Reply of a finished text.

    Parameters
    ----------
    raw
        The text as decoded.
    context
        See `ParseContext.of`, which takes it from the question.
    prompt_tokens, reused_tokens
        Tokens of the prompt, and how many of them came from the cache.
    timings
        Seconds of each stage.
    token_ids
        The generated tokens.

    Returns
    -------
    reply
    """
    parsed = parse(raw, context)
    reasoning, answer = parsed.reasoning or "", parsed.answer or ""
    return Reply(
        raw=raw,
        reasoning=reasoning,
        answer=answer,
        choice=parsed.choice,
        choices=parsed.choices,
        complete=parsed.complete,
        partial_answer=parsed.partial_answer,
        conflict=parsed.conflict,
        boxes=parsed.boxes,
        dropped_boxes=parsed.dropped_boxes,
        misfit_boxes=parsed.misfit_boxes,
        unread_boxes=parsed.unread_boxes,
        outside=parsed.outside or "",
        thought_opened=context.prompt_ends_with_think,
        references=(
            *find_references(reasoning, context.places, "reasoning"),
            *find_references(answer, context.places, "answer"),
        ),
        finish_reason=context.finish_reason,
        prompt_tokens=prompt_tokens,
        reused_tokens=reused_tokens,
        new_tokens=len(token_ids),
        timings=timings or Timings(),
        token_ids=tuple(int(token) for token in token_ids),
    )


def _meaning(final: str, context: ParseContext) -> object:
    """Reduce a final container to what it says, so that ``A`` and ``(A)`` agree."""
    letters = chosen_letters(final, context.choices)
    return frozenset(letters) or final.strip().removesuffix(".").casefold()


def _place(text: str, context: ParseContext) -> _Boxes:
    sizes = context.image_size_wh
    boxes = _Boxes()
    if not sizes or not any(mark in text for mark in "<([{"):
        return boxes
    done = 0
    frame: int | None = 0
    found = find_boxes(text, context)
    boxes.unread = count_unread(text, context, found)
    for written in found:
        # A second box under the same label lies on the same image as the first.
        if written.start >= done or written.image is not None:
            frame = _frame_of(written, text[done : written.start], len(sizes))
        done = written.stop
        if frame is None:
            boxes.dropped += 1
            continue
        resized = context.resized_size_wh[frame] if frame < len(context.resized_size_wh) else None
        if min(sizes[frame]) <= 0 or units_per_image(written.system, resized) is None:
            boxes.unread += 1
            continue
        if not fits(written.raw, written.system, resized):
            boxes.misfit += 1
            continue
        on_frame = to_frame(written.raw, written.system, sizes[frame], resized)
        if on_frame is None:
            boxes.dropped += 1
            continue
        boxes.placed.append(
            Box(
                label=written.label,
                box=on_frame.box,
                frame=frame,
                raw=written.raw,
                system=written.system,
                clipped=on_frame.clipped,
                reordered=on_frame.reordered,
            )
        )
    return boxes


# How far before a box its image may be named.
_NEAR = 200


def _frame_of(written: Written, before: str, count: int) -> int | None:
    """Frame of a box from 0; None where it names an image that was not sent."""
    if written.image is not None:
        number = written.image
        if isinstance(number, str) and number.strip().isdecimal():
            number = float(number.strip()[:9])
        if isinstance(number, bool) or not isinstance(number, int | float):
            return None
        return int(number) - 1 if number in range(1, count + 1) else None
    if count == 1:
        return 0
    places = [FramePlace(index=-1)] * count
    mentions = [m for m in find_mentions(before[-_NEAR:]) if m.kind == "image"]
    named = {resolve(mention, places) for mention in mentions} - {None}
    return named.pop() if len(named) == 1 else 0
