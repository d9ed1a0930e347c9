"""The model's side: opens the model, asks it, and turns every way to fail into one event.

Runs in the main thread of the model process, or in a thread of this one for the in-process
engine. It knows nothing of pipes; what happens is handed to ``emit``.
"""

from __future__ import annotations

import gc
import importlib
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from ..dialogue.events import Event, Failed, Loaded, Loading, Replied, Unloaded
from ..dialogue.question import Question
from ..dialogue.reply import Reply
from ..errors import EngineError, MedvlmError
from ..models.base import Model
from ..safe_text import visible
from .choice import ModelChoice
from .folder_state import FolderState, folder_state
from .memory import is_out_of_memory, memory_bytes

DEFAULT_OPENER = "napari_medvlm.models:open_model"

#: The answer that was stopped while its model was loading.
NOTHING_SAID = Reply(raw="", complete=False, finish_reason="stopped")

#: A checkpoint may have a thousand tensors; each hundredth of them is news.
_PROGRESS_STEP = 0.01

ShouldStop = Callable[[], bool]
Opener = Callable[..., Model]

_log = logging.getLogger(__name__)


class _LoadingStopped(Exception):
    """Raised out of the progress call to leave a load that nobody waits for any more."""


class Runner:
    """Holds at most one model.

    Parameters
    ----------
    opener
        "module:function" with the signature of ``open_model``.
    emit
        Takes every event, in order, stamped with its request.
    """

    def __init__(self, opener: str, emit: Callable[[Event], None]) -> None:
        self._opener = opener
        self._emit = emit
        self._model: Model | None = None
        self._choice: ModelChoice | None = None
        self._files: FolderState = ()

    def prepare(self, choice: ModelChoice) -> None:
        """Import what loading a model takes; what goes wrong is said when it is loaded."""
        module = self._opener.partition(":")[0]
        try:
            importing = getattr(importlib.import_module(module), "import_libraries", None)
            if callable(importing):
                importing(choice.path)
        except Exception as error:
            _log.info("Imports ahead of loading ended: %s", one_line(error))

    def load(self, request: int, choice: ModelChoice, should_stop: ShouldStop) -> None:
        """Load a model; ends in one Loaded, Failed, or Unloaded when stopped."""
        stopped = Unloaded(request=request)
        self._guarded(request, lambda: self._load(request, choice, should_stop), stopped)

    def ask(
        self, request: int, question: Question, choice: ModelChoice, should_stop: ShouldStop
    ) -> None:
        """Load if needed and answer; ends in one Replied or Failed."""
        stopped = Replied(request=request, reply=NOTHING_SAID)
        self._guarded(
            request, lambda: self._answer(request, question, choice, should_stop), stopped
        )

    def unload(self) -> None:
        """Free the model."""
        model, self._model, self._choice = self._model, None, None
        if model is not None:
            model.close()
        del model
        _collect()

    def memory(self) -> int:
        """Bytes that the model takes; see ``memory_bytes``."""
        return memory_bytes(self._device())

    def _guarded(self, request: int, work: Callable[[], None], when_stopped: Event) -> None:
        failure: Event
        try:
            work()
            return
        except _LoadingStopped:
            failure = when_stopped
        except MedvlmError as error:
            _log.info("Request %d refused: %s", request, visible(str(error)))
            failure = Failed(
                request=request, kind="user", message=error.message, advice=error.advice
            )
        except Exception as error:
            failure = self._explain(request, error)
        # Only now: while the exception lives, so do the tensors of its frames.
        if isinstance(failure, Failed) and failure.kind == "memory":
            self._drop_caches()
        self._emit(failure)

    def _explain(self, request: int, error: Exception) -> Failed:
        _log.error("Request %d failed", request, exc_info=error)
        if is_out_of_memory(error):
            loading = self._model is None
            return Failed(
                request=request,
                kind="memory",
                message="There was not enough memory to "
                + ("load the model." if loading else "answer this question."),
                advice="Choose a smaller model or a lower precision."
                if loading
                else "Send fewer images, or choose a smaller model or a lower precision.",
            )
        return Failed(
            request=request,
            kind="model",
            message=f"The model failed: {one_line(error)}",
            advice="Asking again may help; the log holds the details.",
        )

    def _load(self, request: int, choice: ModelChoice, should_stop: ShouldStop) -> None:
        if self._holds(choice):
            self._emit(self._loaded(request, 0.0))
        else:
            self._ensure(request, choice, should_stop)

    def _ensure(self, request: int, choice: ModelChoice, should_stop: ShouldStop) -> Model:
        if self._model is not None and self._holds(choice):
            return self._model
        self.unload()
        start = time.monotonic()

        told = Loading()

        def progress(stage: str, fraction: float | None = None) -> None:
            nonlocal told
            if should_stop():
                raise _LoadingStopped
            news = Loading(request=request, stage=stage, fraction=fraction)
            if _is_news(told, news):
                told = news
                self._emit(news)

        progress("opening the model")
        files = folder_state(choice.path)
        opener = _find(self._opener)
        model = opener(
            choice.path,
            device=choice.device,
            dtype=choice.dtype,
            profile=choice.profile,
            progress=progress,
        )
        if folder_state(choice.path) != files:
            model.close()
            raise EngineError(
                "The model's files changed while they were read.",
                "Ask again when nothing writes into its folder any more.",
            )
        self._model, self._choice, self._files = model, choice, files
        self._emit(self._loaded(request, time.monotonic() - start))
        return model

    def _holds(self, choice: ModelChoice) -> bool:
        """Whether the model of a choice is loaded, from the files that are there now."""
        if self._model is None or choice != self._choice:
            return False
        return folder_state(choice.path) == self._files

    def _loaded(self, request: int, seconds: float) -> Loaded:
        assert self._choice is not None
        model: Any = self._model
        return Loaded(
            request=request,
            name=self._choice.name or str(model.name),
            device=self._device(),
            dtype=str(getattr(model, "dtype", self._choice.dtype)).removeprefix("torch."),
            memory_bytes=self.memory(),
            seconds=seconds,
        )

    def _device(self) -> str:
        # The choice may say "auto"; the model knows what became of that.
        wanted = self._choice.device if self._choice else "cpu"
        return str(getattr(self._model, "device", wanted))

    def _answer(
        self, request: int, question: Question, choice: ModelChoice, should_stop: ShouldStop
    ) -> None:
        model = self._ensure(request, choice, should_stop)
        if should_stop():
            raise _LoadingStopped
        for event in model.stream(question, should_stop):
            if isinstance(event, Replied) and folder_state(choice.path) != self._files:
                # The record names the files by their hash: it would name others.
                raise EngineError(
                    "The model's files changed while it answered, so the answer cannot be "
                    "recorded as theirs.",
                    "Ask again: the files that are there now are then loaded.",
                )
            self._emit(replace(event, request=request))
            if isinstance(event, Replied):
                return
        raise EngineError("The model stopped talking without an answer.", "Ask again.")

    def _drop_caches(self) -> None:
        if self._model is None:
            self.unload()
        else:
            # Families keep the conversation's cache and encoded images between questions.
            forget = getattr(self._model, "forget", None)
            if callable(forget):
                forget()
        _collect()


def _is_news(told: Loading, now: Loading) -> bool:
    if told.stage != now.stage or None in (told.fraction, now.fraction):
        return told != now
    step = (now.fraction or 0.0) - (told.fraction or 0.0)
    return step >= _PROGRESS_STEP or now.fraction == 1.0


def one_line(error: BaseException) -> str:
    """Give an exception's type and the first line of its text, for people."""
    lines = [visible(line) for line in str(error).strip().splitlines()]
    name = type(error).__name__
    return f"{name}: {lines[0][:300]}" if lines else name


def _find(dotted: str) -> Opener:
    module, _, name = dotted.partition(":")
    return cast("Opener", getattr(importlib.import_module(module), name))


def _collect() -> None:
    gc.collect()
    torch = sys.modules.get("torch")  # never imported for this
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
