"""Logits to the next token: greedy or sampled, with a repetition penalty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..dialogue.question import Generation
from ..errors import EngineError
from ..extras import require
from .generation_file import NO_RULES, TokenRules


@dataclass(frozen=True)
class DecodeSettings:
    """What the decode loop goes by.

    Parameters
    ----------
    max_new_tokens
        Upper bound, the end token included.
    temperature, top_p, seed
        As in ``Generation``.
    repetition_penalty
        1 is none.
    stop_ids
        Tokens that end the answer.
    rules
        Tokens that must not come, of ``generation_config.json``.
    """

    max_new_tokens: int = 1024
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    repetition_penalty: float = 1.0
    stop_ids: tuple[int, ...] = ()
    rules: TokenRules = NO_RULES

    @classmethod
    def of(
        cls,
        generation: Generation,
        *,
        penalty: float,
        stop_ids: Sequence[int],
        rules: TokenRules = NO_RULES,
    ) -> DecodeSettings:
        """Take a question's settings; ``penalty`` stands where it names none."""
        own = generation.repetition_penalty
        return cls(
            max_new_tokens=generation.max_new_tokens,
            temperature=generation.temperature,
            top_p=generation.top_p,
            seed=generation.seed,
            repetition_penalty=penalty if own is None else own,
            stop_ids=tuple(stop_ids),
            rules=rules,
        )


class Sampler:
    """Chooses tokens one by one and remembers which were seen.

    The repetition penalty (Keskar et al. 2019, arXiv:1909.05858, section 4.1, as transformers
    applies it) divides positive and multiplies negative logits of every token of the prompt and
    of the answer so far, picture tokens included.

    Parameters
    ----------
    settings
        Temperature and relatives.
    prompt_ids
        Tokens of the prompt.

    Raises
    ------
    EngineError
        By :meth:`pick`, where logits are not finite: any token would be an invention.
    """

    def __init__(self, settings: DecodeSettings, prompt_ids: Sequence[int]) -> None:
        self._torch = require("torch", "to run a model")
        self._settings = settings
        self._ids = list(dict.fromkeys(int(i) for i in prompt_ids))
        # In their order, where the rules need it.
        self._all = [int(i) for i in prompt_ids] if settings.rules else []
        self._prompt = len(self._all)
        # On the CPU: the same seed then means the same answer whatever the device.
        self._random = self._torch.Generator().manual_seed(settings.seed)

    def pick(self, logits: Any) -> int:
        """Choose the next token.

        Parameters
        ----------
        logits
            float32 tensor (vocabulary,); it is not changed.
        """
        scores = self._allowed(self._penalised(logits))
        greedy = self._settings.temperature <= 0
        best = int(scores.argmax())
        # Where any is NaN, that is what argmax finds.
        if not math.isfinite(float(scores[best])):
            raise EngineError(
                "The model's numbers are not finite (NaN or infinite), so there is no answer.",
                "Choose float32 or bfloat16 where float16 was chosen; otherwise the weights are "
                "damaged: get them again.",
            )
        chosen = best if greedy else self._sampled(scores)
        self._ids.append(chosen)
        if self._settings.rules:
            self._all.append(chosen)
        return chosen

    def _allowed(self, scores: Any) -> Any:
        rules = self._settings.rules
        if not rules:
            return scores
        found = rules.forbidden(self._all, self._prompt, self._settings.stop_ids)
        none = [token for token in found if 0 <= token < len(scores)]
        if not none:
            return scores
        if len(none) == len(scores):
            raise EngineError(
                "generation_config.json forbids every token here, so there is no answer."
            )
        with self._torch.inference_mode():
            scores = scores.clone()
            scores[self._torch.tensor(none, device=scores.device)] = float("-inf")
            return scores

    def _penalised(self, logits: Any) -> Any:
        penalty = self._settings.repetition_penalty
        if penalty == 1.0:
            return logits
        torch = self._torch
        with torch.inference_mode():
            seen = torch.tensor(self._ids, dtype=torch.int64, device=logits.device)
            scores = logits.clone()
            own = scores[seen]
            scores[seen] = torch.where(own < 0, own * penalty, own / penalty)
            return scores

    def _sampled(self, scores: Any) -> int:
        torch = self._torch
        with torch.inference_mode():
            scaled = scores.cpu() / self._settings.temperature
            if self._settings.top_p < 1.0:
                ordered, order = torch.sort(scaled, descending=False)
                # The least likely tokens that together hold no more than 1 - top_p fall away.
                drop = ordered.softmax(-1).cumsum(-1) <= 1 - self._settings.top_p
                drop[-1] = False
                scaled[order[drop]] = float("-inf")
            return int(torch.multinomial(scaled.softmax(-1), 1, generator=self._random))
