"""What stands beside the frames and answers of an export, as plain text."""

from __future__ import annotations

import time

from ..dialogue import Box
from ..imaging import BoxXYXY, Frame, FrameSlab
from .kept import Kept

NOT_FOR_DIAGNOSIS = "For research only. Not for diagnosis."
_STATES = {
    "asked": "No answer: the program ended before one began",
    "answering": "Not whole: the program ended before the answer did",
    "replied": "",
    "stopped": "Stopped by the user",
    "failed": "No answer",
}


def clean(text: str) -> str:
    """Text that any file can hold: line ends of one kind, no control characters, UTF-8."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(
        c for c in lines if c in "\n\t" or (ord(c) >= 0x20 and not 0x7F <= ord(c) < 0xA0)
    )
    return kept.encode("utf-8", "replace").decode()


def frame_caption(number: int, frame: Frame) -> str:
    """One frame: "Image 1: axial slice 36 · −34.0 mm · lung window (C −600, W 1500)".

    The name of its source stands first where several were sent together; time point and slab
    follow the number of the slice. Last comes what the user, and not the file, said of the scan.
    """
    noun = "frame" if frame.plane == "frame" else "slice"
    plane = "" if frame.plane in ("frame", "acquired") else f"{frame.plane} "
    words = [f"{plane}{noun} {frame.index}"]
    if frame.label:
        words.insert(0, frame.label)
    if frame.time is not None:
        words.append(f"time point {frame.time}")
    if frame.slab is not None:
        words.append(_slab(frame.slab))
    if frame.position is not None and frame.unit:
        words.append(f"{_number(frame.position, 2 if frame.unit == 's' else 1)} {frame.unit}")
    if frame.window is not None:
        name = f"{frame.window.name} window".strip()
        centre, width = _number(frame.window.centre), _number(frame.window.width)
        words.append(f"{name} (C {centre}, W {width})")
    if frame.declared:
        said = ", ".join(one.replace("=", " ").replace("_", " ") for one in frame.declared)
        words.append(f"declared by the user: {said}")
    return one_line(f"Image {number + 1}: {' · '.join(words)}")


def box_caption(box: Box) -> str:
    """One box: "nodule: image 2, x 1.0 to 5.5, y 2.0 to 6.0 (cut to the image)"."""
    cut = " (cut to the image)" if box.clipped else ""
    return f"{one_line(box.label or 'box')}: image {box.frame + 1}, {_extent(box.box)}{cut}"


def region_caption(label: str, frame: int, box: BoxXYXY) -> str:
    """A box that the user drew, in the same words."""
    return f"{one_line(label or 'region')}: image {frame + 1}, {_extent(box)}"


def one_line(text: str) -> str:
    """Clean text without line ends and double spaces."""
    return " ".join(clean(text).split())


def outcome(kept: Kept) -> str:
    """Why there is no whole answer; "" where there is one."""
    state = kept.progress
    words = [_STATES[state.state], state.message, state.advice]
    if state.reply is not None and state.reply.finish_reason == "length":
        words.insert(0, "Cut at the token limit")
    return one_line(". ".join(word.strip().rstrip(".") for word in words if word.strip()))


def facts(kept: Kept) -> str:
    """When, which model, how long, and the hash of all that decided the answer."""
    state = kept.progress
    words = [time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(kept.asked_at))]
    words.append(kept.capsule.model.label)
    question = kept.capsule.question
    if question["task"] != "ask":
        words.append(f"task {question['task']}")
    words += [question["mode"], f"{state.tokens:,} tokens", f"{state.seconds:.1f} s"]
    words.append(f"run {kept.capsule.digest[:12]}")
    return one_line(" · ".join(word for word in words if word))


def _slab(slab: FrameSlab) -> str:
    thick = (
        "" if slab.thickness is None else f" ({_number(slab.thickness, 1).removesuffix('.0')} mm)"
    )
    return f"{slab.kind} of slices {slab.first} to {slab.last}{thick}"


def _extent(box: BoxXYXY) -> str:
    x0, y0, x1, y1 = box
    return f"x {x0:.1f} to {x1:.1f}, y {y0:.1f} to {y1:.1f}"


def _number(value: float, digits: int = 0) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")
