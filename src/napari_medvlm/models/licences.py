"""What has to be said about a licence before a model is fetched or used. No torch."""

from __future__ import annotations

import re

#: Words that publishers and registries use for terms against commercial use: the NC of Creative
#: Commons, the name itself, and "research only" terms.
_NON_COMMERCIAL = re.compile(r"(?:^|[-\s])nc(?:[-\s]|$)|non-?\s?commercial|research[- ]only", re.I)
_UNSTATED = re.compile(r"^\s*(?:$|unknown|not stated|none\b)", re.I)


def licence_warning(licence: str) -> str:
    """Warn of a licence that is missing or forbids commercial use; empty for others.

    Parameters
    ----------
    licence
        As the catalog or the hub names it.
    """
    if _UNSTATED.match(licence):
        return "No licence is known: nobody has said that you may use it. See the published card."
    if licence.strip().lower() == "other":
        return "Its licence has terms of its own: read them on the published card."
    if _NON_COMMERCIAL.search(licence):
        return "Its licence forbids commercial use."
    return ""
