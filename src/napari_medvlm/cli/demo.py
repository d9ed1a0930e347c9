"""``medvlm demo``: a phantom, a question, the toy model's answer, in a real napari window."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

from ..errors import MedvlmError
from ..safe_text import visible
from .main import EXIT_FAILED, EXIT_OK

QUESTION = "Where is the nodule?"
SLICES = "even:6"
#: Set for the process that runs inside the virtual screen.
INSIDE = "MEDVLM_DEMO_INSIDE_XVFB"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--screenshot", metavar="FILE", help="run unattended and save a picture")
    parser.add_argument("--question", default=QUESTION)
    parser.add_argument("--slices", default=SLICES, help="as in medvlm ask; default even:6")
    parser.add_argument("--model", default="demo", help="catalog name or checkpoint folder")
    parser.add_argument(
        "--timeout", type=float, default=300.0, help="seconds to wait for an answer"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")


def _has_screen() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _enter_virtual_screen(program: str) -> None:
    """Replace this process by the same command inside Xvfb."""
    environment = {**os.environ, INSIDE: "1"}
    # An offscreen Qt has no OpenGL and a Wayland one would leave the virtual screen.
    for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY"):
        environment.pop(name, None)
    here = [sys.executable, "-m", "napari_medvlm.cli", *sys.argv[1:]]
    command = [program, "-a", "-s", "-screen 0 1600x1000x24", *here]
    os.execve(program, command, environment)


def _say(text: str) -> None:
    print(f"[demo] {visible(text, newlines=True)}", file=sys.stderr, flush=True)


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 only if an answer came."""
    xvfb = shutil.which("xvfb-run")
    if options.screenshot and INSIDE not in os.environ and xvfb and sys.platform == "linux":
        _enter_virtual_screen(xvfb)
    if not _has_screen():
        advice = "Install xvfb, or run on a desktop."
        if xvfb:
            advice = "Run: medvlm demo --screenshot demo.png"
        raise MedvlmError("There is no screen here (DISPLAY is not set).", advice)
    _say("opening napari (the first time takes some seconds longer)")
    from ..records.declarations import DECLARATIONS_VARIABLE
    from ..records.opening import JOURNAL_VARIABLE, OFF
    from ..widgets.demo_window import run_demo

    # A phantom and a toy: every run begins anew and leaves nothing behind.
    os.environ.setdefault(JOURNAL_VARIABLE, OFF)
    os.environ.setdefault(DECLARATIONS_VARIABLE, OFF)
    outcome = run_demo(
        question=options.question,
        slices=options.slices,
        model=options.model,
        screenshot=Path(options.screenshot) if options.screenshot else None,
        timeout=options.timeout,
        say=_say,
    )
    if options.json:
        print(json.dumps(outcome.facts()))
    elif options.screenshot:
        print(visible(outcome.text(), newlines=True))
    return EXIT_OK if outcome.answered else EXIT_FAILED
