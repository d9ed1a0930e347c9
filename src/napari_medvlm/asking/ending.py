"""How an answer ended, in words."""

from __future__ import annotations

from collections.abc import Sequence

from ..dialogue import Question, Reply


def finish_words(reply: Reply, question: Question) -> tuple[str, ...]:
    """Why the answer ended where it does, and what is unusual about its form.

    Parameters
    ----------
    reply
        A finished or stopped answer.
    question
        What was asked.

    Returns
    -------
    words
        "finished", or "stopped", or "cut at the token limit"; then what else a reader should
        know before relying on the text.
    """
    ends = {"stop": "finished", "stopped": "stopped", "length": "cut at the token limit"}
    words = [ends[reply.finish_reason]]
    if reply.finish_reason == "stop" and not reply.complete:
        words.append("the answer was never closed")
    if reply.conflict:
        words.append("several final answers differ")
    if question.mode == "reasoning" and reply.answer and not reply.reasoning.strip():
        words.append("no reasoning was given")
    if reply.dropped_boxes:
        count = reply.dropped_boxes
        words.append("1 box unreadable" if count == 1 else f"{count} boxes unreadable")
    return tuple(words)


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
