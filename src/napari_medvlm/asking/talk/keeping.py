"""From a conversation to the journal, and back when the same study is opened again.

The journal is written by a thread of its own: encoding frames and waiting for another program
must hold up nobody.
"""

from __future__ import annotations

import importlib.metadata
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ...engine import ModelChoice
from ...errors import MedvlmError
from ...records import Capsule, Journal, Kept, ModelRecord, Progress, State, journal_path
from ...records.fingerprint import folder_digest
from ...records.journal import MOST_BYTES
from ..choose.legend import without_legend_line
from ..model.offers import ModelOffer
from .exchange import Exchange, Stage
from .journals import Journals, may_be_beside

#: Seconds between two writings of an answer that is on its way.
EVERY = 0.5
#: Seconds after which an ending program begins no further writing.
_LAST_SECONDS = 3.0
#: How many questions come back when a study is opened again.
BROUGHT_BACK = 12

_STATES: dict[Stage, State] = {
    Stage.QUEUED: "asked",
    Stage.LOADING: "asked",
    Stage.READING: "asked",
    Stage.THINKING: "answering",
    Stage.ANSWERING: "answering",
    Stage.DONE: "replied",
    Stage.STOPPED: "stopped",
    Stage.FAILED: "failed",
}
_STAGES: dict[State, Stage] = {
    "asked": Stage.FAILED,
    "answering": Stage.FAILED,
    "replied": Stage.DONE,
    "stopped": Stage.STOPPED,
    "failed": Stage.FAILED,
}
NEVER_ENDED = "This answer was never finished, or another window is still waiting for it."


