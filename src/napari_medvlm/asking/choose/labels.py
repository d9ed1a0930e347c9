"""What a layer is called where frames of several layers are sent, without a patient's name.

A layer's name is on the screen: the file's name or the series' description, which may be a
patient's. A label goes to the model and into what is saved: the pseudonym, unless the user gave
the layer a name.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from ...imaging import Clip, Volume

#: What napari adds to the name of a second layer, and of a duplicated one.
_ADDED = re.compile(r"( \[\d+\]| copy)+$")


def layer_label(name: str, source: Volume | Clip, *, ours: bool, path: str | None = None) -> str:
    """The name of a layer, or its pseudonym where the name comes from a file.

    Parameters
    ----------
    name
        Of the layer. What a user types is the user's; what a reader gave is not.
    source
        Behind the layer.
    ours
        Whether this plugin read it.
    path
        The file that another reader took it from. Such readers name layers after files, and
        files are often named after patients.
    """
    shown = name.casefold()
    if ours:
        title = source.title.casefold()
        given = bool(title) and (
            title in shown or _ADDED.sub("", shown) == PurePath(title).name.split(".")[0]
        )
    else:
        stem = "" if path is None else PurePath(path).name.split(".")[0].casefold()
        given = bool(stem) and stem in shown
    return source.name if given else name
