"""Commands in napari's menus and in its command palette.

Each works on the viewer that is in front, whether or not a panel is open in it: it opens one
where it needs one, and says in a line what is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..asking.choose.presets import ct_window, next_window, told
from ..errors import MedvlmError, QuestionError, SelectionError
from ..imaging import Clip, Volume, Window
from ..imaging.layers import SOURCE_KEY
from .canvas.overlay import line_width
from .canvas.viewing import current_slice
from .panel import MedvlmPanel
from .parts.hosting import window_of

if TYPE_CHECKING:
    from napari.layers import Image, Shapes
    from napari.viewer import Viewer

PLUGIN, WIDGET = "napari-medvlm", "Ask a model about this scan"


def _command(work: Callable[[Viewer], str]) -> Callable[[], None]:
    """A command of the manifest: finds the viewer, and tells what went wrong in one line."""

    def command() -> None:
        import napari
        from napari.utils.notifications import show_warning

        viewer = napari.current_viewer()
        if viewer is None:
            raise QuestionError("There is no napari window.", "Open one first.")
        try:
            words = work(getattr(viewer, "__wrapped__", viewer))
        except MedvlmError as error:
            show_warning(str(error))
        else:
            if words:
                viewer.status = words

    command.__doc__ = work.__doc__
    command.__name__ = work.__name__
    return command


def open_panel_of(viewer: Viewer) -> MedvlmPanel | None:
    """The panel that is docked in a viewer, the first of several; None where none is open."""
    window = window_of(viewer)
    found = [] if window is None else window.findChildren(MedvlmPanel)
    return found[0] if found else None


def panel_of(viewer: Viewer) -> MedvlmPanel:
    """The panel of a viewer, opened where there is none."""
    found = open_panel_of(viewer)
    if found is None:
        found = viewer.window.add_plugin_dock_widget(PLUGIN, WIDGET)[1]
    return found


def _image(viewer: Viewer) -> Image:
    """The image that a command means: the selected one, that of the panel, or the only one."""
    from napari.layers import Image

    panel = open_panel_of(viewer)
    images = [layer for layer in viewer.layers if isinstance(layer, Image)]
    candidates = [
        viewer.layers.selection.active,
        None if panel is None else panel.source_box.layer,
        *(images if len(images) == 1 else []),
    ]
    layer = next((one for one in candidates if isinstance(one, Image)), None)
    if layer is None:
        raise QuestionError(
            "No image is selected." if images else "There is no image.",
            "Select one in the layer list." if images else "Open a scan or a clip.",
        )
    return layer


def _source(layer: Image) -> Volume | Clip | None:
    source = layer.metadata.get(SOURCE_KEY)
    return source if isinstance(source, Volume | Clip) else None


# ---------------------------------------------------------------------- windows


def _show(layer: Image, window: Window, remark: str = "") -> str:
    if layer.rgb:
        raise SelectionError("This image is in colour, so it has no window.")
    layer.contrast_limits = window.limits
    return " ".join(part for part in (told(window), remark) if part)


def _preset(name: str) -> Callable[[], None]:
    def show_preset(viewer: Viewer) -> str:
        layer = _image(viewer)
        return _show(layer, *ct_window(name, _source(layer)))

    show_preset.__doc__ = f"Show a CT in the {name} window."
    return _command(show_preset)


window_lung = _preset("lung")
window_soft_tissue = _preset("soft tissue")
window_bone = _preset("bone")
window_brain = _preset("brain")


@_command
def window_of_file(viewer: Viewer) -> str:
    """Show the next of the windows that the file suggests."""
    layer = _image(viewer)
    return _show(layer, next_window(_source(layer), tuple(layer.contrast_limits)))


@_command
def window_as_sent(viewer: Viewer) -> str:
    """Show the image in the window that the panel sends it in."""
    panel = panel_of(viewer)
    layer, frames = panel.source_box.layer, panel.strip.frames
    if layer is None or not frames:
        raise QuestionError(
            "Nothing is chosen in the panel yet, so there is no window that it is sent in.",
            "Choose a layer and slices there.",
        )
    source, plane = panel.source_box.source, panel.source_box.plane
    shown = None if source is None else current_slice(viewer, layer, source, plane)
    # Where each slice is scaled by itself, that of the one on the screen.
    frame = next((one for one in frames if one.index == shown), frames[0])
    if frame.window is None:
        raise SelectionError("It is sent as it is, without a window.")
    return _show(layer, frame.window)


# ---------------------------------------------------------------------- regions


@_command
def use_as_regions(viewer: Viewer) -> str:
    """Make the selected rectangles of a Shapes layer regions of the question."""
    from napari.layers import Shapes

    drawn = viewer.layers.selection.active
    numbers = sorted(drawn.selected_data) if isinstance(drawn, Shapes) else []
    if not numbers:
        raise QuestionError(
            "No rectangle is selected.",
            "Select a Shapes layer and, with its select tool, rectangles on it.",
        )
    panel = panel_of(viewer)
    layer = panel.source_box.layer
    if layer is None:
        raise QuestionError("There is no image that they could lie on.", "Open a scan or a clip.")
    regions = panel.region_layer(layer)
    if regions is drawn:
        raise QuestionError("These are regions of the question already.")
    for number in numbers:
        corners = outline_on(viewer, drawn, drawn.data[number], layer)
        regions.add(corners, shape_type="rectangle", edge_width=line_width(layer))
    regions.mode = "select"
    viewer.layers.selection.active = drawn
    return "1 region was added." if len(numbers) == 1 else f"{len(numbers)} regions were added."


def outline_on(
    viewer: Viewer, drawn: Shapes, vertices: npt.NDArray[Any], layer: Image
) -> npt.NDArray[np.float64]:
    """The rectangle around a shape, on another layer.

    Parameters
    ----------
    viewer
        The viewer of both layers: a shape without a slice of its own lies on the one shown.
    drawn
        The shape's layer.
    vertices
        (points, drawn.ndim), in its coordinates.
    layer
        The image.

    Returns
    -------
    corners
        float64 (4, layer.ndim), in the image's coordinates, in one slice of it.
    """
    points = []
    for vertex in np.asarray(vertices, dtype=np.float64):
        world = np.array(viewer.dims.point, dtype=np.float64)
        world[len(world) - drawn.ndim :] = drawn.data_to_world(vertex)
        points.append(layer.world_to_data(world[len(world) - layer.ndim :]))
    low, high = np.min(points, axis=0), np.max(points, axis=0)
    # The two axes that it extends along; in the others it lies on one slice.
    first, second = sorted(np.argsort(high - low, kind="stable")[-2:])
    middle = np.rint((low + high) / 2)
    corners = np.repeat(middle[None], 4, axis=0)
    corners[:, first] = (low[first], low[first], high[first], high[first])
    corners[:, second] = (low[second], high[second], high[second], low[second])
    return corners


# ---------------------------------------------------------------------- the conversation


@_command
def export_conversation(viewer: Viewer) -> str:
    """Ask for a file, and write the conversation of the panel to it."""
    panel = open_panel_of(viewer)
    if panel is None or not panel.session.conversation.exchanges:
        raise QuestionError(
            "There is no conversation to export.",
            "Open the scan that it is about: what was asked comes back with it."
            if panel is not None
            else "Open the panel and the scan that it is about.",
        )
    panel.export()
    return ""


@_command
def stop_answer(viewer: Viewer) -> str:
    """Stop the answer that is on its way; what has come is kept."""
    panel = open_panel_of(viewer)
    if panel is None or not panel.busy:
        raise QuestionError("No answer is on its way.")
    panel.stop()
    return ""


@_command
def unload_model(viewer: Viewer) -> str:
    """Free the memory that the model holds; the next question loads it again."""
    panel = open_panel_of(viewer)
    if panel is None or panel.session.thread.state.status in ("empty", "dead"):
        raise QuestionError("No model is loaded.")
    panel.session.release()
    return "The model is unloaded. The next question loads it again."
