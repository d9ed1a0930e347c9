"""How an answer ended, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...dialogue import Mask, ParseContext, Question, Reply
from ...dialogue.containers import split_containers
from ...dialogue.letters import mentions_option, plain_writing

_THINK = re.compile(r"<(/?)think>", re.IGNORECASE | re.ASCII)


#: How a text ended, in a word or two.
_ENDS = {"stop": "finished", "stopped": "stopped", "length": "cut at the token limit"}


def finish_words(reply: Reply) -> str:
    """Why the answer ended where it does: "finished", "stopped", "cut at the token limit"."""
    return _ENDS[reply.finish_reason]


def remarks(reply: Reply, question: Question) -> tuple[str, ...]:
    """What a reader should know before relying on the text, a sentence each.

    Parameters
    ----------
    reply
        A finished or stopped answer.
    question
        What was asked.
    """
    if not reply.raw.strip():
        return (f"The model wrote nothing{_cut_words(reply)}.",)
    said = [*_wholeness(reply), *_repeats(reply, question)]
    if question.mode == "reasoning" and reply.answer and not reply.reasoning.strip():
        said.append("It answered without reasoning.")
    if reply.outside.strip():
        said.append("It wrote words outside of its answer: they are shown below it.")
    said += [*_choice_remarks(reply, question), *_box_remarks(reply)]
    lost = sum(not _fits(mask, question) for mask in reply.masks)
    if lost:
        count = "1 mask" if lost == 1 else f"{lost} masks"
        said.append(f"{count} of the answer could not be placed on an image that was sent.")
    return tuple(said)


def _choice_remarks(reply: Reply, question: Question) -> Iterator[str]:
    if not question.choices or not reply.answer:
        return
    if len(reply.choices) > 1:
        letters = ", ".join(reply.choices)
        yield f"The answer names several options ({letters}): none of them is taken as its choice."
    elif not reply.choices and not reply.choice:
        options = {letter.strip().upper(): text for letter, text in question.choices}
        if mentions_option(reply.answer, options):
            yield "Which option the answer chooses could not be read: read it yourself."
        else:
            yield "The answer names none of the options."


def _box_remarks(reply: Reply) -> Iterator[str]:
    for count, what in (
        (reply.dropped_boxes, "could not be placed on an image that was sent"),
        (
            reply.misfit_boxes,
            "not drawn: the numbers lie beyond the image or do not fit the coordinates that this "
            "model writes",
        ),
        (
            reply.unread_boxes,
            "not drawn: a form of writing boxes that is not read here, see “as written”",
        ),
    ):
        if count:
            noun = "1 box" if count == 1 else f"{count} boxes"
            verb = " " if what.startswith("could") else (" is " if count == 1 else " are ")
            yield f"{noun} of the answer{verb}{what}."
    swapped = sum(box.reordered for box in reply.boxes)
    if swapped:
        noun = "1 box was" if swapped == 1 else f"{swapped} boxes were"
        yield f"{noun} written with corners the other way round, and put right."
    clipped = sum(box.clipped for box in reply.boxes)
    if clipped:
        noun, verb = ("1 box reaches", "is") if clipped == 1 else (f"{clipped} boxes reach", "are")
        yield f"{noun} beyond the image and {verb} cut at its edge."


def _fits(mask: Mask, question: Question) -> bool:
    frames = question.frames
    known = 0 <= mask.frame < len(frames)
    return known and mask.pixels.shape == frames[mask.frame].pixels.shape[:2]


def _cut_words(reply: Reply) -> str:
    return {"stop": "", "stopped": " before it was stopped", "length": " below the token limit"}[
        reply.finish_reason
    ]


def _wholeness(reply: Reply) -> Iterator[str]:
    answered = bool(reply.answer or reply.partial_answer)
    tags = _THINK.findall(reply.raw)
    if reply.finish_reason == "length":
        limit = f"Cut off at the limit of {reply.new_tokens:,} new tokens"
        if not answered:
            yield f"{limit}, before an answer began."
        elif reply.answer:
            yield f"{limit}, behind the answer."
        else:
            yield f"{limit}: the answer is not whole."
        return
    if reply.finish_reason == "stopped":
        if not answered:
            yield "Stopped before an answer began."
        return
    if not answered:
        yield "It ended without an answer: all that it wrote is reasoning."
    elif not reply.complete:
        yield "The answer was never closed: it is shown up to where the text ends."
    if tags and not tags[-1] and answered:
        yield "The reasoning was never closed: it is taken to end where the answer begins."


def _repeats(reply: Reply, question: Question) -> Iterator[str]:
    context = ParseContext(
        mode=question.mode,
        finish_reason=reply.finish_reason,
        prompt_ends_with_think=reply.thought_opened,
    )
    count = len(split_containers(reply.raw, context).finals)
    if reply.conflict:
        yield f"It gave {count} final answers that differ; the last is shown, all are “as written”."
    elif count > 1:
        yield f"It gave the same final answer {count} times; it is shown once."


def outside_words(reply: Reply) -> str:
    """Words that are neither reasoning nor answer, under a heading; "" where there are none."""
    outside = reply.outside.strip()
    return f"Outside of the answer:\n\n{outside}" if outside else ""


def choice_words(reply: Reply, choices: Sequence[tuple[str, str]]) -> str:
    """The chosen options with their texts: "B: pneumothorax"; "" where nothing was to choose.

    Parameters
    ----------
    reply
        The answer.
    choices
        Of its question: (letter, text) pairs.
    """
    texts = {letter.strip().upper(): text for letter, text in choices}
    letters = reply.choices or ((reply.choice,) if reply.choice else ())
    return "; ".join(
        f"{letter}: {texts[letter]}" if letter in texts else letter for letter in letters if texts
    )


def is_bare_choice(reply: Reply) -> bool:
    """Whether the answer is the letter of an option and nothing else: "B", "(B)", "B."."""
    if reply.choice is None:
        return False
    return plain_writing(reply.answer).strip(" ()[].:,;\n").upper() == reply.choice
