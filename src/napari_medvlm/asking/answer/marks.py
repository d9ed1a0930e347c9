"""Layers of marks on an image: what they are called, and how the viewer writes their words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Key in a layer's metadata: what it is to this plugin ("role"), and (weakly) of which image
#: ("of"), so that an overlay does not keep a removed scan in memory; "source" is that image's
#: content hash, for marks that were loaded before their image.
KEY = "napari_medvlm"

FINDINGS = "findings"
REGIONS = "regions"
#: The feature that holds a region's name.
NAME = "name"

#: Words beside the shapes of each kind of layer, as napari's Shapes layer takes them.
TEXTS: Mapping[str, Mapping[str, Any]] = {
    FINDINGS: {
        "string": "{label} {size}",
        "color": {"feature": "colour"},
        "anchor": "upper_left",
        "size": 10,
    },
    REGIONS: {"string": f"{{{NAME}}}", "color": "yellow", "anchor": "upper_left", "size": 10},
}
