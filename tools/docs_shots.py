"""Makes the pictures of the user guide afresh: the real window, the toy model, no user's data.

    make docs-shots                    all of them, into docs/images
    python tools/docs_shots.py NAME…   some of them (under Xvfb: see the Makefile)

A scene is a function with a `Stage`; its name is that of the picture. Add one below, then look at
what it made.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.layers import Layer
    from qtpy.QtWidgets import QWidget

SIZE = (1280, 800)
IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
#: Milliseconds for what is drawn in later turns of Qt's loop, as boxes on their slice are.
SETTLE_MS = 1500
ANSWER_MS = 300_000

SCENES: dict[str, Callable[[Stage], None]] = {}


class Stage:
    """A window with nothing in it, and what scenes do with it."""

    def __init__(self, out: Path, name: str) -> None:
        import napari

        self._file = out / f"{name}.png"
        self.viewer: Any = napari.Viewer(title="napari")
        self.viewer.window.resize(*SIZE)
        self.panel: Any = None

    def sample(self, key: str) -> Layer:
        """Open one of the samples."""
        return self.viewer.open_sample("napari-medvlm", key)[0]

    def open_panel(self, *, first_use: bool = False) -> Any:
        """Open the panel as its menu does."""
        from napari_medvlm.widgets.commands import PLUGIN, WIDGET

        self.panel = self.viewer.window.add_plugin_dock_widget(PLUGIN, WIDGET)[1]
        if not first_use:
            self.panel.notices.first_use.spare()
        self.wait(lambda: bool(self.panel.strip.frames) or not self.viewer.layers)
        return self.panel

    def ask(self, words: str) -> None:
        """Ask a model that is loaded, and wait for the answer."""
        thread = self.panel.session.thread
        thread.load(self.panel.model_bar.chosen.choice)
        self.wait(lambda: thread.state.status == "ready", ANSWER_MS)
        self.panel.ask(words)
        self.wait(lambda: not self.panel.busy, ANSWER_MS)

    def wait(self, condition: Callable[[], bool] = lambda: False, ms: int = SETTLE_MS) -> None:
        """Let Qt run until something holds, or for so long."""
        from qtpy.QtTest import QTest

        waited = 0
        while not condition() and waited < ms:
            QTest.qWait(20)
            waited += 20

    def save(self, widget: QWidget | None = None) -> None:
        """Save the whole window, or one widget of it."""
        self.wait()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if widget is None:
            self.viewer.screenshot(str(self._file), canvas_only=False, flash=False)
        else:
            widget.grab().save(str(self._file))
        print(self._file, file=sys.stderr, flush=True)

    def save_with(self, menu: QWidget) -> None:
        """Save the whole window with an open menu over it."""
        from qtpy.QtGui import QPainter

        self.wait()
        window = self.viewer.window._qt_window
        picture = window.grab()
        painter = QPainter(picture)
        painter.drawPixmap(menu.pos() - window.pos(), menu.grab())
        painter.end()
        picture.save(str(self._file))
        print(self._file, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Close the window and let the model process end."""
        self.viewer.close()
        self.wait(ms=500)


def scene(function: Callable[[Stage], None]) -> Callable[[Stage], None]:
    """Put a scene into the list, under its own name."""
    SCENES[function.__name__] = function
    return function


def _answered(stage: Stage) -> None:
    stage.sample("chest_ct")
    stage.open_panel()
    stage.panel.choose_slices("even:6")
    stage.wait(lambda: len(stage.panel.strip.frames) == 6)
    stage.ask("Where is the nodule?")
    head = stage.panel.conversation_view.views[-1].head
    if not head.isChecked():
        head.click()


@scene
def panel(stage: Stage) -> None:
    """An answer, with its reasoning, its box, and the frames that were sent."""
    _answered(stage)
    stage.save()


@scene
def panel_light(stage: Stage) -> None:
    """The same in napari's light theme."""
    stage.viewer.theme = "light"
    _answered(stage)
    stage.save()


@scene
def first_use(stage: Stage) -> None:
    """What is said once, before the first use."""
    stage.sample("radiograph")
    stage.open_panel(first_use=True)
    stage.save()


@scene
def chips(stage: Stage) -> None:
    """What is sent against what the model was trained on, with one chip opened."""
    stage.sample("brain_mr")
    stage.open_panel()
    stage.panel.source_box.choose_plane("sagittal")
    stage.wait()
    for button in stage.panel.chips.buttons[1:2]:
        button.click()
    stage.save()


