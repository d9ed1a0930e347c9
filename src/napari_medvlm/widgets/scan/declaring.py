"""Declaring what a layer shows: ask, keep it, and let the layer and what lies on it follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from ...asking.answer.marks import KEY
from ...asking.declared import as_declared, declare_and_keep
from ...errors import MedvlmError
from ...imaging import Clip, Volume
from ...imaging.declaration import Declaration
from ...imaging.declaring import declared_words
from ...imaging.layers import SOURCE_KEY, layer_data, volume_of
from .declare_dialog import DeclareDialog

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

_NOT_KEPT = " It holds until napari is closed: MEDVLM_DECLARATIONS is “off”."


def ask_about(
    viewer: Viewer, layer: Layer, window: QWidget | None, say: Callable[[str], None]
) -> DeclareDialog | None:
    """Open the dialog about a layer; what is said there is taken when it is closed.

    Parameters
    ----------
    viewer, layer
        The layer in its viewer.
    window
        The dialog's parent.
    say
        Gets a line for people.
    """
    try:
        source = as_declared(volume_of(layer))
    except MedvlmError as error:
        say(str(error))
        return None
    dialog = DeclareDialog(layer.name, source, window)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def take() -> None:
        try:
            say(declare_layer(viewer, layer, source, dialog.declaration))
        except MedvlmError as error:
            say(str(error))

    dialog.accepted.connect(take)
    dialog.open()
    return dialog


def declare_layer(
    viewer: Viewer, layer: Layer, source: Volume | Clip, declaration: Declaration
) -> str:
    """Keep a declaration and bring a layer up to it; a line that says so.

    Raises
    ------
    DeclarationError, RecordError
        If it cannot be declared, or not saved.
    """
    before = source.spacing if isinstance(source, Volume) else None
    declared, kept = declare_and_keep(source, declaration)
    metadata = dict(layer.metadata)
    _, attributes, _ = layer_data(declared)
    if SOURCE_KEY in metadata:
        metadata |= attributes["metadata"]
        if isinstance(declared, Volume) and declared.spacing != before:
            _resize(viewer, layer, attributes)
    layer.metadata = metadata  # tells who follows the layer
    words = declared_words(declaration) or "Taken back: the scan is as its file says."
    return words if kept else f"{words}{_NOT_KEPT}"


def _resize(viewer: Viewer, layer: Layer, attributes: dict[str, Any]) -> None:
    at = layer.world_to_data(viewer.dims.point[-layer.ndim :])
    # Boxes and masks on the image take its transform when they are made.
    for one in viewer.layers:
        mark = one.metadata.get(KEY)
        of = mark.get("of") if isinstance(mark, dict) else None
        if one is layer or (callable(of) and of() is layer):
            one.units = attributes["units"]
            one.scale = attributes["scale"]
            one.translate = attributes["translate"]
    # napari slices by the units from before until its sliders move: away, and to the same slice.
    axes = range(viewer.dims.ndim - layer.ndim, viewer.dims.ndim)
    world = layer.data_to_world(at)
    viewer.dims.set_point(axes, [place + 1 for place in world])
    viewer.dims.set_point(axes, world)
    viewer.reset_view()
