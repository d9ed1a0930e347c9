"""What ``generation_config.json`` asks for: what is honoured, refused or told. No torch.

transformers' ``generate`` obeys every key of this file. Those that choose tokens and can be done
here are; a key that would change the answer and cannot be done is refused by name, never passed
over. How tokens are drawn (greedy or with a temperature) is the question's own setting; where the
file wants another, :func:`sampling_note` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from ..safe_text import visible
from .json_files import read_json

#: Keys that change which tokens come, with the values that change nothing.
_NOT_DONE: Mapping[str, tuple[Any, ...]] = {
    "num_beams": (1,),
    "num_beam_groups": (1,),
    "penalty_alpha": (0,),
    "dola_layers": (),
    "diversity_penalty": (0,),
    "encoder_repetition_penalty": (1,),
    "encoder_no_repeat_ngram_size": (0,),
    "force_words_ids": ([],),
    "constraints": ([],),
    "forced_bos_token_id": (),
    "forced_eos_token_id": (),
    "forced_decoder_ids": ([],),
    "exponential_decay_length_penalty": (),
    "sequence_bias": ([], {}),
    "guidance_scale": (1,),
    "watermarking_config": (),
    "min_length": (0,),
    "stop_strings": ([], ""),
    "token_healing": (False,),
    "remove_invalid_values": (False,),
    "renormalize_logits": (False, True),
}
#: At a temperature this low, or among this many tokens, drawing is taking the likeliest.
_COLD, _ALONE = 0.011, 1
_NO_TOP_P = 0.01


@dataclass(frozen=True)
class TokenRules:
    """Tokens that must not come, as transformers' logits processors of the same names do it.

    Parameters
    ----------
    no_repeat_ngram_size
        No run of so many tokens comes twice, those of the prompt counted; 0 allows all.
    suppressed
        Tokens that never come.
    suppressed_first
        Tokens that do not come first.
    banned
        Runs of tokens that never come; the last token of each is what is held back.
    min_new_tokens
        Before so many tokens the answer does not end.
    """

    no_repeat_ngram_size: int = 0
    suppressed: tuple[int, ...] = ()
    suppressed_first: tuple[int, ...] = ()
    banned: tuple[tuple[int, ...], ...] = ()
    min_new_tokens: int = 0

    def __bool__(self) -> bool:
        return self != TokenRules()

    def forbidden(self, ids: list[int], prompt: int, stops: tuple[int, ...]) -> set[int]:
        """Tokens that must not come next.

        Parameters
        ----------
        ids
            All tokens so far, those of the prompt first.
        prompt
            How many of them are the prompt's.
        stops
            Tokens that end the answer.
        """
        found = set(self.suppressed)
        if len(ids) == prompt:
            found.update(self.suppressed_first)
        if len(ids) - prompt < self.min_new_tokens:
            found.update(stops)
        size = self.no_repeat_ngram_size
        if size and len(ids) + 1 >= size:
            tail = ids[len(ids) - size + 1 :]
            last = range(size - 1, len(ids))
            found.update(ids[at] for at in last if ids[at - size + 1 : at] == tail)
        for run in self.banned:
            before = list(run[:-1])
            if not before or ids[-len(before) :] == before:
                found.add(run[-1])
        return found


#: Nothing is held back.
NO_RULES = TokenRules()


def token_rules(generation: Mapping[str, Any], stops: tuple[int, ...]) -> TokenRules:
    """Read the rules that are honoured.

    Parameters
    ----------
    generation
        The file, already checked against its schema.
    stops
        Tokens that end an answer: a banned run that is one of them alone does not count, as in
        transformers.

    Raises
    ------
    CheckpointError
        For a key that would change the answer and is not done here.
    """
    for key, neutral in _NOT_DONE.items():
        value = generation.get(key)
        if value is not None and not any(value == n for n in neutral):
            said = visible(repr(value)[:60])
            raise CheckpointError(
                f"The setting {key} of generation_config.json ({said}) changes what a model "
                "answers and is not done here.",
                "Take it out of the file to ask the model without it.",
            )
    banned = tuple(tuple(int(t) for t in run) for run in generation.get("bad_words_ids") or [])
    return TokenRules(
        no_repeat_ngram_size=int(generation.get("no_repeat_ngram_size") or 0),
        suppressed=tuple(int(t) for t in generation.get("suppress_tokens") or []),
        suppressed_first=tuple(int(t) for t in generation.get("begin_suppress_tokens") or []),
        banned=tuple(run for run in banned if not (len(run) == 1 and run[0] in stops)),
        min_new_tokens=int(generation.get("min_new_tokens") or 0),
    )


def sampling_note_of(folder: str | Path) -> str:
    """The same of a folder's file; "" without one."""
    path = Path(folder) / "generation_config.json"
    return sampling_note(read_json(path)) if path.is_file() else ""


def sampling_note(generation: Mapping[str, Any]) -> str:
    """Say that the file wants its tokens drawn; "" where greedy is what it wants, or nearly."""
    if not generation.get("do_sample"):
        return ""
    temperature = float(generation.get("temperature", 1.0))
    top_p, top_k = float(generation.get("top_p", 1.0)), int(generation.get("top_k") or 0)
    if temperature < _COLD or top_k == _ALONE or top_p < _NO_TOP_P:
        return ""
    return (
        f"generation_config.json draws tokens at temperature {temperature:g}; here the "
        "likeliest is taken, unless a temperature is set."
    )
