"""What stands beside the frames and answers of an export, as plain text."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..dialogue import Box
from ..imaging import BoxXYXY, Frame, FrameSlab
from .account import Account, edge_letters, patient_words, size_words
from .kept import Kept

#: Embeddings, overrides and isolates of direction.
_TURNING = frozenset(chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
NOT_FOR_DIAGNOSIS = "For research only. Not for diagnosis."
_STATES = {
    "asked": "No answer: the program ended before one began",
    "answering": "Not whole: the program ended before the answer did",
    "replied": "",
    "stopped": "Stopped by the user",
    "failed": "No answer",
}


def clean(text: str) -> str:
    """Text that any file can hold: line ends of one kind, no control characters, UTF-8.

    Characters that turn the direction of what follows them are left out as well.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(
        c
        for c in lines
        if c in "\n\t" or (ord(c) >= 0x20 and not 0x7F <= ord(c) < 0xA0 and c not in _TURNING)
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
    letters = edge_letters(frame)
    if letters is not None:
        words.append(f"{letters[0]} left, {letters[1]} right")
    return one_line(f"Image {number + 1}: {' · '.join(words)}")


def box_caption(box: Box, frames: Sequence[Frame] = ()) -> str:
    """One box: "nodule: image 2, x 1.0 to 5.5, y 2.0 to 6.0 (cut to the image)".

    With the frames of the question its size and place in the patient follow, where they are known.
    """
    cut = " (cut to the image)" if box.clipped else ""
    where = _in_patient(box.box, box.frame, frames)
    return f"{one_line(box.label or 'box')}: image {box.frame + 1}, {_extent(box.box)}{where}{cut}"


def region_caption(label: str, frame: int, box: BoxXYXY, frames: Sequence[Frame] = ()) -> str:
    """A box that the user drew, in the same words."""
    where = _in_patient(box, frame, frames)
    return f"{one_line(label or 'region')}: image {frame + 1}, {_extent(box)}{where}"


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


def facts(account: Account) -> str:
    """When, which model, how long, and the hash of all that decided the answer."""
    kept, state = account.kept, account.kept.progress
    words = [time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(kept.asked_at))]
    words.append(kept.capsule.model.label)
    question = kept.capsule.question
    if question["task"] != "ask":
        words.append(f"task {question['task']}")
    words += [question["mode"], account.follow_up_words]
    words += [f"{state.tokens:,} tokens", f"{state.seconds:.1f} s"]
    words.append(f"run {kept.capsule.digest[:12]}")
    return one_line(" · ".join(word for word in words if word))


def option_lines(account: Account) -> list[str]:
    """Options of a multiple-choice question, a line each."""
    choices = account.kept.capsule.question["choices"]
    return [f"{letter}: {text}" for letter, text in choices]


def how_asked(account: Account) -> tuple[str, ...]:
    """How it was asked, a line each: model, settings, versions."""
    lines = (
        f"Model: {account.model_words}",
        f"Settings: {account.settings_words}",
        f"Versions: {account.versions_words}" if account.versions_words else "",
    )
    return tuple(one_line(line) for line in lines if line)


def same_images_words(numbers: Sequence[int], first: int) -> str:
    """That images were shown before: "Images 1-11: the same as in question 1."."""
    many = len(numbers) > 1
    whole = f"{numbers[0]}-{numbers[-1]}" if many else str(numbers[0])
    listed = whole if numbers[-1] - numbers[0] + 1 == len(numbers) else _joined(numbers)
    return f"Image{'s' if many else ''} {listed}: shown with question {first}."


def _joined(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _in_patient(box: BoxXYXY, frame: int, frames: Sequence[Frame]) -> str:
    if not 0 <= frame < len(frames):
        return ""
    corners = frames[frame].patient_corners(box)
    if corners is None:
        return ""
    return f"; {size_words(frames[frame], box)}, {patient_words(corners)}"


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
