"""A loaded model as the checks see it: every recorded quantity, computed once when asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..dialogue import Generation
from .files import RecordError


class Measured:
    """One case run through one model.

    Parameters
    ----------
    model
        Of ``open_model``: what is asked of it is ``encode_messages``, ``next_token_logits``,
        ``features``, ``generate_ids``, ``tokens.decode`` and ``stop_ids``.
    case
        ``case.json``.
    base
        Folder of the case, from which its image paths start.
    backend
        Which of the two image resizes is used: "torch" or "pil".
    """

    def __init__(self, model: Any, case: Mapping[str, Any], base: Path, backend: str) -> None:
        self._model = model
        self._case = case
        self._base = base
        self._backend = backend
        self._ids: dict[str, list[int]] = {}

    @cached_property
    def prompt(self) -> Any:
        """The encoded prompt."""
        return self._model.encode_messages(
            self._case["messages"],
            processor=self._case.get("processor", {}),
            pipeline=self._case.get("pipeline", {}),
            base=self._base,
            backend=self._backend,
        )

    @cached_property
    def first_logits(self) -> npt.NDArray[np.float32]:
        """Logits of the first new token."""
        logits: npt.NDArray[np.float32] = self._model.next_token_logits(self.prompt)
        return logits

    def extra(self, name: str) -> Any:
        """Return a named value of the prompt; None where it has none."""
        return self.prompt.extra.get(name)

    def visuals(self, kind: str) -> list[Any]:
        """Images or videos of the prompt, in order."""
        return [visual for visual in self.prompt.extra["visuals"] if visual.kind == kind]

    def pixels(self, kind: str) -> npt.NDArray[np.float32] | None:
        """Rows of patches (patches, values) of all images or videos; None without any."""
        patches = [visual.patches for visual in self.visuals(kind)]
        return np.concatenate(patches) if patches else None

    def features(self, kind: str) -> npt.NDArray[np.float32] | None:
        """Vision features (tokens, hidden) of all images or videos; None without any."""
        spans = zip(self.prompt.extra["visuals"], self.prompt.image_spans, strict=True)
        parts, start = [], 0
        for visual, (first, stop, _) in spans:
            if visual.kind == kind:
                parts.append(self._all_features[start : start + stop - first])
            start += stop - first
        return np.concatenate(parts) if parts else None

    @cached_property
    def _all_features(self) -> npt.NDArray[np.float32]:
        features: npt.NDArray[np.float32] = self._model.features(self.prompt)
        return features

    def ids(self, name: str) -> list[int]:
        """Generate with the settings that the case gives under a name."""
        if name not in self._ids:
            settings = self._case["generation"][name]
            self._ids[name] = [
                int(i) for i in self._model.generate_ids(self.prompt, generation_of(settings))
            ]
        return self._ids[name]

    def text(self, name: str) -> str:
        """Return the text of what was generated under a name, without special tokens."""
        text: str = self._model.tokens.decode(self.ids(name))
        return text

    def stopped(self, name: str) -> bool:
        """Whether what was generated under a name ends with an end token."""
        ids = self.ids(name)
        return bool(ids) and ids[-1] in self._model.stop_ids

    def margin(self, name: str) -> float:
        """Smallest lead of the best token over the second among the steps of a generation.

        Every step's logits come from the whole text so far, read anew: the plain path, which
        the decode loop with its cache must equal.
        """
        penalty = generation_of(self._case["generation"][name]).repetition_penalty
        leads = []
        ids: list[int] = []
        for chosen in self.ids(name):
            logits = self._model.next_token_logits(continued(self.prompt, ids))
            scores = penalised(logits, [*self.prompt.input_ids, *ids], penalty or 1.0)
            second, best = np.partition(scores, -2)[-2:]
            leads.append(float(best - second))
            ids.append(chosen)
        return min(leads)


def continued(prompt: Any, ids: list[int]) -> Any:
    """Append generated text to a prompt; on every axis its positions go on after the largest."""
    if not ids:
        return prompt
    start = int(prompt.positions.max(initial=-1)) + 1
    places = np.arange(start, start + len(ids), dtype=np.int64)
    added = np.broadcast_to(places, (len(prompt.positions), len(ids)))
    return replace(
        prompt,
        input_ids=np.concatenate([prompt.input_ids, np.array(ids, dtype=np.int64)]),
        positions=np.concatenate([prompt.positions, added], axis=1),
    )


def penalised(
    logits: npt.NDArray[np.float32], seen: list[int], penalty: float
) -> npt.NDArray[np.float32]:
    """Apply a repetition penalty (Keskar et al. 2019, arXiv:1909.05858, section 4.1).

    Parameters
    ----------
    logits
        float32 (vocabulary,).
    seen
        Ids of the text so far, prompt included.
    penalty
        Divides positive logits of these and multiplies negative ones.

    Returns
    -------
    scores
        float32 (vocabulary,).
    """
    scores = np.array(logits, dtype=np.float32)
    own = scores[np.unique(seen)]
    factor = np.float32(penalty)
    scores[np.unique(seen)] = np.where(own < 0, own * factor, own / factor)
    return scores


class CaseRun:
    """One case and one model, run with whichever resize a record asks for.

    Parameters
    ----------
    name
        Of the case.
    case
        ``case.json``.
    base
        Folder of the case.
    model
        See `Measured`.
    reference
        Resize of the reference: "torch" or "pil".
    """

    def __init__(
        self, name: str, case: Mapping[str, Any], base: Path, model: Any, reference: str
    ) -> None:
        self.name = name
        self._case = case
        self._base = base
        self._model = model
        self._reference = reference
        self._runs: dict[str, Measured] = {}

    @property
    def generated(self) -> Mapping[str, Any]:
        """Names and settings of what was generated."""
        settings: Mapping[str, Any] = self._case.get("generation", {})
        return settings

    def measured(self, backend: str) -> Measured:
        """Return the case run with a resize; without a name, with that of the reference."""
        backend = backend or self._reference
        if backend not in self._runs:
            self._runs[backend] = Measured(self._model, self._case, self._base, backend)
        return self._runs[backend]


def generation_of(settings: Any) -> Generation:
    """Make decode settings of what a case records.

    Parameters
    ----------
    settings
        A mapping with ``do_sample``, ``repetition_penalty`` and ``max_new_tokens``; or the words
        that describe the published quick start, in which the authors' own settings rule.

    Returns
    -------
    generation

    Raises
    ------
    RecordError
        For settings that cannot be repeated exactly.
    """
    if isinstance(settings, str):
        found = re.search(r"max_new_tokens=(\d{1,6})", settings)
        if found is None:
            raise RecordError(f"Expected max_new_tokens in {settings!r:.80}, found none.")
        # At the authors' temperatures (1e-6, or top_k 1) sampling always takes the best token.
        return Generation(max_new_tokens=int(found.group(1)), temperature=0.0)
    if not isinstance(settings, Mapping):
        raise RecordError(f"Expected generation settings, found {type(settings).__name__}.")
    unknown = sorted(set(settings) - {"do_sample", "repetition_penalty", "max_new_tokens"})
    if unknown or settings.get("do_sample"):
        what = ", ".join(unknown) or "do_sample"
        raise RecordError(f"Only greedy generation can be repeated exactly; found {what}.")
    return Generation(
        max_new_tokens=int(settings["max_new_tokens"]),
        temperature=0.0,
        repetition_penalty=float(settings.get("repetition_penalty", 1.0)),
    )
