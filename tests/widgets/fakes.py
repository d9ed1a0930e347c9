"""A double of the engine: the same calls, answers from a script, no process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from napari_medvlm.asking import ModelOffer
from napari_medvlm.dialogue import (
    Event,
    Failed,
    Loaded,
    Loading,
    Prefill,
    Question,
    Queued,
    Replied,
    Reply,
    Timings,
    Token,
)
from napari_medvlm.dialogue.reply import Box
from napari_medvlm.engine import EngineState, ModelChoice
from napari_medvlm.models.catalog import PROFILES

CHOICE = ModelChoice("nowhere", "demo (toy)", profile="demo")


def toy_offer() -> ModelOffer:
    return ModelOffer("demo (toy)", CHOICE, PROFILES["demo"], "A toy, for trying the software out.")


def reply(
    reasoning: str = "Image 1 shows a round bright spot in the right lung.",
    answer: str = "There is one nodule in the right lung.",
    boxes: Sequence[Box] = (),
    **facts: object,
) -> Reply:
    raw = f"<think>{reasoning}</think><answer>{answer}</answer>"
    return Reply(
        raw=raw,
        reasoning=reasoning,
        answer=answer,
        boxes=tuple(boxes),
        new_tokens=len(raw.split()),
        prompt_tokens=120,
        timings=Timings(0.1, 0.4, 1.0),
        **facts,  # type: ignore[arg-type]
    )


def events_of(answer: Reply, pieces: int = 12) -> list[Event]:
    """What an engine reports on the way to this answer."""
    step = max(len(answer.raw) // pieces, 1)
    parts = [answer.raw[at : at + step] for at in range(0, len(answer.raw), step)]
    return [
        Queued(),
        Loading(stage="weights", fraction=0.5),
        Loaded(name="demo (toy)"),
        Prefill(tokens=120),
        *(Token(text=part, count=2 * number) for number, part in enumerate(parts, start=1)),
        Replied(reply=answer),
    ]


class FakeThread:
    """Hands out scripted events, ``pace`` at each drain; a question without script waits."""

    def __init__(self, script: Sequence[Event] = (), pace: int = 1000) -> None:
        self.script = list(script)
        self.pace = pace
        self.asked: list[Question] = []
        self.calls: list[str] = []
        self.state = EngineState()
        self._waiting: list[Event] = []
        self._request = 0

    def ask(self, question: Question, choice: ModelChoice) -> int:
        self._request += 1
        self.asked.append(question)
        self._waiting += [replace(event, request=self._request) for event in self.script]
        self.state = EngineState("answering", choice, "cpu", "float32", 640_000_000)
        return self._request

    def finish(self, request: int, answer: Reply) -> None:
        """Let a question that waits for its script come to its end."""
        self._waiting.append(Replied(request=request, reply=answer))

    def report(self, event: Event) -> None:
        """Let something happen."""
        self._waiting.append(event)

    def load(self, choice: ModelChoice) -> int:
        self._request += 1
        self.calls.append("load")
        loaded = Loaded(name=choice.name, device="cpu", dtype="float32", memory_bytes=640_000_000)
        self._waiting.append(replace(loaded, request=self._request))
        self.state = EngineState("ready", choice, "cpu", "float32", 640_000_000)
        return self._request

    def stop(self, request: int | None = None) -> None:
        self.calls.append("stop")
        number = self._request if request is None else request
        text = "".join(event.text for event in self._waiting if isinstance(event, Token))
        self._waiting = [Replied(request=number, reply=Reply(raw=text, finish_reason="stopped"))]

    def unload(self) -> None:
        self.calls.append("unload")
        self.state = EngineState()

    def close(self) -> None:
        self.calls.append("close")

    def drain(self) -> list[Event]:
        now, self._waiting = self._waiting[: self.pace], self._waiting[self.pace :]
        if any(isinstance(event, Replied | Failed) for event in now):
            self.state = replace(self.state, status="ready")
        return now
