"""Where an open layer was read from."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.layers import Layer

# Names of folders are often those of patients: beside the layers, and not in their metadata,
# which is written out with them.
_PATHS: weakref.WeakKeyDictionary[Layer, Path] = weakref.WeakKeyDictionary()


def remember_path(layer: Layer, path: Path) -> None:
    """Keep in mind where a layer was read from, as long as it is there."""
    _PATHS[layer] = path


def scan_path(layer: Layer) -> Path | None:
    """File or folder that a layer was read from; None where nobody knows, as of samples."""
    if layer in _PATHS:
        return _PATHS[layer]
    path = layer.source.path
    return None if not path else Path(path)
