"""Settings of generation: the authors' own, and how far from them others are."""

from __future__ import annotations

from ...dialogue import Generation
from ...errors import QuestionError
from ...models.profiles import Profile

#: Bounds of what can be set: tokens, temperature, top-p, repetition penalty, seed.
MOST_TOKENS = 32_768
HIGHEST_TEMPERATURE = 2.0
PENALTIES = (0.5, 2.0)
HIGHEST_SEED = 2**31 - 1


def of_authors(profile: Profile | None) -> Generation:
    """As a model's authors run it: greedy, with their bound on the answer's length."""
    return Generation() if profile is None else Generation(max_new_tokens=profile.max_new_tokens)


def bounded(generation: Generation) -> Generation:
    """Settings, if each of them can be.

    Raises
    ------
    QuestionError
        For one that is out of its bounds.
    """
    penalty = generation.repetition_penalty
    for name, value, low, high in (
        ("a longest answer in tokens", generation.max_new_tokens, 1, MOST_TOKENS),
        ("a temperature", generation.temperature, 0, HIGHEST_TEMPERATURE),
        ("a top-p", generation.top_p, 0.01, 1),
        ("a repetition penalty", 1.0 if penalty is None else penalty, *PENALTIES),
        ("a seed", generation.seed, 0, HIGHEST_SEED),
    ):
        if not low <= value <= high:  # NaN too
            raise QuestionError(f"Expected {name} from {low:g} to {high:,.15g}, got {value}.")
    return generation


def differences(now: Generation, profile: Profile | None) -> tuple[str, ...]:
    """What is set otherwise than the authors do, as words: "temperature 0.7 (theirs: 0)"."""
    theirs = of_authors(profile)
    found = []
    if now.max_new_tokens != theirs.max_new_tokens:
        found.append(f"at most {now.max_new_tokens:,} tokens (theirs: {theirs.max_new_tokens:,})")
    if now.temperature != theirs.temperature:
        found.append(f"temperature {now.temperature:g} (theirs: {theirs.temperature:g})")
    # Without a temperature the likeliest token is taken, and these two say nothing.
    if now.temperature > 0 and now.top_p != theirs.top_p:
        found.append(f"top-p {now.top_p:g} (theirs: {theirs.top_p:g})")
    if now.temperature > 0 and now.seed != theirs.seed:
        found.append(f"seed {now.seed}")
    if now.repetition_penalty is not None and now.repetition_penalty != _penalty(profile):
        known = _penalty(profile)
        their = "as its files say" if known is None else f"{known:g}"
        found.append(f"repetition penalty {now.repetition_penalty:g} (theirs: {their})")
    return tuple(found)


def remark(now: Generation, profile: Profile | None) -> str:
    """One line where anything differs, "" where all is as the authors run it."""
    found = differences(now, profile)
    return f"Other than its authors run it: {', '.join(found)}." if found else ""


def _penalty(profile: Profile | None) -> float | None:
    return None if profile is None else profile.repetition_penalty