@scene
def strip(stage: Stage) -> None:
    """Slices of two layers in one question, in the order they are sent."""
    first, second = stage.sample("chest_ct"), stage.sample("chest_ct")
    first.name, second.name = "prior", "current"
    stage.open_panel()
    picks = stage.panel.source_box
    for layer, steps in ((first, (16, 23)), (second, (16, 23))):
        picks.choose_layer(layer)
        for step in steps:
            stage.viewer.dims.set_point(0, layer.data_to_world((step, 0, 0))[0])
            stage.wait(ms=200)
            picks.toggle()
    stage.wait(lambda: len(stage.panel.strip.frames) == 4, ANSWER_MS)
    stage.save()


@scene
def conversations(stage: Stage) -> None:
    """Two conversations about one scan: the list of them, and what a follow-up sends along."""
    stage.sample("chest_ct")
    stage.open_panel()
    stage.panel.choose_slices("even:6")
    stage.wait(lambda: len(stage.panel.strip.frames) == 6)
    stage.ask("Which modality and body part is this?")
    stage.ask("Where is the nodule?")
    bar = stage.panel.conversation_bar
    bar.new.click()
    stage.ask("Describe the findings.")
    stage.panel.ask_box.follow.setChecked(True)
    stage.wait()
    bar.earlier.click()
    stage.save_with(bar.menu)
    bar.menu.close()


@scene
def chooser(stage: Stage) -> None:
    """The list of series of a folder."""
    from napari_medvlm.demo.files import sample_path
    from napari_medvlm.imaging.scan import scan
    from napari_medvlm.widgets.scan.series_chooser import SeriesChooser

    dialog = SeriesChooser(scan(sample_path("truth.json").parent), stage.viewer.window._qt_window)
    dialog.show()
    stage.wait()
    stage.wait(lambda: not dialog._previews.running, ANSWER_MS)
    stage.save(dialog)
    dialog.reject()


@scene
def declare(stage: Stage) -> None:
    """The dialog in which a person says what a picture does not."""
    from napari_medvlm.widgets.scan.declare_dialog import DeclareDialog

    stage.sample("radiograph")
    source = stage.open_panel().source_box.source
    dialog = DeclareDialog("film_0012.png", source, stage.viewer.window._qt_window)
    choices = {dialog.modality: "DX", dialog.body_part: "CHEST", dialog.right: "L",
               dialog.bottom: "I"}  # fmt: skip
    for box, value in choices.items():
        box.setCurrentIndex(box.findData(value))
    dialog.show()
    stage.save(dialog)
    dialog.reject()


@scene
def models(stage: Stage) -> None:
    """The model manager, at a model that is not here."""
    stage.sample("radiograph")
    stage.open_panel().managing.show_window()
    window = stage.panel.managing.window
    stage.wait(lambda: window.row is not None, ANSWER_MS)
    window.select("chexone")
    stage.save(window)
    window.close()


@scene
def settings(stage: Stage) -> None:
    """The plugin's page in napari's preferences."""
    from napari._qt.dialogs.preferences_dialog import PreferencesDialog

    dialog = PreferencesDialog(parent=stage.viewer.window._qt_window)
    dialog.resize(900, 600)
    dialog.show()
    pages = [dialog._list.item(row).text() for row in range(dialog._list.count())]
    dialog._list.setCurrentRow(pages.index("medvlm"))
    stage.save(dialog)
    dialog.close()


def main() -> int:
    """Make the pictures that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="NAME", help=", ".join(SCENES))
    parser.add_argument("--out", type=Path, default=IMAGES)
    options = parser.parse_args()
    unknown = set(options.scenes) - set(SCENES)
    if unknown:
        parser.error(f"no scene of that name: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder:
        # Nobody's settings, models, templates or conversations are in the pictures.
        os.environ["NAPARI_CONFIG"] = str(Path(folder) / "settings.yaml")
        # Shown in the picture, where a folder of this moment would be of no use.
        os.environ["MEDVLM_MODELS"] = "/home/you/models"
        os.environ["XDG_DATA_HOME"] = os.environ["XDG_CONFIG_HOME"] = folder
        os.environ["MEDVLM_JOURNAL"] = "off"
        for name in options.scenes or SCENES:
            stage = Stage(options.out, name)
            try:
                SCENES[name](stage)
            finally:
                stage.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
