"""The demo: the real viewer, the real panel, the real engine, driven once from the start."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEventLoop, QTimer

from ..asking import Exchange, Stage
from ..asking.answer.scoring import TrueBox, best_overlap, true_boxes
from ..demo.files import sample_path
from .commands import PLUGIN, WIDGET
from .panel import MedvlmPanel

if TYPE_CHECKING:
    import napari

SAMPLE = "chest_ct"
WINDOW_SIZE = (1560, 960)


@dataclass
class DemoOutcome:
    """What the demo saw.

    Parameters
    ----------
    question
        As asked.
    exchange
        Its answer; None when the time ran out.
    truth
        The phantom's lesions, slice by slice.
    seconds
        Named stages: "open" until the window stood, "answer" from Ask to the last token.
    screenshot
        The picture, where one was asked for.
    """

    question: str
    exchange: Exchange | None = None
    truth: tuple[TrueBox, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    screenshot: Path | None = None

    @property
    def answered(self) -> bool:
        """Whether a whole answer came."""
        return self.exchange is not None and self.exchange.stage is Stage.DONE

    def facts(self) -> dict[str, Any]:
        """Plain values, for ``--json``. Boxes and truth are in the slice's pixels."""
        reply = None if self.exchange is None else self.exchange.reply
        placed = () if self.exchange is None else self.exchange.boxes
        overlaps = [round(best_overlap(box, self.truth), 4) for box in placed]
        return {
            "question": self.question,
            "reasoning": reply.reasoning if reply else "",
            "answer": reply.answer if reply else "",
            "boxes": [
                {
                    "slice": box.index,
                    "image": box.frame + 1,
                    "box": [round(value, 2) for value in box.box],
                    "label": box.label,
                    "iou": iou,
                }
                for box, iou in zip(placed, overlaps, strict=True)
            ],
            "truth": [
                {"slice": t.index, "box": list(t.box), "label": t.label, "side": t.side}
                for t in self.truth
            ],
            "iou": max(overlaps, default=0.0),
            "seconds": {name: round(value, 2) for name, value in self.seconds.items()},
            "screenshot": None if self.screenshot is None else str(self.screenshot),
        }

    def text(self) -> str:
        """A few lines for a person."""
        facts = self.facts()
        lines = [f"question   {facts['question']}"]
        if self.answered:
            lines += [f"reasoning  {facts['reasoning']}", f"answer     {facts['answer']}"]
        elif self.exchange is not None:
            lines.append(f"no answer  {self.exchange.message} {self.exchange.advice}".rstrip())
        else:
            lines.append("no answer  the time ran out")
        for box in facts["boxes"]:
            edges = ", ".join(f"{value:.1f}" for value in box["box"])
            lines.append(
                f"box        {box['label']} on slice {box['slice']}: {edges} px; "
                f"overlap with the true lesion (IoU) {box['iou']:.2f}"
            )
        if self.screenshot is not None:
            lines.append(f"screenshot {self.screenshot}")
        return "\n".join(lines)


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    """Let Qt run until a condition holds; false when the time runs out."""
    loop, timer = QEventLoop(), QTimer()
    end = time.monotonic() + seconds

    def look() -> None:
        if condition() or time.monotonic() > end:
            loop.quit()

    timer.timeout.connect(look)
    timer.start(20)
    loop.exec()
    timer.stop()
    return condition()


def _open(viewer: napari.Viewer, model: str, slices: str) -> MedvlmPanel:
    layers = viewer.open(sample_path(SAMPLE), plugin="napari-medvlm")
    panel: MedvlmPanel = viewer.window.add_plugin_dock_widget(PLUGIN, WIDGET)[1]
    panel.notices.first_use.spare()
    panel.choose_model(model)
    panel.choose_layer(layers[0])
    panel.choose_slices(slices)
    return panel


def run_demo(
    *,
    question: str,
    slices: str,
    model: str,
    screenshot: Path | None,
    timeout: float,
    say: Callable[[str], None],
) -> DemoOutcome:
    """Open napari, ask, and wait for the answer.

    Parameters
    ----------
    question, slices, model
        As on the command line.
    screenshot
        Save the whole window there and close it; None leaves the window to the user and
        returns when it is closed.
    timeout
        Seconds to wait for the answer.
    say
        Gets a line for each step.

    Returns
    -------
    outcome

    Raises
    ------
    MedvlmError
        For a model that is not there, slices that do not exist, an empty question.
    """
    import napari

    started = time.monotonic()
    truth = json.loads(sample_path("truth.json").read_text(encoding="utf-8"))[SAMPLE]
    outcome = DemoOutcome(question, truth=true_boxes(truth))
    viewer = napari.Viewer(title="medvlm demo (toy model, synthetic phantom)")
    try:
        viewer.window.resize(*WINDOW_SIZE)
        say("opening the phantom and the panel")
        panel = _open(viewer, model, slices)
        _wait(lambda: bool(panel.strip.frames), 30)
        outcome.seconds["open"] = time.monotonic() - started
        say(f"asking: {question}")
        asked = time.monotonic()
        outcome.exchange = _ask(panel, question, timeout, say)
        outcome.seconds["answer"] = time.monotonic() - asked
        _unfold_reasoning(panel)
        if screenshot is None:
            for line in outcome.text().splitlines():
                say(line)
            say("the window is yours; close it to end")
            napari.run()
        else:
            _save(viewer, screenshot)
            outcome.screenshot = screenshot
    finally:
        if screenshot is not None:
            viewer.close()
    return outcome


def _ask(
    panel: MedvlmPanel, question: str, timeout: float, say: Callable[[str], None]
) -> Exchange | None:
    seen = ""

    def ended() -> bool:
        nonlocal seen
        exchange = panel.session.conversation.exchanges[-1]
        if exchange.stage != seen:
            seen = exchange.stage
            say(exchange.status_words(panel.session.conversation.clock()))
        return exchange.ended

    panel.ask(question)
    return panel.session.conversation.exchanges[-1] if _wait(ended, timeout) else None


def _unfold_reasoning(panel: MedvlmPanel) -> None:
    """Click the reasoning open again: it folded when the answer began."""
    head = panel.conversation_view.views[-1].head
    if not head.isChecked():
        head.click()


def _save(viewer: napari.Viewer, path: Path) -> None:
    # The box is drawn and the slice changed in later turns of Qt's loop.
    _wait(lambda: False, 1.5)
    viewer.screenshot(str(path), canvas_only=False, flash=False)
