"""What a layer is called where frames of several layers are sent, without a patient's name."""

from __future__ import annotations

from pathlib import PurePath

from ...imaging import Clip, Volume


def layer_label(name: str, source: Volume | Clip, *, ours: bool, path: str | None = None) -> str:
    """The name of a layer, or its pseudonym where the name comes from a file.

    Parameters
    ----------
    name
        Of the layer. This plugin names layers by pseudonyms; what a user types is the user's.
    source
        Behind the layer.
    ours
        Whether this plugin read it.
    path
        The file that another reader took it from. Such readers name layers after files, and
        files are often named after patients.
    """
    stem = "" if path is None else PurePath(path).name.split(".")[0]
    return source.name if not ours and stem and stem.lower() in name.lower() else name
