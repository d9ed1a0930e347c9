"""Opening scans in a real window: by napari's own ways in, and the rest filled in."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QDialog, QFileDialog, QWidget

from imaging.series import write_series
from napari_medvlm import napari_hooks
from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Frame, Volume, Window
from napari_medvlm.imaging.layers import SOURCE_KEY, layer_data
from napari_medvlm.imaging.progress import Step
from napari_medvlm.imaging.scan import Entry
from napari_medvlm.widgets.parts.hosting import window_of
from napari_medvlm.widgets.parts.thumbnails import thumbnail
from napari_medvlm.widgets.scan.filling import Report, fill_when_shown, fillings
from napari_medvlm.widgets.scan.series_chooser import SeriesChooser

pytestmark = pytest.mark.window

PATIENCE = 30_000
VOXELS = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)


@pytest.fixture
def two_series(tmp_path: Path) -> Path:
    folder = tmp_path / "Doe_Jane"
    folder.mkdir()
    write_series(folder / "a", VOXELS, series="1.2.3", StudyInstanceUID="1.9")
    write_series(folder / "b", np.ones((6, 4, 5), np.int16), series="1.2.4")
    (folder / "notes.txt").write_text("no scan")
    return folder


def in_the_chooser(act: Any) -> list[SeriesChooser]:
    """Call ``act`` with the chooser once it stands; the list tells that it did."""
    met: list[SeriesChooser] = []

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, SeriesChooser):
            met.append(dialog)
            act(dialog)
        else:
            QTimer.singleShot(20, look)

    QTimer.singleShot(0, look)
    return met


def dropped(viewer: Any, path: Path) -> None:
    from qtpy.QtCore import QUrl

    from napari_medvlm.widgets.parts.hosting import qt_viewer_of

    qt_viewer_of(viewer)._open_from_list_of_urls_data(
        [QUrl.fromLocalFile(str(path))], stack=False, choose_plugin=False
    )


def test_a_folder_of_one_series_opens_straight(viewer, tmp_path):
    folder = write_series(tmp_path / "Doe_Jane", VOXELS)
    (layer,) = viewer.open(str(folder), plugin="napari-medvlm")
    np.testing.assert_array_equal(layer.data, VOXELS)
    assert layer.name == "Doe Jane thorax"
    assert "Doe" not in repr(layer.metadata)


def test_a_folder_of_several_series_asks_which(viewer, two_series):
    def choose(dialog: SeriesChooser) -> None:
        assert dialog.fold.text() == "1 file left out"
        dialog.list.clearSelection()
        dialog.items[[e.shape[0] for e in dialog._entries].index(3)].setSelected(True)
        dialog.accept()

    met = in_the_chooser(choose)
    (layer,) = viewer.open(str(two_series), plugin="napari-medvlm")
    assert met
    np.testing.assert_array_equal(layer.data, VOXELS)


def test_one_slice_is_in_sight_while_a_folder_is_looked_through(viewer, tmp_path, monkeypatch):
    from napari_medvlm.imaging.glance import glance
    from napari_medvlm.widgets.parts.waiting import ProgressBox
    from napari_medvlm.widgets.scan import opening

    folder = write_series(tmp_path / "Doe_Jane", VOXELS)
    whole, go_on = opening.scan, threading.Event()

    def slow(path: Path, progress: Any) -> Any:
        progress(Step(1, 3, "looking at files"))
        go_on.wait(20)
        return whole(path, progress)

    monkeypatch.setattr(opening, "scan", slow)
    seen: list[Any] = []

    def look() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, ProgressBox) or not box.glance.isVisible():
            QTimer.singleShot(20, look)
            return
        picture = box.glance.picture
        words = [box.glance.caption.text(), picture.accessibleName(), picture.toolTip()]
        seen.extend([picture.pixmap().toImage(), " ".join(words), len(viewer.layers)])
        go_on.set()

    QTimer.singleShot(0, look)
    (layer,) = viewer.open(str(folder), plugin="napari-medvlm")
    np.testing.assert_array_equal(layer.data, VOXELS)
    shown, words, layers = seen
    expected = glance(folder)
    assert expected is not None
    assert shown == thumbnail(Frame(expected.picture), side=256).toImage()
    assert words.startswith("One slice of 3 files, not yet placed")
    assert "Doe" not in words
    assert layers == 0


def test_a_broken_file_beside_a_series_is_told_and_remarked(viewer, tmp_path):
    from napari.utils.notifications import notification_manager

    folder = write_series(tmp_path / "scan", VOXELS)
    (folder / "broken.npy").write_bytes(b"\x93NUMPY\x01\0")
    before = len(notification_manager.records)
    (layer,) = viewer.open(str(folder), plugin="napari-medvlm")
    np.testing.assert_array_equal(layer.data, VOXELS)
    (told,) = [record.message for record in notification_manager.records[before:]]
    assert told.startswith("1 file could not be read.")
    assert "1 file beside this one could not be read." in layer.metadata["medvlm"]["remarks"]


def test_cancelling_the_choice_opens_nothing_and_is_no_error(viewer, two_series):
    in_the_chooser(lambda dialog: dialog.reject())
    assert viewer.open(str(two_series), plugin="napari-medvlm") == []
    assert len(viewer.layers) == 0


def test_the_menu_command_asks_for_a_folder_and_opens_all_that_is_chosen(
    viewer, two_series, monkeypatch
):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(two_series))

    def choose(dialog: SeriesChooser) -> None:
        dialog.list.selectAll()
        dialog.accept()

    in_the_chooser(choose)
    napari_hooks.open_scan_folder()
    assert sorted(layer.data.shape[0] for layer in viewer.layers) == [3, 6]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    napari_hooks.open_scan_folder()
    assert len(viewer.layers) == 2


def test_files_of_any_name_open_from_the_menu(viewer, tmp_path, monkeypatch):
    folder = write_series(tmp_path / "in", VOXELS)
    files = [shutil.copy(f, tmp_path / f"slice {n} ä") for n, f in enumerate(folder.iterdir())]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(f) for f in files], ""))
    napari_hooks.open_scan_files()
    np.testing.assert_array_equal(viewer.layers[0].data, VOXELS)


def test_a_dropped_folder_opens_without_asking_once_that_is_preferred(
    viewer, tmp_path, monkeypatch
):
    from napari.settings import get_settings

    monkeypatch.setattr(get_settings().plugins, "extension2reader", {"*.nii": "napari"})
    napari_hooks.open_scans_by_default()
    chosen = get_settings().plugins.extension2reader
    assert chosen["*.nii"] == "napari"  # what the user chose before is kept
    assert chosen["*.dcm"] == chosen["*/"] == "napari-medvlm"
    dropped(viewer, write_series(tmp_path / "scan", VOXELS))
    np.testing.assert_array_equal(viewer.layers[0].data, VOXELS)


def test_a_dicom_file_without_extension_needs_no_preference(viewer, tmp_path):
    folder = write_series(tmp_path / "scan", VOXELS[:1])
    dropped(viewer, next(p for p in sorted(folder.iterdir()) if "." not in p.name))
    assert viewer.layers[0].data.shape == (1, 4, 5)


class Lazy:
    """Voxels that are decoded when they are asked for; a broken slice is shown as 0."""

    dtype, ndim, shape = VOXELS.dtype, 3, VOXELS.shape
    size, nbytes = VOXELS.size, VOXELS.nbytes

    def __init__(self, broken: ImagingError | None = None) -> None:
        self.go_on, self.left = threading.Event(), threading.Event()
        self.voxels, self.broken, self.report = self, broken, lambda error: None

    def shown(self, report: Any) -> Lazy:
        self.report = report
        return self

    def fill(self, progress: Any) -> None:
        try:
            progress(Step(1, 3, "reading slices"))
            self.go_on.wait(20)
            progress(Step(2, 3, "reading slices"))
            if self.broken is not None:
                raise self.broken
        finally:
            self.left.set()

    def __len__(self) -> int:
        return len(VOXELS)

    def __getitem__(self, key: Any) -> Any:
        if self.broken is not None:
            self.report(self.broken)
        return VOXELS[key]

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(VOXELS, dtype=dtype)


class Slow:
    """An entry that opens lazily, and is filled once it is let go on."""

    def __init__(self, broken: ImagingError | None = None) -> None:
        self.voxels = Lazy(broken)
        windows = (Window(30, 60),)
        self.lazy = Volume(self.voxels, np.eye(4), windows=windows)
        self.rest = Volume(VOXELS[:2], 2 * np.eye(4), windows=windows, remarks=("A gap.",))
        self.entry = Entry("volume", "CT series 1", VOXELS.shape, self.open, lambda: None)

    def open(self, *, lazy: bool, progress: Any) -> Volume:
        return self.rest

    def show(self, viewer: Any, window: QWidget | None = None) -> Any:
        report = Report()
        data, attributes, _ = layer_data(self.lazy, report=report)
        fill_when_shown(viewer, window or window_of(viewer), self.entry, self.lazy, report)
        return viewer.add_image(data, **attributes)


@pytest.fixture
def slow() -> Any:
    made: list[Slow] = []

    def make(broken: ImagingError | None = None) -> Slow:
        made.append(Slow(broken))
        return made[-1]

    yield make
    for one in made:
        one.voxels.go_on.set()


def test_a_layer_stands_at_once_and_is_filled_in_the_background(qtbot, viewer, slow):
    scan = slow()
    layer = scan.show(viewer)
    qtbot.waitUntil(lambda: len(fillings()) == 1, timeout=PATIENCE)
    assert isinstance(layer.data, Lazy)
    np.testing.assert_array_equal(layer._slice.image.raw, VOXELS[viewer.dims.current_step[0]])
    (filling,) = fillings()
    qtbot.waitUntil(lambda: filling.progress.n == 33, timeout=PATIENCE)
    scan.voxels.go_on.set()
    qtbot.waitUntil(lambda: layer.data is VOXELS, timeout=PATIENCE)
    assert layer.metadata[SOURCE_KEY].voxels is VOXELS
    assert fillings() == []


def test_cancel_keeps_the_layer_as_it_is(qtbot, viewer, slow):
    scan = slow()
    layer = scan.show(viewer)
    qtbot.waitUntil(lambda: len(fillings()) == 1, timeout=PATIENCE)
    fillings()[0].progress.cancel()
    qtbot.waitUntil(lambda: fillings() == [] or fillings()[0].job.cancelled, timeout=PATIENCE)
    scan.voxels.go_on.set()
    qtbot.waitUntil(lambda: fillings() == [], timeout=PATIENCE)
    assert isinstance(layer.data, Lazy)


def test_a_removed_layer_is_read_no_further(qtbot, viewer, slow):
    scan = slow()
    layer = scan.show(viewer)
    qtbot.waitUntil(lambda: len(fillings()) == 1, timeout=PATIENCE)
    (filling,) = fillings()
    viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: filling.job.cancelled, timeout=PATIENCE)
    scan.voxels.go_on.set()
    qtbot.waitUntil(lambda: fillings() == [] and filling.job.done, timeout=PATIENCE)


def test_a_broken_slice_is_one_notification_and_the_rest_is_read(qtbot, viewer, slow):
    from napari.utils.notifications import notification_manager

    before = len(notification_manager.records)
    scan = slow(ImagingError("IM7: the second slice is broken."))
    layer = scan.show(viewer)
    viewer.dims.set_current_step(0, 2)
    scan.voxels.go_on.set()
    qtbot.waitUntil(lambda: layer.data is scan.rest.voxels, timeout=PATIENCE)
    told = [record.message for record in notification_manager.records[before:]]
    assert told == ["IM7: the second slice is broken."]
    assert layer.metadata["medvlm"]["remarks"] == ["A gap."]
    assert tuple(layer.scale) == (2, 2, 2)


def test_a_closing_window_leaves_no_thread(qtbot, viewer, slow):
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    scan = slow()
    scan.show(viewer, window)
    qtbot.waitUntil(lambda: len(fillings()) == 1, timeout=PATIENCE)
    (filling,) = fillings()
    threading.Timer(0.2, scan.voxels.go_on.set).start()
    window.close()
    qtbot.waitUntil(lambda: filling.job.done, timeout=PATIENCE)
    assert fillings() == []
    assert scan.voxels.left.is_set()


def test_large_volumes_are_opened_lazily_by_the_reader(viewer, tmp_path, monkeypatch):
    asked: list[bool] = []
    whole = Entry.open

    def noted(self: Entry, *, lazy: bool = False, progress: Any = None) -> Any:
        asked.append(lazy)
        return whole(self, lazy=lazy, progress=progress)

    monkeypatch.setattr(Entry, "open", noted)
    folder = write_series(tmp_path / "scan", VOXELS)
    viewer.open(str(folder), plugin="napari-medvlm")
    monkeypatch.setattr("napari_medvlm.imaging.listing.LAZY_ABOVE", 10)
    viewer.open(str(folder), plugin="napari-medvlm")
    assert asked[:2] == [False, True]


def test_one_series_that_fails_among_several_is_told_and_the_others_open(
    viewer, two_series, monkeypatch
):
    from napari.utils.notifications import notification_manager

    whole = Entry.open

    def broken(self: Entry, *, lazy: bool = False, progress: Any = None) -> Any:
        if self.shape[0] == 6:
            raise ImagingError("This series is broken.")
        return whole(self, lazy=lazy, progress=progress)

    monkeypatch.setattr(Entry, "open", broken)
    before = len(notification_manager.records)

    def choose(dialog: QDialog) -> None:
        dialog.list.selectAll()
        dialog.accept()

    in_the_chooser(choose)
    (layer,) = viewer.open(str(two_series), plugin="napari-medvlm")
    assert layer.data.shape == (3, 4, 5)
    told = [record.message for record in notification_manager.records[before:]]
    assert told == ["This series is broken."]
