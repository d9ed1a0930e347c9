"""Models that behave in one certain way each; opened by name from both sides of the pipe."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_medvlm.dialogue.events import Event, Prefill, Replied, Token
from napari_medvlm.dialogue.question import Question
from napari_medvlm.dialogue.reply import Mask, Reply
from napari_medvlm.errors import CheckpointError, QuestionError
from napari_medvlm.models.base import Prompt

ShouldStop = Callable[[], bool]
Stream = Callable[[Question, ShouldStop], Iterator[Event]]


@dataclass
class FakeModel:
    """Streams what one function yields."""

    answer: Stream
    name: str = "fake"
    family: str = "fake"
    forgotten: int = 0

    def encode(self, question: Question) -> Prompt:
        return Prompt(text=question.text, input_ids=np.zeros(1, np.int64))

    def next_token_logits(self, prompt: Prompt) -> npt.NDArray[np.float32]:
        return np.zeros(2, np.float32)

    def stream(self, question: Question, should_stop: ShouldStop | None = None) -> Iterator[Event]:
        # What a careless library may do to the channel.
        print("noise on stdout")
        os.write(1, b"\x00 more noise")
        yield Prefill(tokens=3)
        yield from self.answer(question, should_stop or (lambda: False))

    def forget(self) -> None:
        self.forgotten += 1

    def close(self) -> None:
        self.answer = _gone


def _gone(question: Question, should_stop: ShouldStop) -> Iterator[Event]:
    raise AssertionError("a closed model was asked")


def _words(question: Question, should_stop: ShouldStop, seconds: float) -> Iterator[Event]:
    said: list[str] = []
    for word in question.text.split():
        if should_stop():
            text = "".join(said)
            yield Replied(
                reply=Reply(raw=text, finish_reason="stopped", new_tokens=len(said), complete=False)
            )
            return
        said.append(f"{word} ")
        yield Token(text=said[-1], count=len(said))
        time.sleep(seconds)
    yield Replied(reply=Reply(raw="".join(said), answer=question.text, new_tokens=len(said)))


def _digests(question: Question, should_stop: ShouldStop) -> Iterator[Event]:
    frames = [*question.frames, *(f for turn in question.history for f in turn.frames)]
    text = " ".join(frame.digest for frame in frames)
    if question.volume is not None:
        text += f" {question.volume.shape} {float(question.volume.sum())}"
    masks = tuple(Mask("bright", f.pixels[..., 0] > 127, i) for i, f in enumerate(frames))
    yield Replied(reply=Reply(raw=text, masks=masks))


def _facts(question: Question, should_stop: ShouldStop) -> Iterator[Event]:
    names = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "OMP_NUM_THREADS")
    nice = os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else None
    text = f"{[os.environ.get(n) for n in names]} {nice} {'torch' in sys.modules}"
    yield Replied(reply=Reply(raw=text))


def _no_room(question: Question, should_stop: ShouldStop) -> Iterator[Event]:
    yield Token(text="so far")
    if question.text == "device":
        raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB.")
    raise MemoryError


def _fall(question: Question, should_stop: ShouldStop) -> Iterator[Event]:
    yield Token(text="so far")
    if question.text == "exit":
        os._exit(7)
    if question.text == "leave":
        sys.exit("a library thinks the program is its own")
    if question.text == "fall":
        os.kill(os.getpid(), signal.SIGABRT)
    yield Replied(reply=Reply(raw="alive"))


def _hang(question: Question, should_stop: ShouldStop) -> Iterator[Event]:
    yield Token(text="one ")
    yield Token(text="two")
    while question.text == "hang":
        time.sleep(0.05)  # and never looks at should_stop
    yield Replied(reply=Reply(raw="alive"))


def _babble(question: Question, should_stop: ShouldStop) -> Iterator[Event]:
    # Events for longer than any test waits, and never looks at should_stop. Not for ever: the
    # thread of a model in this process cannot be ended, and lives on through later tests.
    end = time.monotonic() + 30
    while time.monotonic() < end:
        yield Token(text="bla ")
        time.sleep(0.002)


def _hold(question: Question, should_stop: ShouldStop) -> Iterator[Event]:
    yield Token(text="one")
    # A native call that keeps the interpreter's lock: no other thread runs, signals wait.
    ctypes.PyDLL(None).sleep(60)


def _refuse(question: Question, should_stop: ShouldStop) -> Iterator[Event]:
    if question.text == "silent":
        return
    if question.text == "bug":
        raise KeyError("rotary\nsecond line")
    raise QuestionError("Expected at least one frame, found none.", "Choose slices to send.")
    yield


def _call_out(question: Question, should_stop: ShouldStop) -> Iterator[Event]:
    said = []
    attempts: dict[str, Callable[[], Any]] = {
        "connect": lambda: socket.create_connection(("127.0.0.1", int(question.text))),
        "raw": lambda: _raw_connect(int(question.text)),
        "name": lambda: socket.getaddrinfo("example.org", 443),
        "send": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(
            b"x", ("127.0.0.1", int(question.text))
        ),
    }
    for name, attempt in attempts.items():
        try:
            attempt()
        except PermissionError as error:
            said.append(f"{name} {'never uses the network' in str(error)}")
        else:
            said.append(f"{name} went out")
    if hasattr(socket, "AF_UNIX"):
        one, other = socket.socketpair()
        one.sendall(b"x")
        said.append(f"local {other.recv(1) == b'x'}")
    yield Replied(reply=Reply(raw=" | ".join(said)))


def _raw_connect(port: int) -> None:
    import _socket

    with_nothing_between = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    with_nothing_between.connect(("127.0.0.1", port))


def _make(answer: Stream) -> Callable[..., FakeModel]:
    def open_model(
        path: str,
        device: str = "cpu",
        dtype: str = "float32",
        profile: str | None = None,
        progress: Callable[[str, float | None], None] | None = None,
    ) -> FakeModel:
        if progress is not None:
            progress("weights", 0.5)
        return FakeModel(answer, name=path)

    return open_model


fast = _make(lambda q, s: _words(q, s, 0.0))
slow = _make(lambda q, s: _words(q, s, 0.05))
echo = _make(_digests)
facts = _make(_facts)
no_room = _make(_no_room)
falling = _make(_fall)
hanging = _make(_hang)
holding = _make(_hold)
babbling = _make(_babble)
refusing = _make(_refuse)
calling_out = _make(_call_out)


def hog(path: str, **facts: Any) -> FakeModel:
    """Holds 100 MB, so that its going can be seen."""
    model = fast(path)
    model.weights = np.ones(100 * 1024 * 1024, np.uint8)  # type: ignore[attr-defined]
    return model


def too_big(path: str, progress: Callable[..., None], **facts: Any) -> FakeModel:
    """Runs out of memory half way, unless it is the small one."""
    progress("weights", 0.5)
    if path == "small":
        return fast(path)
    raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")


def incomplete(path: str, **facts: Any) -> FakeModel:
    """A folder without its weights."""
    raise CheckpointError(f"No model.safetensors in {path}.", "Download it again.")


def slow_to_load(path: str, progress: Callable[..., None], **facts: Any) -> FakeModel:
    """Loads for ten seconds in small steps."""
    for step in range(200):
        progress("weights", step / 200)
        time.sleep(0.05)
    return replace(fast(path), name="loaded after all")


def many_tensors(
    path: str, progress: Callable[[str, float | None], None], **facts: Any
) -> FakeModel:
    """A checkpoint of a thousand tensors."""
    for step in range(1000):
        progress("weights", (step + 1) / 1000)
    return fast(path)


def placed(path: str, **facts: Any) -> FakeModel:
    """A model that says where it went, as one that was left to choose does."""
    model = fast(path)
    model.device, model.dtype = "cuda:1", "torch.bfloat16"  # type: ignore[attr-defined]
    return model
