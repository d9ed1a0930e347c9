"""Whether a model was trained on several turns: a chip beside those of what is sent."""

from __future__ import annotations

from ...models.contracts import Chip
from ...models.profiles import Profile


def follow_up_chips(profile: Profile, turns: int) -> tuple[Chip, ...]:
    """The chip of a follow-up; none without earlier turns, or for a model nobody knows.

    Parameters
    ----------
    profile
        Of the model that is asked.
    turns
        Earlier turns that go along.
    """
    contract, name = profile.contract, profile.title
    if not turns or not contract.known:
        return ()
    many = "1 earlier turn is" if turns == 1 else f"{turns} earlier turns are"
    if contract.several_turns:
        return (Chip("turns", "inside", "follow-up", f"{name} was trained on several turns."),)
    if contract.several_turns is None:
        trained = f"Nobody here knows that {name} was trained on several turns"
    else:
        trained = f"{name} was trained on single questions"
    return (Chip("turns", "unsure", "follow-up", f"{trained}; {many} sent along."),)
