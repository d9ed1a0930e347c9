"""Earlier turns that were written for another kind of model, brought back to their words. No torch.

A turn is kept as it was sent. Another model would read the templates and the places of pictures of
the first one as words of the user.
"""

from __future__ import annotations

import re

from .profiles import Profile

_PLACE = "<image>"
_PLACES = re.compile(r"(?:<image>\n)+")
#: A template with fewer letters around the words could stand in anybody's question.
_SHORTEST = 24


def own_words(text: str, profile: Profile, frames: int) -> str:
    """Text of a turn, without what another kind of model was told around it.

    Parameters
    ----------
    text
        As it was sent.
    profile
        Of the model that gets it now; what its own templates wrote stays.
    frames
        How many frames the turn had.
    """
    from .catalog import PROFILES

    own = {*_templates(profile), *_templates(PROFILES.get(profile.name, profile))}
    if any(_inside(text, template) is not None for template in own):
        return text
    for other in PROFILES.values():
        for template in _templates(other):
            inside = None if template in own else _inside(text, template)
            if inside is not None:
                return _without_places(inside, profile, frames).strip()
    return _without_places(text, profile, frames)


def _without_places(text: str, profile: Profile, frames: int) -> str:
    if profile.family == "internvl":
        return text
    found = _PLACES.match(text)
    if found is None or found.group().count(_PLACE) != frames:
        return text
    return text[found.end() :]


def _templates(profile: Profile) -> tuple[str, ...]:
    """Templates around a whole question, the longest first."""
    found = {profile.reasoning, profile.reasoning_open or "", profile.choice_instruct}
    if profile.locate_format:
        before, _, after = profile.reasoning.partition("{text}")
        found.add(f"{before}{{text}}{profile.locate_format}{after}")
    kept = [one for one in found if len(one.replace("{text}", "").strip()) >= _SHORTEST]
    return tuple(sorted(kept, key=len, reverse=True))


def _inside(text: str, template: str) -> str | None:
    before, _, after = template.partition("{text}")
    if len(text) < len(before) + len(after):
        return None
    if not (text.startswith(before) and text.endswith(after)):
        return None
    return text[len(before) : len(text) - len(after)]
