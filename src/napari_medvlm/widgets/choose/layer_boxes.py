"""The two boxes that say which layer is asked about, and in which plane."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox

from ..parts.plain import named


def layer_box() -> QComboBox:
    """A box of layers, whose long names do not widen the panel."""
    box = QComboBox()
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    named(box, "Layer", "The image layer that is asked about; the viewer shows it")
    return box


def plane_box() -> QComboBox:
    """A box of planes."""
    box = QComboBox()
    named(box, "Plane", "The plane that slices are taken in; the viewer shows it too")
    return box
