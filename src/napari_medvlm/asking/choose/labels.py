"""What a layer is called where frames of several layers are sent, without a patient's name.

A layer's name is on the screen: the file's name or the series' description, which may be a
patient's. A label goes to the model and into what is saved: the pseudonym, unless the user gave
the layer a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePath

from ...imaging import Clip, Volume

#: What napari adds to the name of a second layer, and of a duplicated one.
_ADDED = re.compile(r"( \[\d+\]| copy)+$")
#: Shorter titles, such as "T1", may be part of a name that the user types.
_TELLING = 8


def layer_label(
    name: str, source: Volume | Clip, *, titles: Iterable[str] = (), path: str | None = None
) -> str:
    """The name that the user gave a layer, or its pseudonym where the name comes from a file.

    Parameters
    ----------
    name
        Of the layer. What a user types is the user's; what a reader gave is not.
    source
        Behind the layer.
    titles
        Titles of all scans that are open: a layer that another plugin made of one of them often
        has its name in its own.
    path
        The file that another reader took the layer from. Such readers name layers after files,
        and files are often named after patients.
    """
    shown = name.casefold()
    stem = PurePath(path or "").name.split(".")[0].casefold()
    given = bool(stem) and stem in shown
    for title in filter(None, map(str.casefold, titles)):
        given |= _ADDED.sub("", shown) == title or (len(title) >= _TELLING and title in shown)
    return source.name if given else name
