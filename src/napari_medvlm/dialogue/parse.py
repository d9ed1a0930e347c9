"""A model's text read: reasoning, answer, choice, boxes on their frames, references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .boxes import to_frame, units_per_image
from .containers import split_containers
from .context import FramePlace, ParseContext
from .letters import chosen_letters
from .markup import Written, find_boxes
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
    boxes, dropped = _place(parts.answer or parts.partial_answer or "", context)
    return Parsed(
        reasoning=parts.reasoning,
        answer=parts.answer,
        choice=letters[0] if len(letters) == 1 else None,
        choices=letters,
        complete=parts.complete,
        partial_answer=parts.partial_answer,
        conflict=len({_meaning(final, context) for final in parts.finals}) > 1,
        boxes=boxes,
        dropped_boxes=dropped,
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


def _place(text: str, context: ParseContext) -> tuple[tuple[Box, ...], int]:
    sizes = context.image_size_wh
    if not sizes or ("bbox_2d" not in text and "<" not in text and "(" not in text):
        return (), 0
    placed: list[Box] = []
    dropped = 0
    done = 0
    frame: int | None = 0
    for written in find_boxes(text, context):
        # A second box under the same label lies on the same image as the first.
        if written.start >= done or written.image is not None:
            frame = _frame_of(written, text[done : written.start], len(sizes))
        done = written.stop
        if frame is None:
            dropped += 1
            continue
        resized = context.resized_size_wh[frame] if frame < len(context.resized_size_wh) else None
        if min(sizes[frame]) <= 0 or units_per_image(written.system, resized) is None:
            continue
        on_frame = to_frame(written.raw, written.system, sizes[frame], resized)
        if on_frame is None:
            dropped += 1
            continue
        placed.append(
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
    return tuple(placed), dropped


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
