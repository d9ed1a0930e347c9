"""The window around a viewer, found through Qt and napari's public classes."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QApplication, QWidget


def qt_viewer_of(viewer: Any) -> Any:
    """Qt side of a viewer; None where it has no window.

    Parameters
    ----------
    viewer
        A ``napari.Viewer``, or the proxy of one that plugins are given.

    Notes
    -----
    ``viewer.window._qt_viewer`` would do the same, but private names are being closed to plugins.
    """
    from napari.qt import QtViewer

    model = getattr(viewer, "__wrapped__", viewer)
    for window in QApplication.topLevelWidgets():
        for qt_viewer in window.findChildren(QtViewer):
            if qt_viewer.viewer is model:
                return qt_viewer
    return None


def canvas_of(viewer: Any) -> QWidget | None:
    """The native canvas widget of a viewer."""
    found = qt_viewer_of(viewer)
    return None if found is None else found.canvas.native


def window_of(viewer: Any) -> QWidget | None:
    """The top-level window of a viewer."""
    found = qt_viewer_of(viewer)
    return None if found is None else found.window()