class Keeper:
    """Keeps what is asked and answered, as it happens.

    No method waits for the file, but for `wait`. What goes wrong with it is told once, see
    `problems`; asking goes on.

    Parameters
    ----------
    path
        The journal's file; None keeps nothing.
    most_bytes
        The size of the file beyond which the oldest questions go.
    clock
        Seconds from any fixed point, that of the conversation.
    """

    def __init__(
        self,
        path: Path | None,
        clock: Callable[[], float] = time.monotonic,
        *,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._keeps, self._most_bytes, self._beside = True, most_bytes, False
        self._clock = clock
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="medvlm-journal")
        self._closed = path is None
        self._give_up_at: float | None = None
        self._work: list[Future[None]] = []
        self._sought: set[str] = set()
        self._scans: dict[str, Path] = {}
        self._written: dict[int, float] = {}
        # The worker's own.
        self._journals = None if path is None else Journals(path, self._say)
        self._places: dict[int, tuple[Journal, int]] = {}
        self._found_in: dict[str, Journal] = {}
        self._conversations: dict[tuple[Journal, int], int] = {}
        self._brought_back: set[tuple[Journal, int]] = set()
        # Handed over by the worker.
        self._lock = threading.Lock()
        self._found: list[Kept] = []
        self._words: tuple[str, ...] = ()
        self._problems: dict[str, bool] = {}

    @classmethod
    def of_user(cls) -> Keeper:
        """The user's journal, which ``MEDVLM_JOURNAL`` may place elsewhere or switch off."""
        return cls(journal_path())

    @property
    def waiting(self) -> bool:
        """Whether something is still to be written or read."""
        return bool(self._work)

    def prefer(self, *, keep: bool, most_bytes: int, beside: bool = False) -> None:
        """Say whether and where questions are kept from now on.

        A question that is kept already is kept with its answer, and can still be deleted.

        Parameters
        ----------
        keep
            Whether they are kept at all.
        most_bytes
            How large a journal may grow.
        beside
            Beside the study, where its place is known and ``MEDVLM_JOURNAL`` names no other.
        """
        self._keeps, self._most_bytes = keep, most_bytes
        self._beside = beside and may_be_beside()

    def seek(self, study: str, scan: Path | None = None) -> None:
        """Ask for what is kept of a study, once; see `poll`.

        Parameters
        ----------
        study
            Its content hash.
        scan
            Its file or folder, where that is known.
        """
        if scan is not None:
            self._scans[study] = scan
        if study and self._keeps and study not in self._sought:
            self._sought.add(study)
            self._submit(self._seek, study, self._scan(study))

    def seek_words(self) -> None:
        """Ask for the words of earlier questions, about any study; see `words`."""
        if self._keeps:
            self._submit(self._seek_words)

    def words(self) -> tuple[str, ...]:
        """What was found of them, once; the oldest first."""
        with self._lock:
            found, self._words = self._words, ()
        return found

    def asked(self, exchange: Exchange, offer: ModelOffer, continues: int | None = None) -> None:
        """Keep a new question with its frames.

        Parameters
        ----------
        exchange, offer
            The question, and whom it asks.
        continues
            Number of the kept conversation that it goes on with; None where its conversation
            began in this sitting.
        """
        # It is in the conversation already: what is kept of its study need not come back.
        self._sought.update(frame.source for frame in exchange.question.frames)
        if self._keeps:
            frames = exchange.question.frames
            scan = self._scan(frames[0].source) if frames else None
            self._submit(self._asked, exchange, offer, scan, self._most_bytes, continues)

    def heard(self, exchanges: Iterable[Exchange]) -> None:
        """Keep what has come: the end of an answer at once, text on its way now and then."""
        now = self._clock()
        for exchange in exchanges:
            last = self._written.get(exchange.number)
            if exchange.ended or last is None or now - last >= EVERY:
                self._written[exchange.number] = now
                self._submit(self._heard, exchange.number, progress_of(exchange, now))

    def forget(self, exchange: Exchange) -> None:
        """Delete what is kept of an exchange, of this sitting or of an earlier one."""
        self._submit(self._forget, exchange)

    def poll(self) -> tuple[Kept, ...]:
        """What was found of studies that were sought, each once; the oldest first."""
        done = [work for work in self._work if work.done()]
        self._work = [work for work in self._work if work not in done]
        for work in done:
            work.result()
        with self._lock:
            found, self._found = self._found, []
        return tuple(found)

    def problems(self) -> tuple[str, ...]:
        """Sentences for the user about the journal, each once."""
        with self._lock:
            new = [words for words, told in self._problems.items() if not told]
            self._problems.update(dict.fromkeys(new, True))
        return tuple(new)

    def wait(self) -> None:
        """Wait until all is written and read."""
        for work in self._work:
            work.result()

    def close(self) -> None:
        """Close the file once all is written; the interpreter waits for that before it ends."""
        if self._closed:
            return
        self._closed = True
        self._give_up_at = time.monotonic() + _LAST_SECONDS
        try:
            self._work.append(self._pool.submit(self._close))
        except RuntimeError:
            # The interpreter is ending and has waited for the worker: all is written.
            self._close()
        self._pool.shutdown(wait=False)

    def _scan(self, study: str) -> Path | None:
        return self._scans.get(study) if self._beside else None

    # ------------------------------------------------------------------ in the worker

    def _submit(self, work: Callable[..., None], *values: object) -> None:
        if not self._closed:
            self._work.append(self._pool.submit(self._told, work, *values))

    def _told(self, work: Callable[..., None], *values: object) -> None:
        if self._give_up_at is not None and time.monotonic() > self._give_up_at:
            return  # the program ends; what could not be written was told
        try:
            work(*values)
        except MedvlmError as error:
            self._say(str(error))

    def _say(self, words: str) -> None:
        with self._lock:
            self._problems.setdefault(words, False)

    def _seek(self, study: str, scan: Path | None) -> None:
        assert self._journals is not None  # without a file nothing is submitted
        found = self._journals.find(study, scan, BROUGHT_BACK)
        if found is None:
            return
        journal, kept = found
        self._found_in[study] = journal
        # A question about several studies is found by each of them, and comes back once.
        here = {*self._places.values(), *self._brought_back}
        new = [one for one in kept if (journal, one.number) not in here]
        self._brought_back.update((journal, one.number) for one in new)
        with self._lock:
            self._found += new

    def _seek_words(self) -> None:
        assert self._journals is not None  # without a file nothing is submitted
        found = tuple(without_legend_line(one) for one in self._journals.questions())
        with self._lock:
            self._words = found

    def _asked(
        self,
        exchange: Exchange,
        offer: ModelOffer,
        scan: Path | None,
        most_bytes: int,
        continues: int | None,
    ) -> None:
        assert self._journals is not None  # without a file nothing is submitted
        journal = self._journals.for_writing(scan, most_bytes)
        capsule = capsule_of(exchange, offer.choice)
        conversation = self._conversation(journal, exchange, capsule.study, continues)
        asked = exchange.question
        frames = [*asked.frames, *(frame for turn in asked.history for frame in turn.frames)]
        pixels = {frame.digest: frame.pixels for frame in frames}
        self._places[exchange.number] = journal, journal.ask(conversation, capsule, pixels)

    def _conversation(
        self, journal: Journal, exchange: Exchange, study: str, continues: int | None
    ) -> int:
        """Number of the kept conversation that a question stands in; one is begun if need be."""
        key = journal, exchange.conversation
        number = self._conversations.get(key)
        if number is None and continues is not None:
            in_it = {self._found_in.get(source) for source in exchange.scans}
            number = continues if journal in in_it else None
        # It may have been wiped, or have had to make room.
        if number is None or all(one.number != number for one in journal.conversations()):
            number = journal.begin(study)
        self._conversations[key] = number
        return number

    def _heard(self, number: int, progress: Progress) -> None:
        # A question that could not be kept, or was not to be, has no place.
        if number in self._places:
            journal, kept = self._places[number]
            journal.progress({kept: progress})

    def _forget(self, exchange: Exchange) -> None:
        place = self._places.pop(exchange.number, None)
        if place is None and exchange.request < 0:
            # What came back carries its number in the journal, see `exchange_of`.
            assert self._journals is not None  # without a file nothing is submitted
            sources = (frame.source for frame in exchange.question.frames)
            found = (self._found_in[source] for source in sources if source in self._found_in)
            place = next(found, None) or self._journals.own, -exchange.request
        if place is not None:
            place[0].forget(place[1])

    def _close(self) -> None:
        if self._journals is not None:
            self._journals.close()


