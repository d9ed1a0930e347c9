"""The plugin's page in napari's preferences, read and written."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal

from ..asking.preferences import Preferences, page_of

PLUGIN = "napari-medvlm"


class Settings(QObject):
    """What the user prefers now; where there is no such page, the defaults.

    ``changed`` carries the new `Preferences`.
    """

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now = _read()
        stored = _stored()
        if stored is not None:
            stored.events.changed.connect(self._on_changed)
            # napari's settings outlive every panel.
            self.destroyed.connect(partial(stored.events.changed.disconnect, self._on_changed))

    @property
    def now(self) -> Preferences:
        """What is preferred now."""
        return self._now

    def change(self, **values: Any) -> None:
        """Set preferences by name, as on the page, where they are saved.

        Raises
        ------
        KeyError
            For a name that is none.
        """
        stored = _stored()
        for key, value in values.items():
            page = page_of(key)
            if stored is not None and hasattr(stored, page):
                setattr(getattr(stored, page), key, value)
        self._on_changed()

    def _on_changed(self, _event: Any = None) -> None:
        now = _read()
        if now != self._now:
            self._now = now
            self.changed.emit(now)


def _stored() -> Any:
    """What napari keeps of this plugin; None where it was not found by its manifest."""
    from napari.settings import get_plugin_settings

    with contextlib.suppress(KeyError):
        return get_plugin_settings(PLUGIN)
    return None


def _read() -> Preferences:
    stored = _stored()
    if stored is None:
        return Preferences()
    return Preferences.read(lambda page, key: getattr(getattr(stored, page), key))
