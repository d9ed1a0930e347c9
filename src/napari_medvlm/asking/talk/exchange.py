"""One question and what has come back of it so far, with its words for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from ...dialogue import Question, Reply, Turn
from ..answer.ending import finish_words
from ..answer.masks import PlacedMask, place_masks
from ..answer.placing import PlacedBox, place


class Stage(StrEnum):
    """Where a question is on its way."""

    QUEUED = "queued"
    LOADING = "loading"
    READING = "reading"
    THINKING = "thinking"
    ANSWERING = "answering"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


#: Stages after which nothing more comes.
ENDED = frozenset({Stage.DONE, Stage.STOPPED, Stage.FAILED})


@dataclass(frozen=True, eq=False)
class Exchange:
    """A question on its way, or its answer; frozen, replaced at every event.

    Parameters
    ----------
    number
        Of the question in its conversation, from 1.
    request
        The engine's number of the question; 0 while it waits for another answer to end.
    question
        What was asked.
    model
        Label of the model that was asked.
    sent
        The question's turn as the model got it, templates and suffixes included.
    asked_at, first_token_at, answer_at, ended_at
        Seconds of the conversation's clock; None where it has not come to that.
    stage
        Where it is.
    detail
        What the stage is busy with, as words: "40 %", "1 ahead", "5 images, 640 tokens".
    reasoning, answer
        Text so far, as the model wrote it.
    tokens, reasoning_tokens
        New tokens so far, and how many of them came before the answer began.
    reply
        The finished answer.
    message, advice
        Why there is no answer, and what to do.
    earlier
        Numbers of the questions before it in its branch, oldest first.
    instead_of
        Number of the question that it asks again, or in other words; None for a new one.
    conversation
        Number of the conversation that it belongs to, see `belonging`.
    damage
        What of a kept one was changed or damaged since it was written, a sentence each.
    """

    number: int
    request: int
    question: Question
    model: str = ""
    sent: str = ""
    asked_at: float = 0.0
    first_token_at: float | None = None
    answer_at: float | None = None
    ended_at: float | None = None
    stage: Stage = Stage.QUEUED
    detail: str = ""
    reasoning: str = ""
    answer: str = ""
    tokens: int = 0
    reasoning_tokens: int = 0
    reply: Reply | None = None
    message: str = ""
    advice: str = ""
    earlier: tuple[int, ...] = ()
    instead_of: int | None = None
    conversation: int = 1
    damage: tuple[str, ...] = ()

    @cached_property
    def scans(self) -> frozenset[str]:
        """Content hashes of the scans and clips that it shows."""
        return frozenset(frame.source for frame in self.question.frames)

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.stage in ENDED

    @property
    def earlier_sitting(self) -> bool:
        """Whether it came back from the journal: its request is one that no engine gives."""
        return self.request < 0

    @property
    def boxes(self) -> tuple[PlacedBox, ...]:
        """The answer's boxes on the source."""
        return () if self.reply is None else place(self.reply, self.question.frames)

    @cached_property
    def masks(self) -> tuple[PlacedMask, ...]:
        """The answer's masks on the voxels of the source."""
        return () if self.reply is None else place_masks(self.reply, self.question.frames)

    @property
    def turn(self) -> Turn | None:
        """As a part of the next question's history; None without a whole answer."""
        if self.reply is None or self.stage is not Stage.DONE:
            return None
        asked = self.question
        # The model has to see the conversation that it had; so its cache stays good for all of it.
        words = self.sent or asked.text
        # Where the prompt began the reasoning, that beginning is part of what the model said.
        opening = "<think>\n" if self.reply.thought_opened else ""
        return Turn(
            words,
            opening + self.reply.raw,
            asked.frames,
            asked.frame_kind,
            asked.seconds_per_frame,
            asked.tiles,
        )

    def seconds(self, now: float) -> float:
        """Since it was asked, until its end or until now."""
        return max((now if self.ended_at is None else self.ended_at) - self.asked_at, 0.0)

    def tokens_per_second(self, now: float) -> float | None:
        """Speed of decoding; None before there is anything to measure."""
        if self.reply is not None and self.reply.timings.decode > 0 and self.reply.new_tokens > 1:
            return (self.reply.new_tokens - 1) / self.reply.timings.decode
        if self.first_token_at is None or self.tokens < 2:
            return None
        spent = (now if self.ended_at is None else self.ended_at) - self.first_token_at
        return (self.tokens - 1) / spent if spent > 0 else None

    def reasoning_words(self, now: float) -> str:
        """The reasoning's heading: "Reasoning · 3.2 s · 118 tokens"."""
        words = ["Reasoning"]
        if self.first_token_at is not None:
            until = self.answer_at if self.answer_at is not None else self.ended_at
            words.append(_seconds((now if until is None else until) - self.first_token_at))
        count = self.tokens if self.answer_at is None else self.reasoning_tokens
        if count:
            words.append(_count(count, "token"))
        return " · ".join(words)

    def status_words(self, now: float) -> str:
        """What is happening, or what it took: the line below the answer."""
        if self.stage is Stage.FAILED:
            return f"{self.message} {self.advice}".strip()
        if self.ended:
            return self._ended_words(now)
        name = {
            Stage.QUEUED: "waiting for the model" if self.request else "waiting its turn",
            Stage.LOADING: "loading the model",
            Stage.READING: "reading",
            Stage.THINKING: "thinking",
            Stage.ANSWERING: "answering",
        }[self.stage]
        words = [f"{name} {self.detail}" if self.stage is Stage.READING else name]
        if self.detail and self.stage is not Stage.READING:
            words.append(self.detail)
        if self.stage in (Stage.THINKING, Stage.ANSWERING):
            words.append(_count(self.tokens, "token"))
        return " · ".join([*words, _seconds(self.seconds(now))]).strip()

    def _ended_words(self, now: float) -> str:
        words = [] if self.reply is None else [finish_words(self.reply)]
        words.append(_seconds(self.seconds(now)))
        if self.tokens:
            words.append(_count(self.tokens, "token"))
        speed = self.tokens_per_second(now)
        if speed is not None:
            words.append(f"{speed:.0f} tok/s")
        if self.reply is not None and self.reply.prompt_tokens:
            reused = self.reply.reused_tokens
            asked = f"prompt {self.reply.prompt_tokens:,}"
            words.append(f"{asked}, {reused:,} of them reused" if reused else asked)
        return " · ".join(words)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _seconds(seconds: float) -> str:
    if seconds < 100:
        return f"{max(seconds, 0.0):.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"