def capsule_of(exchange: Exchange, choice: ModelChoice) -> Capsule:
    """Everything that decides the answer to a question."""
    model = ModelRecord(
        exchange.model,
        folder_digest(choice.path),
        choice.profile or "",
        choice.device,
        choice.dtype,
    )
    return Capsule.of(exchange.question, model, prompt=exchange.sent, versions=versions())


def versions() -> dict[str, str]:
    """Versions of this program and of what computes its answers, without importing them."""
    found = {}
    for name in ("napari-medvlm", "torch", "transformers"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = ""
    return found


def progress_of(exchange: Exchange, now: float) -> Progress:
    """What has come back of a question, as the journal keeps it."""
    return Progress(
        _STATES[exchange.stage],
        exchange.reasoning,
        exchange.answer,
        exchange.tokens,
        exchange.reasoning_tokens,
        exchange.seconds(now),
        exchange.reply,
        exchange.message,
        exchange.advice,
    )


def exchange_of(kept: Kept, number: int, now: float) -> Exchange:
    """A kept question as it came to its end, or to none.

    Parameters
    ----------
    kept
        As the journal gave it.
    number
        Its number in the conversation.
    now
        Seconds of the conversation's clock.

    Raises
    ------
    RecordError
        If one of its frames is missing.
    """
    state = kept.progress
    ended = state.state not in ("asked", "answering")
    return Exchange(
        number=number,
        request=-kept.number,  # the engine's are positive: no event is meant for it
        question=kept.question,
        model=kept.capsule.model.label,
        sent=kept.capsule.prompt,
        asked_at=now - state.seconds,
        answer_at=now if state.answer else None,
        ended_at=now,
        stage=_STAGES[state.state],
        reasoning=state.reasoning,
        answer=state.answer,
        tokens=state.tokens,
        reasoning_tokens=state.reasoning_tokens,
        reply=state.reply,
        message=state.message if ended else NEVER_ENDED,
        advice=state.advice,
        damage=kept.damage,
    )
