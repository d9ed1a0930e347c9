"""Reading the rest of a volume while its first slices are on the screen already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer, Signal
from qtpy.QtWidgets import QWidget

from ...asking.declared import as_declared
from ...errors import ImagingError, MedvlmError
from ...imaging.clip import Clip
from ...imaging.layers import FACTS_KEY, SOURCE_KEY, layer_data
from ...imaging.progress import Cancelled, Progress, Step
from ...imaging.scan import Entry
from ...imaging.volume import Volume
from ..parts.background import Background
from ..parts.lifecycle import AtTheEnd

if TYPE_CHECKING:
    import napari

#: Milliseconds between two looks at the reading.
LOOK_MS = 100
#: Seconds that the closing of a window waits for the thread to see that it must end.
END_S = 5.0
#: Looks for the layer before it is taken for never added.
_TRIES = 50

_at_work: set[Filling] = set()


class Report(QObject):
    """Tells once, as a notification, that slices of a volume cannot be decoded.

    May be called from any thread; the window's own shows it.
    """

    _broken = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._told = False
        self._broken.connect(self._tell)

    def __call__(self, error: MedvlmError) -> None:
        """Take note of a slice that cannot be decoded."""
        self._broken.emit(str(error))

    def _tell(self, words: str) -> None:
        from napari.utils.notifications import show_warning

        if not self._told:
            self._told = True
            show_warning(words)


def fill_when_shown(
    viewer: napari.Viewer, window: QWidget, entry: Entry, source: Volume | Clip, report: Report
) -> None:
    """Read a lazily opened Volume whole, once napari has made its layer.

    Nothing is done for Volumes that are in memory already, and for clips.
    """
    if isinstance(source, Clip) or isinstance(source.voxels, np.ndarray):
        return
    # napari adds the layer when its reader has returned.
    tries = iter(range(_TRIES))

    def start() -> None:
        for layer in viewer.layers:
            if layer.metadata.get(SOURCE_KEY) is source:
                Filling(viewer, window, layer, entry, source, report)
                return
        if next(tries, None) is not None:
            QTimer.singleShot(LOOK_MS, start)

    QTimer.singleShot(0, start)


def fillings() -> list[Filling]:
    """Those at work."""
    return list(_at_work)


class Filling(QObject):
    """Reads a whole Volume in a thread, and puts it into its layer.

    Progress and Cancel are napari's own, in its activity dock; a cancelled layer goes on
    decoding the slices that are looked at.
    """

    def __init__(
        self,
        viewer: Any,
        window: QWidget,
        layer: Any,
        entry: Entry,
        source: Volume,
        report: Report,
    ) -> None:
        super().__init__()
        from napari.utils import cancelable_progress

        self._viewer, self._layer, self._source = viewer, layer, source
        self._report = report
        self.job: Background[Volume | Clip] = Background(
            _whole(entry, source, report), "medvlm-fill"
        )
        self.progress = cancelable_progress(
            desc=f"Reading {layer.name}",
            total=100,
            cancel_callback=self.job.cancel,
            # Without counts and rates, beside which Cancel would not fit into napari's dock.
            bar_format="{desc}|{bar}| ",
        )
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        self._end = AtTheEnd(window, self.stop)
        _at_work.add(self)

    def stop(self) -> None:
        """End the thread, and leave the layer as it is."""
        self.job.cancel()
        self._close()
        self.job.join(END_S)

    def _look(self) -> None:
        if self.progress.is_canceled or self._layer not in self._viewer.layers:
            self.job.cancel()
        if self.job.done:
            self._close()
            self._take()
        else:
            self._show(self.job.step)

    def _show(self, step: Step | None) -> None:
        if step is not None and step.total:
            percent = round(100 * step.done / step.total)
            self.progress.update(max(0, percent - self.progress.n))

    def _close(self) -> None:
        if self in _at_work:
            _at_work.discard(self)
            self._timer.stop()
            self.progress.close()

    def _take(self) -> None:
        try:
            whole = self.job.result()
        except Cancelled:
            return
        except MedvlmError as error:
            self._report(error)
            return
        data = self._layer.data
        voxels = self._source.voxels
        unchanged = data is voxels or getattr(data, "voxels", None) is voxels
        if unchanged and self._layer in self._viewer.layers and isinstance(whole, Volume):
            self._put(whole)

    def _put(self, whole: Volume) -> None:
        data, attributes, _ = layer_data(whole)
        for key in (FACTS_KEY, SOURCE_KEY):
            self._layer.metadata[key] = attributes["metadata"][key]
        if data.shape != self._layer.data.shape:
            # Slices that could not be decoded are gone from the stack.
            self._layer.scale, self._layer.translate = attributes["scale"], attributes["translate"]
        self._layer.data = data


def _whole(entry: Entry, source: Volume, report: Report) -> Callable[[Progress], Volume | Clip]:
    voxels: Any = source.voxels

    def work(progress: Progress) -> Volume | Clip:
        try:
            voxels.fill(progress)
        except ImagingError as error:
            # Blank on the screen till now. Read whole, they are left out of the stack, and a
            # remark tells the gap.
            report(error)
            return as_declared(entry.open(progress=progress))
        return replace(source, voxels=np.asarray(voxels))

    return work
