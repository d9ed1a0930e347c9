"""What all families share: a loaded model that answers questions."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..dialogue.context import ParseContext
from ..dialogue.events import Event, Prefill, Replied, Token
from ..dialogue.parse import read_reply
from ..dialogue.question import Generation, Question
from ..dialogue.reply import FinishReason, Reply, Timings
from ..errors import EngineError, QuestionError
from .base import Prompt
from .decode import Decoding, Network, never
from .detokenize import TextStream
from .generation_file import token_rules
from .prefix import Conversations, FeatureCache
from .profiles import Profile
from .sampling import DecodeSettings
from .tokens import Tokens
from .wording import TurnWriter

_THOUGHT = "<think>"


def opens_thought(prompt: Prompt) -> bool:
    """Whether a prompt ends by opening the reasoning, as some chat templates do."""
    return prompt.text.rstrip().endswith(_THOUGHT)


class AnsweringModel(ABC):
    """A network, its tokenizer and its profile; a family adds how questions become prompts.

    Parameters
    ----------
    network
        The family's.
    tokens
        The tokenizer.
    profile
        How the checkpoint is talked to.
    stops
        Tokens that end an answer.
    generation
        ``generation_config.json``: the repetition penalty where neither a question nor the
        profile names one, and tokens that must not come.

    Raises
    ------
    CheckpointError
        For a setting of that file that is not done here.
    """

    family: str = ""
    #: Writes the turns of this checkpoint; made by the family.
    writer: TurnWriter
    #: How a question gets shorter.
    shorter = "Send fewer or smaller frames, or start a new conversation."

    def __init__(
        self,
        network: Network,
        tokens: Tokens,
        profile: Profile,
        *,
        stops: tuple[int, ...],
        generation: Mapping[str, Any],
    ) -> None:
        self.name = profile.title
        # What "auto" became; the engine reports it and measures memory there.
        self.device = str(network.device)
        self.dtype = str(network.dtype).removeprefix("torch.")
        self.profile = profile
        self.tokens = tokens
        self.stop_ids = stops
        own = profile.repetition_penalty
        stated = float(generation.get("repetition_penalty") or 1.0)
        self.repetition_penalty = stated if own is None else own
        self.token_rules = token_rules(generation, stops)
        self._network: Network | None = network
        self._features = FeatureCache()
        self._conversations = Conversations(network.new_cache, network.copy_cache)

    def user_text(self, question: Question) -> str:
        """Text of the question's turn as the model gets it; keep it as ``Turn.text``."""
        return self.writer.write(question)

    @abstractmethod
    def encode(self, question: Question) -> Prompt:
        """Turn a question into tokens and pixels.

        Raises
        ------
        QuestionError
            For what the model cannot take.
        """

    @abstractmethod
    def parse_context(
        self, question: Question, prompt: Prompt, finish_reason: FinishReason
    ) -> ParseContext:
        """Say what the reply's reader has to know."""

    def finish_reply(self, question: Question, reply: Reply) -> Reply:
        """Change what was read from a text, where a family has to; as it is by default."""
        return reply

    @property
    @abstractmethod
    def max_positions(self) -> int:
        """Tokens of the longest conversation, answer included."""

    def settings(self, generation: Generation, prompt: Prompt) -> DecodeSettings:
        """Decode settings of a question, with the checkpoint's defaults and bounds."""
        if generation.max_new_tokens < 1:
            raise QuestionError(
                f"Expected at least 1 new token, found {generation.max_new_tokens}."
            )
        own = DecodeSettings.of(
            generation,
            penalty=self.repetition_penalty,
            stop_ids=self.stop_ids,
            rules=self.token_rules,
        )
        room = self.max_positions - len(prompt.input_ids)
        if room >= own.max_new_tokens:
            return own
        return DecodeSettings(**{**own.__dict__, "max_new_tokens": max(1, room)})

    def check_length(self, prompt: Prompt) -> Prompt:
        """Refuse a prompt that leaves no room for an answer; see :meth:`check_count`."""
        visual = sum(stop - start for start, stop, _ in prompt.image_spans)
        self.check_count(len(prompt.input_ids), visual)
        return prompt

    def check_count(self, length: int, visual: int) -> None:
        """Refuse as many tokens as leave no room for an answer.

        Parameters
        ----------
        length
            Tokens of the prompt.
        visual
            How many of them stand for frames.

        Raises
        ------
        QuestionError
            With the count and what to do.
        """
        if length >= self.max_positions:
            raise QuestionError(
                f"The question takes {length:,} tokens, {visual:,} of them for frames; "
                f"{self.name} takes {self.max_positions:,}.",
                self.shorter,
            )

    def features(self, prompt: Prompt) -> npt.NDArray[np.float32]:
        """Encode a prompt's pictures afresh.

        Returns
        -------
        features
            float32 (visual tokens, hidden), in the order of the tokens.
        """
        spans = range(len(prompt.image_spans))
        parts = [self._live().encode_span(prompt, index).float().cpu().numpy() for index in spans]
        return np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)

    def next_token_logits(self, prompt: Prompt) -> npt.NDArray[np.float32]:
        """Logits (vocabulary,) that choose the first new token; nothing is reused or kept."""
        decoding = self._plain(prompt, DecodeSettings())
        logits: npt.NDArray[np.float32] = decoding.prefill(decoding.encode() or {}).cpu().numpy()
        return logits

    def generate_ids(
        self, prompt: Prompt, generation: Generation | None = None, *, reuse: bool = False
    ) -> list[int]:
        """Answer a prompt and return the new tokens, the end token included.

        Parameters
        ----------
        prompt
            Of :meth:`encode`.
        generation
            Decode settings; greedy without any.
        reuse
            Whether earlier questions' caches are used and this one's kept, as ``stream`` does.
            Without it everything is computed afresh: the plain path.
        """
        settings = self.settings(generation or Generation(), prompt)
        decoding = self._decoding(prompt, settings) if reuse else self._plain(prompt, settings)
        return list(decoding.tokens(decoding.prefill(decoding.encode() or {})))

    def step_logits(self, prompt: Prompt, ids: Sequence[int]) -> npt.NDArray[np.float32]:
        """Logits (tokens, vocabulary) that stand before each token of a given answer.

        Read through the cache, one token at a time; nothing is kept.
        """
        decoding = self._plain(prompt, DecodeSettings())
        logits = [decoding.prefill(decoding.encode() or {})]
        logits += [decoding.feed(token, number) for number, token in enumerate(ids[:-1], 1)]
        return np.stack([step.cpu().numpy() for step in logits])

    def stream(
        self, question: Question, should_stop: Callable[[], bool] | None = None
    ) -> Iterator[Event]:
        """Answer a question, event by event.

        Parameters
        ----------
        question
            What is asked.
        should_stop
            Asked between pictures and between tokens.

        Yields
        ------
        event
            One Prefill, a Token for every new piece of text, then one Replied.
        """
        started = time.perf_counter()
        prompt = self.encode(question)
        settings = self.settings(question.generation, prompt)
        decoding = self._decoding(prompt, settings, should_stop or never)
        yield Prefill(
            tokens=len(prompt.input_ids),
            reused=decoding.reused,
            sent=self._fed(question, prompt),
            opens_thought=opens_thought(prompt),
        )
        needed = decoding.encode()
        encoded = time.perf_counter()
        pieces: list[str] = []
        ids: list[int] = []
        prefilled = encoded
        if needed is not None:
            logits = decoding.prefill(needed)
            prefilled = time.perf_counter()
            text = TextStream(self.tokens.visible)
            for token in decoding.tokens(logits):
                ids.append(token)
                pieces.append(text.push(token))
                yield Token(text=pieces[-1], count=len(ids))
            pieces.append(text.finish())
            if pieces[-1]:
                yield Token(text=pieces[-1], count=len(ids))
        timings = Timings(
            encode=encoded - started,
            prefill=prefilled - encoded,
            decode=time.perf_counter() - prefilled,
        )
        reply = read_reply(
            "".join(pieces),
            self.parse_context(question, prompt, decoding.finish_reason),
            prompt_tokens=len(prompt.input_ids),
            reused_tokens=decoding.reused,
            timings=timings,
            token_ids=ids,
        )
        yield Replied(reply=self.finish_reply(question, reply))

    def _fed(self, question: Question, prompt: Prompt) -> str:
        """Words of the question's turn as they stand in the prompt.

        A chat template may trim them. Should it change them further, the whole prompt is given:
        that is what went to the tokenizer, whatever became of the words.
        """
        words, text = self.user_text(question), self.readable(prompt)
        return next((said for said in (words, words.strip()) if said in text), text)

    def readable(self, prompt: Prompt) -> str:
        """Text of a prompt with one word for each picture, as turns are written."""
        return prompt.text

    def forget(self) -> None:
        """Drop what is kept of earlier questions."""
        self._conversations.clear()
        self._features.clear()

    def close(self) -> None:
        """Free the weights and caches; the model cannot be used afterwards."""
        self.forget()
        self._network = None

    def _live(self) -> Any:
        if self._network is None:
            raise EngineError("The model was unloaded.", "Load it again.")
        return self._network

    def _decoding(
        self,
        prompt: Prompt,
        settings: DecodeSettings,
        should_stop: Callable[[], bool] = never,
    ) -> Decoding:
        return Decoding(
            self._live(), prompt, settings, self._conversations, self._features, should_stop
        )

    def _plain(self, prompt: Prompt, settings: DecodeSettings) -> Decoding:
        network = self._live()
        nothing = Conversations(network.new_cache, network.copy_cache, limit=0)
        return Decoding(network, prompt, settings, nothing, FeatureCache())
