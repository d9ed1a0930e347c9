"""What the values of a file must be: a small schema, and one sentence where they are not.

A schema names keys and what they may hold; keys that it does not name may hold anything, and
null stands for an absent key, as publishers use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import CheckpointError
from ..safe_text import visible

#: Says what is expected where a value is wrong; None where it is right.
Rule = Callable[[Any], str | None]


@dataclass(frozen=True)
class Block:
    """An object inside a file, with rules for its keys."""

    keys: Mapping[str, Rule | Block] = field(default_factory=dict)


def whole(low: int, high: int) -> Rule:
    """A whole number within bounds; 2.0 is one, true is none."""

    def rule(value: Any) -> str | None:
        right = (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and value == int(value)
            and low <= value <= high
        )
        return None if right else f"a whole number from {low:,} to {high:,}"

    return rule


def number(low: float, high: float) -> Rule:
    """A number within bounds."""

    def rule(value: Any) -> str | None:
        right = isinstance(value, int | float) and not isinstance(value, bool)
        return None if right and low <= value <= high else f"a number from {low:g} to {high:,g}"

    return rule


def text(longest: int = 10_000) -> Rule:
    """A text of bounded length."""

    def rule(value: Any) -> str | None:
        right = isinstance(value, str) and len(value) <= longest
        return None if right else f"a text of at most {longest:,} characters"

    return rule


def switch(value: Any) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else "true or false"


def list_of(item: Rule, *, shortest: int = 0, longest: int = 100_000) -> Rule:
    """A list whose entries all follow one rule."""

    def rule(value: Any) -> str | None:
        if not isinstance(value, list) or not shortest <= len(value) <= longest:
            count = f"{shortest}" if shortest == longest else f"{shortest} to {longest:,}"
            return f"a list of {count} entries"
        wrong = next((said for entry in value if (said := item(entry)) is not None), None)
        return None if wrong is None else f"a list of which each entry is {wrong}"

    return rule


def either(*rules: Rule) -> Rule:
    """A value that follows one of several rules."""

    def rule(value: Any) -> str | None:
        said = [one(value) for one in rules]
        return None if None in said else " or ".join(str(words) for words in said)

    return rule


def mapping_of(item: Rule) -> Rule:
    """An object with any keys whose values all follow one rule."""

    def rule(value: Any) -> str | None:
        if not isinstance(value, dict):
            return "an object"
        wrong = next((said for one in value.values() if (said := item(one)) is not None), None)
        return None if wrong is None else f"an object of which each value is {wrong}"

    return rule


def check(values: Mapping[str, Any], block: Block, file: str, above: str = "") -> None:
    """Check the keys of an object.

    Parameters
    ----------
    values
        The object.
    block
        Its rules.
    file, above
        Where it stands, for the sentence.

    Raises
    ------
    CheckpointError
        Naming the file, the key, what was expected and what was found.
    """
    for key, rule in block.keys.items():
        value = values.get(key)
        if value is None:
            continue
        if isinstance(rule, Block):
            if not isinstance(value, Mapping):
                raise _wrong(above + key, file, "an object", value)
            check(value, rule, file, f"{above}{key}.")
            continue
        expected = rule(value)
        if expected is not None:
            raise _wrong(above + key, file, expected, value)


def _wrong(key: str, file: str, expected: str, found: Any) -> CheckpointError:
    said = visible(repr(found))
    said = said if len(said) <= 60 else f"{said[:57]}…"
    return CheckpointError(
        f"Expected {key} in {file} to be {expected}, found {said}.",
        "Copy the file again from the place where the model was published.",
    )
